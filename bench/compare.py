"""``python -m bench.compare SOURCE...``: the same frames through our loop and the alternative.

Frame by frame in turn, in one run, computing time of the one thread that does it. The alternative
(``bench/alternative.py``) judges every cell of every frame; ours each cell once. Cells a second are
unique cells: the alternative is granted every cell that our loop counted.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.alternative import Alternative
from edge.camera.source import open_camera
from edge.inference.classifier import Classifier
from edge.inference.shelf import open_classifier
from edge.records.store import Store
from edge.screening import Screening
from edge.settings import Settings
from edge.signals.panel import NoLamps


@dataclass(frozen=True)
class Comparison:
    """Both over the same frames.

    Attributes:
        frames: How many.
        unique_cells: Cells our loop judged.
        alternative_calls: Calls of the network by the alternative.
        ours_s, alternative_s: Computing time; ours with everything it does besides.
        kept_s: Of the alternative with one interpreter made once.
        ratio: Unique cells a second, ours over the alternative's.
        ratio_kept: The same for the one that keeps its interpreter.
    """

    frames: int
    unique_cells: int
    alternative_calls: int
    ours_s: float
    alternative_s: float
    kept_s: float
    ratio: float
    ratio_kept: float


def compare(source: str, um_per_px: float, classifier: Classifier, frames: int) -> Comparison:
    """One source, its first frames; the very first, in which tables are made once, apart."""
    spec = classifier.bundle.input
    model, crop_um = classifier.bundle.model, spec.size_px * spec.um_per_px
    naive = Alternative(model, um_per_px, crop_um)
    careful = Alternative(model, um_per_px, crop_um, keep_interpreter=True)
    spent_s = [0.0, 0.0, 0.0]
    cells = calls = looked_at = 0
    with (
        tempfile.TemporaryDirectory(prefix="leukoscope-bench-") as home,
        open_camera(source) as camera,
        Store.open(Path(home)) as store,
    ):
        loop = Screening(
            camera,
            classifier,
            store,
            NoLamps(),
            Settings(),
            "bench",
            source,
            um_per_px,
            watch=(watch := _FrameTime()),
            until_verdict=False,
        )
        for number, step in enumerate(loop.steps()):
            if number == 0:  # the tables of the verdict are made once, at the first frame
                continue
            cells += len(step.cells)
            spent_s[0] += watch.spent_s
            start_s = time.thread_time()
            calls += naive(step.frame.rgb)
            middle_s = time.thread_time()
            careful(step.frame.rgb)
            spent_s[1] += middle_s - start_s
            spent_s[2] += time.thread_time() - middle_s
            looked_at += 1
            if looked_at == frames:
                break
    ours, alternative, kept = spent_s
    return Comparison(
        frames=looked_at,
        unique_cells=cells,
        alternative_calls=calls,
        ours_s=round(ours, 3),
        alternative_s=round(alternative, 3),
        kept_s=round(kept, 3),
        ratio=round(alternative / ours, 2),
        ratio_kept=round(kept / ours, 2),
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
        f"{name}: {found.frames} frames, {found.unique_cells} unique cells; "
        f"ours {found.ours_s:.2f} s, alternative {found.alternative_s:.2f} s for "
        f"{found.alternative_calls} calls; unique cells a second {found.ratio:.1f} x the "
        f"alternative's, {found.ratio_kept:.1f} x with its interpreter kept"
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
