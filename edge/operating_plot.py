"""Operating characteristics as a picture: an SVG that any browser shows."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path

from edge.judgement.simulation import Characteristics
from edge.operating_table import OperatingReport, OperatingTable
from edge.svg import svg_document, write_svg

# Pixels. A panel for each number of cells, a bar for each blast share.
_LEFT, _TOP, _BAR, _PITCH, _HEIGHT, _PANEL = 70, 64, 58, 74, 220, 330
_LEAST_LABELLED = 0.06  # a thinner part of a bar has no room for its figure

# Bottom to top, in the colours of the lamps; the order and the words say the same as the colours.
_ENDS = (
    ("no_blasts_found", "NO BLASTS FOUND", "#2e7d32", "white"),
    ("cannot_judge", "CANNOT JUDGE", "#ffb300", "black"),
    ("review", "REVIEW", "#b71c1c", "white"),
)


def operating_svg(report: OperatingReport) -> str:
    """A bar for each blast share: which part of slides ends how, and after how many cells."""
    bars = max(len(table.rows) for table in report.tables)
    width = _LEFT + bars * _PITCH + 30
    height = _TOP + len(report.tables) * _PANEL + 10
    title = f"{report.bundle}: how {report.slides} simulated slides of each blast share end"
    body = [_text(_LEFT, 24, title, size=16, anchor="start"), *_legend()]
    for number, table in enumerate(report.tables):
        body += _panel(table, _TOP + number * _PANEL)
    return svg_document(title, width, height, body)


def write_operating_plot(path: Path, report: OperatingReport) -> None:
    """Draw and save.

    Raises:
        StoreUnwritable: The file cannot be written.
    """
    write_svg(path, operating_svg(report), "Plot")


def _legend() -> Iterator[str]:
    for number, (_, words, colour, _ink) in enumerate(_ENDS):
        left = _LEFT + number * 190
        yield f'<rect x="{left}" y="36" width="14" height="14" fill="{colour}"/>'
        yield _text(left + 20, 48, words, anchor="start")


def _panel(table: OperatingTable, top: int) -> Iterator[str]:
    bottom = top + 30 + _HEIGHT
    heading = f"Up to {table.cells_on_slide} white cells on a slide"
    yield _text(_LEFT, top + 20, heading, size=14, anchor="start")
    for percent in (0, 50, 100):
        yield _text(_LEFT - 8, bottom - _HEIGHT * percent // 100 + 4, f"{percent}%", anchor="end")
    for number, row in enumerate(table.rows):
        left = _LEFT + number * _PITCH + (_PITCH - _BAR) // 2
        yield from _bar(row, left, bottom)
        middle = left + _BAR / 2
        yield _text(middle, bottom + 18, f"{row.blast_share:.0%} blasts")
        yield _text(middle, bottom + 34, f"{row.mean_cells:.0f} cells")
    yield _text(_LEFT - 8, bottom + 34, "mean", anchor="end")


def _bar(row: Characteristics, left: int, bottom: int) -> Iterator[str]:
    below = float(bottom)
    for name, words, colour, ink in _ENDS:
        share = getattr(row, name)
        tall = share * _HEIGHT
        below -= tall
        yield (
            f'<rect x="{left}" y="{below:.1f}" width="{_BAR}" height="{tall:.1f}" '
            f'fill="{colour}"><title>{row.blast_share:.0%} blasts: {words} {share:.1%}</title>'
            "</rect>"
        )
        if share >= _LEAST_LABELLED:
            yield _text(left + _BAR / 2, below + tall / 2 + 4, f"{share:.0%}", fill=ink)


def _text(
    x: float, y: float, words: str, size: int = 12, anchor: str = "middle", fill: str = "black"
) -> str:
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" text-anchor="{anchor}" '
        f'fill="{fill}">{escape(words)}</text>'
    )
