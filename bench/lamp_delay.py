"""``python -m bench.lamp_delay``: exposure to lamp as if nothing else ran on the machine.

``bench.realtime`` measures it by the clock on the wall, which on a machine with other work tells of
that work. Here the clock is the loop's own computing time: a camera that gives fifteen frames a
second by that clock, newest only, and a loop that takes so much of it as it computes. Waiting for
the disk is not in it. Over the wide fields of ``bench.realtime`` (needs the lent data).
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Final

from bench.loops import loop_over
from bench.realtime import FIELDS, WIDE_UM_PER_PX, as_png
from edge.camera.frame import Camera, Frame
from edge.camera.source import open_camera
from edge.closing import Closing
from edge.inference.classifier import Classifier
from edge.inference.shelf import open_classifier
from edge.speed.loop import reduce_s
from edge.speed.quantiles import Quantiles, quantiles
from edge.stopwatch import Stopwatch

FRAMES_PER_S: Final = 15.0


@dataclass(frozen=True)
class Delays:
    """What one field brought.

    Attributes:
        looked_at: Frames the loop took.
        dropped: Frames it never saw.
        cells: Unique cells judged.
        periods: From exposure to lamp, in frame periods.
        frame_ms_p50: Computing time of a frame, median.
        frame_ms_greatest: The greatest.
        reduce_ms: Pillow's ``reduce(4)`` of the same frames, timed in between, median: where it is
            twice as long as on an idle machine, so is all else.
    """

    looked_at: int
    dropped: int
    cells: int
    periods: Quantiles
    frame_ms_p50: float
    frame_ms_greatest: float
    reduce_ms: float


class CountedCamera(Closing):
    """Frames at a fixed rate by a clock that whoever takes them moves on; newest only.

    Args:
        camera: Whose frames are shown.
        frames_per_s: The rate.

    Attributes:
        now_s: The clock.
        dropped: Frames passed over.
    """

    def __init__(self, camera: Camera, frames_per_s: float) -> None:
        self.continuous = camera.continuous
        self.now_s = 0.0
        self.dropped = 0
        self._camera = camera
        self._period_s = 1.0 / frames_per_s

    def frames(self) -> Iterator[Frame]:
        """The newest frame exposed by now, or the next one, which is waited for."""
        newest: Frame | None = None
        for number, frame in enumerate(self._camera.frames()):
            exposed_at_s = number * self._period_s
            if newest is not None:
                self.now_s = max(self.now_s, newest.exposed_at_s)
                if exposed_at_s <= self.now_s:
                    self.dropped += 1
                else:
                    yield newest
            newest = replace(frame, exposed_at_s=exposed_at_s)
        if newest is not None:
            self.now_s = max(self.now_s, newest.exposed_at_s)
            yield newest

    def close(self) -> None:
        """Close the other camera."""
        self._camera.close()


def measure(source: str, um_per_px: float, classifier: Classifier) -> Delays:
    """One source, to its end."""
    watch, delays_s, unit_s, cells = Stopwatch(), list[float](), list[float](), 0
    with open_camera(source) as opened:
        camera = CountedCamera(opened, FRAMES_PER_S)
        with loop_over(camera, source, um_per_px, classifier, watch) as loop:
            for step in loop.steps():
                cells += len(step.cells)
                unit_s.append(reduce_s(step.frame))
                if len(watch.laps["frame"]) > len(delays_s):  # else cells left over at the end
                    camera.now_s += watch.laps["frame"][-1].cpu_s
                    delays_s.append(camera.now_s - step.frame.exposed_at_s)
    periods = quantiles([delay_s * FRAMES_PER_S / 1e3 for delay_s in delays_s])
    assert periods is not None
    frames_ms = [lap.cpu_s * 1e3 for lap in watch.laps["frame"]]
    return Delays(
        looked_at=len(delays_s),
        dropped=camera.dropped,
        cells=cells,
        periods=periods,
        frame_ms_p50=round(median(frames_ms), 1),
        frame_ms_greatest=round(max(frames_ms), 1),
        reduce_ms=round(median(unit_s) * 1e3, 2),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure over the wide fields, or over the sources named."""
    parser = argparse.ArgumentParser(description="Exposure to lamp by computing time.")
    parser.add_argument("sources", nargs="*", metavar="SOURCE")
    parser.add_argument("--um-per-px", type=float, default=WIDE_UM_PER_PX)
    parser.add_argument("--json", action="store_true")
    told = parser.parse_args(arguments)
    classifier = open_classifier(threads=1)
    with tempfile.TemporaryDirectory(prefix="leukoscope-bench-") as scratch:
        sources = told.sources or [
            f"pan:{as_png(name, Path(scratch))}?viewport=1920x1080" for name in FIELDS
        ]
        for source in sources:
            found = measure(source, told.um_per_px, classifier)
            print(json.dumps(asdict(found)) if told.json else line(source, found), flush=True)
    return 0


def line(source: str, found: Delays) -> str:
    """One source for a person to read."""
    periods = found.periods
    return (
        f"{Path(source).name}: {found.looked_at} frames, {found.dropped} dropped, {found.cells} "
        f"cells; exposure to lamp {periods.p50:.2f} frame periods at the median, "
        f"{periods.p95:.2f} for 95%, {periods.p99:.2f} for 99%; computing {found.frame_ms_p50} ms "
        f"a frame at the median, {found.frame_ms_greatest} at most; reduce(4) {found.reduce_ms} ms"
    )


if __name__ == "__main__":
    raise SystemExit(main())
