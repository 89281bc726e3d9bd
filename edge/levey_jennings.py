"""The control's trend as a picture: Levey and Jennings' chart, an SVG that any browser shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from edge.controlling import counts_of_run
from edge.judgement.control import baseline
from edge.judgement.westgard import CountedShare, Limits
from edge.records.controls import StoredRun
from edge.svg import svg_document, write_svg

# Pixels. A panel for each quantity, a mark for each run, the newest at the right.
_LEFT, _TOP, _RIGHT, _HEIGHT, _PANEL, _PITCH = 90, 70, 130, 190, 270, 22
_LEAST_WIDTH = 420
_MOST_RUNS = 90
_ROOM = 1.15  # of the axis above the highest value or line
_LINE_NAMES = ("-3s", "-2s", "-1s", "mean", "+1s", "+2s", "+3s")
_LINE_COLOURS = ("#b71c1c", "#b26a00", "#b0bec5", "#263238", "#b0bec5", "#b26a00", "#b71c1c")
_GOOD, _BAD = "#0b4f82", "#b71c1c"


def levey_jennings_svg(slide: str, runs: Sequence[StoredRun], baseline_runs: int) -> str:
    """The chart of one control slide.

    Args:
        slide: Its name.
        runs: Its runs with one model and camera, the oldest first; the newest 90 are drawn.
        baseline_runs: How many passed runs set mean and standard deviation.
    """
    passed = [counts_of_run(each) for each in runs if each.run.passed]
    limits = baseline(passed, baseline_runs)
    shown = list(runs[-_MOST_RUNS:])
    names = list(dict.fromkeys(name for run in shown for name in counts_of_run(run).quantities))
    width = _LEFT + max(_LEAST_WIDTH, _PITCH * max(len(shown), 1)) + _RIGHT
    height = _TOP + max(len(names), 1) * _PANEL
    title = f"Control slide {slide}: {len(runs)} runs"
    learned = min(len(passed), baseline_runs)
    below = (
        f"Mean and lines from the first {baseline_runs} passed runs; squares in red: not passed."
        if limits
        else f"Limits are being learned: {learned} of {baseline_runs} passed runs."
    )
    body = [_text(_LEFT, 26, title, size=16), _text(_LEFT, 46, below)]
    for place, name in enumerate(names):
        body += _panel(name, shown, limits.get(name), _TOP + place * _PANEL, width)
    return svg_document(title, width, height, body)


def write_levey_jennings(
    path: Path, slide: str, runs: Sequence[StoredRun], baseline_runs: int
) -> None:
    """Draw and save.

    Raises:
        StoreUnwritable: The file cannot be written.
    """
    write_svg(path, levey_jennings_svg(slide, runs, baseline_runs), "Chart")


def _panel(
    name: str, runs: Sequence[StoredRun], limits: Limits | None, top: int, width: int
) -> Iterator[str]:
    found = [(place, run, _quantity(run, name)) for place, run in enumerate(runs)]
    values = [share.share for _, _, share in found if share is not None]
    lines = limits.lines() if limits is not None else ()
    highest = max([*values, *lines, 0.01]) * _ROOM

    def y(share: float) -> float:
        return top + 30 + (_HEIGHT - 30) * (1 - share / highest)

    yield _text(_LEFT, top + 16, f"Cells {name}, share", size=13)
    for share in (0.0, highest / _ROOM):
        yield _text(_LEFT - 8, y(share) + 4, f"{share:.1%}", anchor="end")
    right = width - _RIGHT
    yield _line(_LEFT, y(0.0), right, y(0.0), "#90a4ae")
    labelled: list[float] = []
    for share, colour, words in zip(lines, _LINE_COLOURS, _LINE_NAMES, strict=False):
        yield _line(_LEFT, y(share), right, y(share), colour, dashed=words != "mean")
        # Lines pressed together at zero share one label, the outermost keeping its own.
        if all(abs(y(share) - other) >= 11 for other in labelled):
            labelled.append(y(share))
            yield _text(right + 6, y(share) + 4, f"{words}  {share:.1%}")
    for place, run, quantity in found:
        if quantity is not None:
            yield _mark(_LEFT + _PITCH * (place + 0.5), y(quantity.share), run)
    if runs:
        bottom = top + _HEIGHT + 18
        yield _text(_LEFT, bottom, _when(runs[0]))
        if len(runs) > 1:
            yield _text(right, bottom, _when(runs[-1]), anchor="end")


def _quantity(run: StoredRun, name: str) -> CountedShare | None:
    return counts_of_run(run).quantities.get(name)


def _mark(x: float, y: float, run: StoredRun) -> str:
    """A dot for a passed run, a square for one that was not: not told by colour alone."""
    words = f"{_when(run)}: {run.run.reason}"
    shape = (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{_GOOD}">'
        if run.run.passed
        else f'<rect x="{x - 5:.1f}" y="{y - 5:.1f}" width="10" height="10" fill="{_BAD}">'
    )
    end = "</circle>" if run.run.passed else "</rect>"
    return f"{shape}<title>{escape(words)}</title>{end}"


def _when(run: StoredRun) -> str:
    return f"{run.at:%Y-%m-%d %H:%M} UTC"


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
