"""The control's trend as a picture: Levey and Jennings' chart, an SVG that any browser shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

from edge.control_day import SlideRuns
from edge.controlling import counts_of_run
from edge.judgement.westgard import CountedShare, Limits
from edge.records.controls import StoredRun
from edge.svg import svg_document, write_svg

_TOP, _HEIGHT, _PANEL = 70, 190, 270  # pixels: a panel for each quantity
_ROOM = 1.15  # of the axis above the highest value or line
_LINE_NAMES = ("-3s", "-2s", "-1s", "mean", "+1s", "+2s", "+3s")
_LINE_COLOURS = ("#b71c1c", "#b26a00", "#b0bec5", "#263238", "#b0bec5", "#b26a00", "#b71c1c")
_GOOD, _BAD = "#0b4f82", "#b71c1c"


@dataclass(frozen=True)
class _Sheet:
    """Where a panel is drawn, pixels; a mark for each run, the newest at the right.

    Attributes:
        left: Room for the axis.
        right: Room for the names of the lines.
        pitch: From one run to the next.
        least_width: Of the plot itself.
        most_runs: So many of the newest are drawn.
        size: Of the type.
        when: How the day of a run is written.
    """

    left: int
    right: int
    pitch: int
    least_width: int
    most_runs: int
    size: int
    when: str

    def width(self, runs: int) -> int:
        """Of the whole drawing."""
        return self.left + max(self.least_width, self.pitch * max(runs, 1)) + self.right


_PAPER: Final = _Sheet(90, 130, 22, 420, 90, 11, "%Y-%m-%d %H:%M UTC")
_PHONE: Final = _Sheet(46, 84, 7, 196, 28, 12, "%Y-%m-%d")


def levey_jennings_svg(slide: str, runs: Sequence[StoredRun], baseline_runs: int) -> str:
    """The chart of one control slide.

    Args:
        slide: Its name.
        runs: Its runs with one model and camera, the oldest first; the newest 90 are drawn.
        baseline_runs: How many passed runs set mean and standard deviation.
    """
    told = SlideRuns.of(slide, tuple(runs), baseline_runs)
    shown = runs[-_PAPER.most_runs :]
    names = told.quantities
    width = _PAPER.width(len(shown))
    height = _TOP + max(len(names), 1) * _PANEL
    title = f"Control slide {slide}: {len(runs)} runs"
    below = (
        f"Mean and lines from the first {baseline_runs} passed runs; squares in red: not passed."
        if told.limits
        else f"Limits are being learned: {told.learned} of {baseline_runs} passed runs."
    )
    body = [_text(_PAPER.left, 26, title, size=16), _text(_PAPER.left, 46, below)]
    for place, name in enumerate(names):
        top = _TOP + place * _PANEL
        body.append(_text(_PAPER.left, top + 16, f"Cells {name}, share", size=13))
        body += _panel(name, shown, told.limits.get(name), top, _PAPER)
    return svg_document(title, width, height, body)


def phone_panel_svg(told: SlideRuns, name: str, title: str) -> str:
    """The panel of one quantity, as wide as a phone; what it shows is said beside it, not in it.

    Args:
        told: The runs of a control slide.
        name: Of the quantity.
        title: What a screen reader says of it.
    """
    shown = told.runs[-_PHONE.most_runs :]
    height = _HEIGHT + _PHONE.size * 2
    panel = _panel(name, shown, told.limits.get(name), -10, _PHONE)
    return svg_document(title, _PHONE.width(len(shown)), height, panel)


def write_levey_jennings(
    path: Path, slide: str, runs: Sequence[StoredRun], baseline_runs: int
) -> None:
    """Draw and save.

    Raises:
        StoreUnwritable: The file cannot be written.
    """
    write_svg(path, levey_jennings_svg(slide, runs, baseline_runs), "Chart")


def _panel(
    name: str, runs: Sequence[StoredRun], limits: Limits | None, top: int, sheet: _Sheet
) -> Iterator[str]:
    found = [(place, run, _quantity(run, name)) for place, run in enumerate(runs)]
    values = [share.share for _, _, share in found if share is not None]
    lines = limits.lines() if limits is not None else ()
    highest = max([*values, *lines, 0.01]) * _ROOM
    left, right = sheet.left, sheet.width(len(runs)) - sheet.right

    def y(share: float) -> float:
        return top + 30 + (_HEIGHT - 30) * (1 - share / highest)

    for share in (0.0, highest / _ROOM):
        yield _text(left - 8, y(share) + 4, f"{share:.1%}", sheet.size, "end")
    yield _line(left, y(0.0), right, y(0.0), "#90a4ae")
    labelled: list[float] = []
    for share, colour, words in zip(lines, _LINE_COLOURS, _LINE_NAMES, strict=False):
        yield _line(left, y(share), right, y(share), colour, dashed=words != "mean")
        # Lines pressed together at zero share one label, the outermost keeping its own.
        if all(abs(y(share) - other) >= sheet.size for other in labelled):
            labelled.append(y(share))
            yield _text(right + 6, y(share) + 4, f"{words}  {share:.1%}", sheet.size)
    for place, run, quantity in found:
        if quantity is not None:
            yield _mark(left + sheet.pitch * (place + 0.5), y(quantity.share), run, sheet)
    if runs:
        bottom = top + _HEIGHT + 18
        yield _text(left, bottom, f"{runs[0].at:{sheet.when}}", sheet.size)
        if len(runs) > 1:
            yield _text(right, bottom, f"{runs[-1].at:{sheet.when}}", sheet.size, "end")


def _quantity(run: StoredRun, name: str) -> CountedShare | None:
    return counts_of_run(run).quantities.get(name)


def _mark(x: float, y: float, run: StoredRun, sheet: _Sheet) -> str:
    """A dot for a passed run, a square for one that was not: not told by colour alone."""
    words = f"{run.at:{_PAPER.when}}: {run.run.reason}"
    half = min(5.0, sheet.pitch / 2 + 0.5)
    shape = (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{half * 0.8:g}" fill="{_GOOD}">'
        if run.run.passed
        else f'<rect x="{x - half:.1f}" y="{y - half:.1f}" width="{2 * half:g}" '
        f'height="{2 * half:g}" fill="{_BAD}">'
    )
    end = "</circle>" if run.run.passed else "</rect>"
    return f"{shape}<title>{escape(words)}</title>{end}"


def _text(x: float, y: float, words: str, size: int = 11, anchor: str = "start") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}">'
        f"{escape(words)}</text>"
    )


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, dashed: bool = False) -> str:
    dash = ' stroke-dasharray="5 4"' if dashed else ""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
        f'stroke="{colour}" stroke-width="1"{dash}/>'
    )
