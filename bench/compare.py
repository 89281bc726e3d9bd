"""``python -m bench.compare SOURCE...``: the same frames through our loop and the alternative.

Frame by frame in turn, in one run, computing time of the one thread that does it, over frames as a
hand shows them to a camera of 15 a second: fields overlap, and the hand rests at each for a few
frames. The alternative (``bench/alternative.py``) judges every cell of every frame; ours each cell
once. Cells a second are unique cells. Which cells are one, the alternative cannot tell; it is told
for nothing, twice: once every cell that our loop judged is taken for found by it too, and once only
those near which it found something.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from bench.alternative import Alternative
from bench.loops import loop_over
from edge.camera.source import open_camera
from edge.imaging.stage import Place
from edge.inference.classifier import Classifier
from edge.inference.shelf import open_classifier


@dataclass(frozen=True)
class Comparison:
    """Both over the same frames.

    Attributes:
        frames: How many.
        unique_cells: Cells our loop judged.
        found_cells: Those of them near which the alternative found one.
        alternative_calls: Calls of the network by the alternative.
        ours_s, alternative_s: Computing time; ours with everything it does besides.
        kept_s: Of the alternative with one interpreter made once.
        ratio: Unique cells a second, ours over the alternative's, had it found all of ours.
        ratio_found: The same by those that it found; None where it found none.
        ratio_kept: The same for the one that keeps its interpreter.
    """

    frames: int
    unique_cells: int
    found_cells: int
    alternative_calls: int
    ours_s: float
    alternative_s: float
    kept_s: float
    ratio: float
    ratio_found: float | None
    ratio_kept: float


def compare(source: str, um_per_px: float, classifier: Classifier, frames: int) -> Comparison:
    """One source, its first frames; the very first, in which tables are made once, apart."""
    spec = classifier.bundle.input
    model, crop_um = classifier.bundle.model, spec.size_px * spec.um_per_px
    naive = Alternative(model, um_per_px, crop_um)
    careful = Alternative(model, um_per_px, crop_um, keep_interpreter=True)
    spent_s = [0.0, 0.0, 0.0]
    calls = looked_at = 0
    cells: list[Point] = []
    found: list[Point] = []
    watch = _FrameTime()
    with (
        open_camera(source) as camera,
        loop_over(camera, source, um_per_px, classifier, watch) as loop,
    ):
        for number, step in enumerate(loop.steps()):
            if number == 0:  # the tables of the verdict are made once, at the first frame
                continue
            cells += [_on_slide(c.place, c.candidate.anchor_px, um_per_px) for c in step.cells]
            spent_s[0] += watch.spent_s
            start_s = time.thread_time()
            centres = naive(step.frame.rgb)
            middle_s = time.thread_time()
            careful(step.frame.rgb)
            spent_s[1] += middle_s - start_s
            spent_s[2] += time.thread_time() - middle_s
            calls += len(centres)
            if step.place is not None and step.place.countable:
                found += [_on_slide(step.place, centre, um_per_px) for centre in centres]
            looked_at += 1
            if looked_at == frames:
                break
    ours, alternative, kept = spent_s
    return Comparison(
        frames=looked_at,
        unique_cells=len(cells),
        found_cells=(both := _near(cells, found)),
        alternative_calls=calls,
        ours_s=round(ours, 3),
        alternative_s=round(alternative, 3),
        kept_s=round(kept, 3),
        ratio=round(alternative / ours, 2),
        ratio_found=round(alternative / ours * len(cells) / both, 2) if both else None,
        ratio_kept=round(kept / ours, 2),
    )


Point = tuple[int, float, float]
"""Place, and where in it, um (x, y)."""

_SAME_CELL_UM: Final = 6.0
"""Centres nearer than this belong to one cell."""


def _on_slide(place: Place, at_px: tuple[float, float], um_per_px: float) -> Point:
    return place.place, place.x_um + at_px[0] * um_per_px, place.y_um + at_px[1] * um_per_px


def _near(cells: Sequence[Point], found: Sequence[Point]) -> int:
    """How many of the cells have something found near them."""
    return sum(
        any(p == place and math.hypot(fx - x, fy - y) < _SAME_CELL_UM for p, fx, fy in found)
        for place, x, y in cells
    )


class _FrameTime:
    """Computing time of the last frame's way."""

    spent_s = 0.0

    def step(self, name: str) -> _Timed:
        return _Timed(self, name == "frame")


class _Timed:
    def __init__(self, owner: _FrameTime, wanted: bool) -> None:
        self._owner, self._wanted = owner, wanted

    def __enter__(self) -> None:
        self._start_s = time.thread_time()

    def __exit__(self, *_: object) -> None:
        if self._wanted:
            self._owner.spent_s = time.thread_time() - self._start_s


def line(name: str, found: Comparison) -> str:
    """One comparison for a person to read."""
    return (
        f"{name}: {found.frames} frames, {found.unique_cells} unique cells, {found.found_cells} of "
        f"them found by the alternative; "
        f"ours {found.ours_s:.2f} s, alternative {found.alternative_s:.2f} s for "
        f"{found.alternative_calls} calls; unique cells a second {found.ratio:.1f} x the "
        f"alternative's had it found all ({found.ratio_found or float('inf'):.1f} x by those it "
        f"found), {found.ratio_kept:.1f} x with its interpreter kept"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare over every source named."""
    parser = argparse.ArgumentParser(description="Ours and the alternative, side by side.")
    parser.add_argument("sources", nargs="+", metavar="SOURCE")
    parser.add_argument("--um-per-px", type=float, required=True)
    parser.add_argument("--frames", type=int, default=40)
    parser.add_argument("--json", action="store_true")
    told = parser.parse_args(arguments)
    classifier = open_classifier(threads=1)
    for source in told.sources:
        found = compare(source, told.um_per_px, classifier, told.frames)
        print(json.dumps(asdict(found)) if told.json else line(source, found), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
