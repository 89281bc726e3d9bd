"""All that ``leukoscope bench`` measures, for a person and for a program."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from edge.selftest.board import Board
from edge.speed.loop import NOT_OURS, YARDSTICK, LampDelay, LoopSpeed
from edge.speed.model import ModelSpeed
from edge.speed.startup import YARDSTICK as START_YARDSTICK
from edge.speed.startup import Startup


@dataclass(frozen=True)
class Machine:
    """What it was measured on.

    Attributes:
        name: Board, or kind of processor.
        python: Version.
        cores: How many there are.
        temperature_c: Processor, degrees Celsius; None where nothing measures it.
        clock_mhz: First core; None where nothing tells it.
        slowed: The firmware slows it down, for heat or a weak supply; None where nothing tells it.
    """

    name: str
    python: str
    cores: int
    temperature_c: float | None
    clock_mhz: float | None
    slowed: bool | None


def this_machine(board: Board | None = None) -> Machine:
    """The machine this runs on, as it is now."""
    board = board or Board()
    throttled = board.throttled
    return Machine(
        name=board.model or platform.machine(),
        python=platform.python_version(),
        cores=os.cpu_count() or 1,
        temperature_c=board.temperature_c,
        clock_mhz=board.clock_mhz,
        slowed=None if throttled is None else throttled.slowed_now,
    )


@dataclass(frozen=True)
class Report:
    """One run of ``leukoscope bench``.

    Attributes:
        source: The camera.
        before, after: The machine at either end of the run.
        loop: The loop as fast as it goes.
        lamp: From exposure to lamp at the camera's rate.
        startup: From the start of Python to the first call.
        models: The network alone.
        peak_mb: Greatest memory of the process that ran the loop.
        growth_kb: Memory a frame added over the second half of the frames, on average.
    """

    source: str
    before: Machine
    after: Machine
    loop: LoopSpeed
    lamp: LampDelay
    startup: Startup | None
    models: tuple[ModelSpeed, ...]
    peak_mb: float | None
    growth_kb: float | None

    def as_json(self) -> dict[str, Any]:
        """Plain values, ready for ``json.dumps``."""
        return asdict(self)


def report_lines(report: Report) -> Iterator[str]:
    """The report for a person to read."""
    yield from _machine_lines(report)
    yield ""
    yield from _step_lines(report.loop)
    yield ""
    yield from _lamp_lines(report.lamp)
    if report.peak_mb is not None:
        grown = "" if report.growth_kb is None else f", {report.growth_kb:+.1f} kB a frame"
        yield f"memory: at most {report.peak_mb:.0f} MB{grown}"
    yield ""
    yield from _startup_lines(report.startup)
    yield ""
    views = max((model.views for model in report.models), default=1)
    one = "one crop" if views == 1 else f"{views} views"
    yield f"the network alone ({one})    p50      p95      p99   cells/s"
    for model in report.models:
        times = _times(model.crop.p50, model.crop.p95, model.crop.p99)
        threads = f"{model.threads} thread" + "s" * (model.threads > 1)
        runtime = f"{model.runtime}, {model.delegate}"
        yield f"  {threads:<22} {times} {model.crops_per_s:9.0f}   {runtime}"


def _machine_lines(report: Report) -> Iterator[str]:
    machine, after = report.before, report.after
    yield f"{machine.name}, {machine.cores} cores, Python {machine.python}; camera {report.source}"
    told = []
    if machine.temperature_c is not None and after.temperature_c is not None:
        told.append(f"{machine.temperature_c:.0f} to {after.temperature_c:.0f} degrees C")
    if machine.clock_mhz is not None and after.clock_mhz is not None:
        told.append(f"{machine.clock_mhz:.0f} to {after.clock_mhz:.0f} MHz")
    if after.slowed:
        told.append("slowed down for heat or supply: these times are not its best")
    if told:
        yield "; ".join(told)


def _step_lines(loop: LoopSpeed) -> Iterator[str]:
    width, height = loop.size_px
    yield f"{loop.frames} frames of {width}x{height}, {loop.cells} unique cells"
    yield f"step (ms)      passes      p50      p95      p99   share   x reduce({YARDSTICK})"
    for step in loop.steps:
        if step.wall is None:
            continue
        times = _times(step.wall.p50, step.wall.p95, step.wall.p99)
        share = "      " if step.name in ("camera", "scale") else f"{step.share:6.1%}"
        yield f"  {step.name:<10} {step.wall.count:8d} {times}  {share} {step.times_reduce:10.2f}"
    times = _times(loop.frame.p50, loop.frame.p95, loop.frame.p99)
    yield f"  {'a frame':<10} {loop.frame.count:8d} {times}"
    left_out = ", ".join(NOT_OURS)
    yield (
        f"computing time of a frame without {left_out}: {loop.times_reduce:.1f} x Pillow's "
        f"reduce({YARDSTICK}) of it on average, {loop.times_reduce_p50:.1f} x at the median "
        f"({loop.reduce_ms:.2f} ms)"
    )
    yield f"{loop.frames_per_s:.1f} frames/s, {loop.cells_per_s:.1f} unique cells/s"


def _lamp_lines(lamp: LampDelay) -> Iterator[str]:
    yield (
        f"exposure to lamp at {lamp.frames_per_s:g} frames/s: p50 {lamp.delay.p50:.1f}, "
        f"p95 {lamp.delay.p95:.1f}, p99 {lamp.delay.p99:.1f} ms; 95% within "
        f"{lamp.periods_p95:.2f} frame periods; {lamp.looked_at} frames looked at, "
        f"{lamp.dropped} dropped"
    )


def _startup_lines(startup: Startup | None) -> Iterator[str]:
    if startup is None:
        yield "start-up: could not be measured"
        return
    yield "start-up (ms)    by the clock  computing"
    for part, ms in startup.parts_ms.items():
        yield f"  {part:<12} {ms:14.0f} {startup.parts_cpu_ms[part]:10.0f}"
    yield (
        f"  {startup.total_ms:.0f} ms to the last of them; computing time without the source's "
        f'own {startup.times_yardstick:.1f} x python -c "{START_YARDSTICK}"; '
        f"{startup.first_times_yardstick:.1f} x at the very first start with a bundle"
    )


def _times(*ms: float) -> str:
    return " ".join(f"{v:8.2f}" for v in ms)
