"""What a slide may be called. An identifier of the laboratory, never a patient's name."""

from __future__ import annotations

import unicodedata

from edge.errors import UsageFault

MAX_CHARACTERS = 64


def checked_slide(slide: str) -> str:
    """A slide identifier as it is kept: without blanks around it, in one Unicode spelling (NFC).

    Raises:
        UsageFault: It is empty, longer than 64 characters, or holds characters that cannot be
            printed (control characters, undecodable bytes, invisible direction marks).
    """
    kept = unicodedata.normalize("NFC", slide.strip())
    if not 1 <= len(kept) <= MAX_CHARACTERS or not kept.isprintable():
        raise UsageFault(
            f"{slide[:80]!a} cannot be a slide's identifier.",
            f"Use 1 to {MAX_CHARACTERS} printable characters, and no patient's name.",
        )
    return kept
