"""Names and words of people, as they are kept beside what they did."""

from __future__ import annotations

import unicodedata

from edge.errors import UsageFault

NAME_CHARACTERS = 64
NOTE_CHARACTERS = 2000


def checked_name(name: str) -> str:
    """A person's name as it is kept: without blanks around it, in one Unicode spelling (NFC).

    Raises:
        UsageFault: It is empty, longer than 64 characters, or cannot be printed.
    """
    kept = unicodedata.normalize("NFC", name.strip())
    if not 1 <= len(kept) <= NAME_CHARACTERS or not kept.isprintable():
        raise UsageFault(
            f"{name[:80]!a} cannot be a person's name.",
            f"Use 1 to {NAME_CHARACTERS} printable characters.",
        )
    return kept


def checked_note(note: str) -> str:
    """A note as it is kept: lines are kept, other control characters become blanks.

    Raises:
        UsageFault: It is longer than 2000 characters.
    """
    spelled = unicodedata.normalize("NFC", note.replace("\r\n", "\n"))
    kept = "".join(c if c == "\n" or c.isprintable() else " " for c in spelled).strip()
    if len(kept) > NOTE_CHARACTERS:
        raise UsageFault(
            f"A note of {len(kept)} characters is too long.",
            f"Use {NOTE_CHARACTERS} characters at the most; nothing was kept of it.",
        )
    return kept
