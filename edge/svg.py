"""A drawing as one SVG file: what all drawings have in common."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path

from edge.errors import StoreUnwritable


def svg_document(title: str, width: int, height: int, body: Iterable[str]) -> str:
    """A whole drawing on white.

    Args:
        title: What a screen reader says of it.
        width: Pixels.
        height: Pixels.
        body: Its elements, SVG text each.
    """
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" font-family="sans-serif" role="img">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{width}" height="{height}" fill="white"/>',
            *body,
            "</svg>\n",
        ]
    )


def write_svg(path: Path, text: str, what: str) -> None:
    """Save a drawing; ``what`` it is, as a fault names it.

    Raises:
        StoreUnwritable: The file cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        action = "Name a file in a folder that can be written."
        raise StoreUnwritable(f"{what} {path} cannot be written: {error}.", action) from error
