"""The loop under the stopwatch: the real camera, bundle and records, no verdict to stop it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from typing import Final

import numpy as np
from PIL import Image

from edge.camera.frame import Camera, Frame
from edge.camera.live import LiveCamera
from edge.closing import Closing
from edge.inference.classifier import Classifier
from edge.records.store import Store
from edge.screening import Screening
from edge.settings import Settings
from edge.signals.panel import Lamps
from edge.speed.memory import resident_mb
from edge.speed.quantiles import Quantiles, quantiles
from edge.stopwatch import Stopwatch

STEPS: Final = (
    "camera",
    "scale",
    "stage",
    "quality",
    "light",
    "advice",
    "locate",
    "chart",
    "view",
    "crop",
    "classify",
    "records",
    "judge",
    "lamps",
)
"""In the order of DESIGN.md's way of one frame."""

NOT_OURS: Final = ("camera", "scale", "classify")
"""Left out of what a frame costs besides the interpreter: the source is a camera's or a
simulation's, the scale is measured once for a slide."""

YARDSTICK: Final = 4
"""Pillow's ``reduce(4)`` of the frame itself is the unit in which cost is told."""

_YARDSTICK_EVERY: Final = 4


@dataclass(frozen=True)
class StepCost:
    """One step over all frames.

    Attributes:
        name: Of ``STEPS``.
        wall: Time of one pass; None where it was never taken.
        share: Of the computing time of all steps but the camera's, 0-1.
        times_reduce: Computing time a frame, all passes, in units of the yardstick.
    """

    name: str
    wall: Quantiles | None
    share: float
    times_reduce: float


@dataclass(frozen=True)
class LoopSpeed:
    """The loop as fast as it goes.

    Attributes:
        frames: Frames looked at.
        cells: Unique cells judged.
        size_px: Width and height of the frames.
        frames_per_s: Frames over the time they took, the camera's left out.
        cells_per_s: The same for unique cells.
        frame: Wall time of one frame, all steps but the camera's.
        steps: Every step.
        times_reduce: Mean computing time of a frame without the interpreter, in units of Pillow's
            ``reduce(4)`` of the same frame, timed in between. The first frame, in which the
            verdict's tables are made once, is left out.
        times_reduce_p50: The same for the median frame.
        reduce_ms: That unit on this machine, computing time, median.
        growth_kb: Resident memory a frame added over the second half; None where nothing tells it.
    """

    frames: int
    cells: int
    size_px: tuple[int, int]
    frames_per_s: float
    cells_per_s: float
    frame: Quantiles
    steps: tuple[StepCost, ...]
    times_reduce: float
    times_reduce_p50: float
    reduce_ms: float
    growth_kb: float | None


@dataclass(frozen=True)
class LampDelay:
    """From the exposure of a frame to the lamps that show what it brought.

    Attributes:
        frames_per_s: Rate of the camera.
        looked_at: Frames the loop took.
        dropped: Frames it never saw, newer ones having come.
        delay: Over the frames looked at.
        periods_p95: 95% of the frames are answered within so many frame periods.
    """

    frames_per_s: float
    looked_at: int
    dropped: int
    delay: Quantiles
    periods_p95: float


class _First(Closing):
    """The first frames of a camera, and the time its frames arrived."""

    def __init__(self, camera: Camera, count: int) -> None:
        self.continuous = camera.continuous
        self.size_px = (0, 0)
        self._camera = camera
        self._count = count

    def frames(self) -> Iterator[Frame]:
        for given, frame in enumerate(self._camera.frames(), start=1):
            self.size_px = (frame.rgb.shape[1], frame.rgb.shape[0])
            yield frame
            if given == self._count:
                return

    def close(self) -> None:
        self._camera.close()


@dataclass(frozen=True)
class Bench:
    """What is measured with.

    Attributes:
        open_camera: Opens the source anew.
        source: What it is called.
        classifier: A bundle that passed its golden test.
        settings: All settings.
        lamps: What shows the state.
        um_per_px: Scale; None to have it measured.
        scratch: Folder on the disk of the records; nothing stays in it. None: the system's.
    """

    open_camera: Callable[[], Camera]
    source: str
    classifier: Classifier
    settings: Settings
    lamps: Lamps
    um_per_px: float | None
    scratch: Path | None

    def screening(self, camera: Camera, store: Store, watch: Stopwatch) -> Screening:
        """The loop, going on after its verdict."""
        return Screening(
            camera,
            self.classifier,
            store,
            self.lamps,
            self.settings,
            "bench",
            self.source,
            self.um_per_px,
            watch=watch,
            until_verdict=False,
        )

    def folder(self) -> AbstractContextManager[str]:
        """A data folder for one run."""
        return tempfile.TemporaryDirectory(prefix="leukoscope-bench-", dir=self.scratch)


