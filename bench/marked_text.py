"""Documents whose figures a script writes: what stands between two markers is made anew."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path


def between(text: str, begin: str, end: str, body: str) -> str:
    """The text with ``body`` between the markers, in place of what stood there.

    Raises:
        ValueError: The markers are not there.
    """
    before, opened, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not opened or not closed:
        raise ValueError(f"the markers {begin} and {end} are not there")
    return f"{before}{begin}\n{body}\n{end}{after}"


def rewrite_files(rewrite: Callable[[str], str], names: Sequence[str] | None = None) -> int:
    """Rewrite the files named, or those on the command line; returns the exit status."""
    for name in sys.argv[1:] if names is None else names:
        path = Path(name)
        path.write_text(rewrite(path.read_text(encoding="utf-8")), encoding="utf-8")
    return 0