def measure_loop(bench: Bench, frames: int) -> LoopSpeed | None:
    """Let the loop run over so many frames as fast as it goes.

    Returns:
        None where no frame was judged: the source has none, or no scale could be measured.
    """
    watch = Stopwatch()
    unit_s: list[float] = []
    own_cpu_s: list[float] = []
    resident: list[float | None] = []
    cells = 0
    with (
        bench.folder() as home,
        _First(bench.open_camera(), frames) as camera,
        Store.open(Path(home)) as store,
    ):
        calls = 0
        for number, step in enumerate(bench.screening(camera, store, watch).steps()):
            cells += len(step.cells)
            if len(watch.laps["frame"]) > len(own_cpu_s):  # else cells left over at the end
                own_cpu_s.append(_own_cpu_s(watch, calls))
                calls = len(watch.laps["classify"])
            if number % _YARDSTICK_EVERY == 0:
                unit_s.append(reduce_s(step.frame))
            resident.append(resident_mb())
        size_px = camera.size_px
    if not own_cpu_s:
        return None
    unit = median(unit_s)
    laps = {name: watch.laps.get(name, []) for name in STEPS}
    spent = {name: sum(lap.cpu_s for lap in laps[name]) for name in STEPS}
    of_frames = [name for name in STEPS if name not in ("camera", "scale")]
    all_steps = max(sum(spent[name] for name in of_frames), 1e-9)
    wall_s = [lap.wall_s for lap in watch.laps["frame"]]
    whole = quantiles(wall_s)
    assert whole is not None
    return LoopSpeed(
        frames=len(own_cpu_s),
        cells=cells,
        size_px=size_px,
        frames_per_s=round(len(wall_s) / sum(wall_s), 2),
        cells_per_s=round(cells / sum(wall_s), 2),
        frame=whole,
        steps=tuple(
            StepCost(
                name,
                quantiles([lap.wall_s for lap in laps[name]]),
                round(spent[name] / all_steps, 4) if name in of_frames else 0.0,
                round(spent[name] / len(own_cpu_s) / unit, 3),
            )
            for name in STEPS
        ),
        times_reduce=round(mean(own_cpu_s[1:] or own_cpu_s) / unit, 2),
        times_reduce_p50=round(median(own_cpu_s) / unit, 2),
        reduce_ms=round(unit * 1e3, 3),
        growth_kb=_growth_kb(resident),
    )


def _growth_kb(resident: Sequence[float | None]) -> float | None:
    """Slope of a straight line through the second half, kB a frame."""
    late = [mb for mb in resident[len(resident) // 2 :] if mb is not None]
    if len(late) < 2:
        return None
    return round(float(np.polyfit(np.arange(len(late)), late, 1)[0]) * 1024, 2)


def _own_cpu_s(watch: Stopwatch, calls: int) -> float:
    """Computing time of the last frame's way, without the network's calls after the first so many.

    Whatever no step is named for is in it.
    """
    called = sum(lap.cpu_s for lap in watch.laps["classify"][calls:])
    return watch.laps["frame"][-1].cpu_s - called


def reduce_s(frame: Frame) -> float:
    """Computing time of the yardstick on this frame."""
    picture = Image.fromarray(frame.rgb)
    start_s = time.thread_time()
    picture.reduce(YARDSTICK)
    return time.thread_time() - start_s


def measure_lamp_delay(bench: Bench, frames: int, frames_per_s: float) -> LampDelay | None:
    """Let the source run as a camera does, at its own rate, and look when the lamps answer.

    Returns:
        None where no frame was judged.
    """
    delays_s: list[float] = []
    numbers: list[int] = []
    with (
        bench.folder() as home,
        LiveCamera(_First(bench.open_camera(), frames), frames_per_s) as camera,
        Store.open(Path(home)) as store,
    ):
        for step in bench.screening(camera, store, Stopwatch()).steps():
            delays_s.append(time.monotonic() - step.frame.exposed_at_s)
            numbers.append(step.frame.number)
    delay = quantiles(delays_s)
    if delay is None:
        return None
    return LampDelay(
        frames_per_s=frames_per_s,
        looked_at=len(numbers),
        dropped=numbers[-1] - numbers[0] + 1 - len(numbers),
        delay=delay,
        periods_p95=round(delay.p95 / 1e3 * frames_per_s, 3),
    )
