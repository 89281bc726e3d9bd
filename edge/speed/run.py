"""One whole run of ``leukoscope bench``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from edge.errors import UsageFault
from edge.speed.loop import Bench, measure_lamp_delay, measure_loop
from edge.speed.memory import peak_mb
from edge.speed.model import measure_model
from edge.speed.report import Report, this_machine
from edge.speed.startup import measure_startup


def run_bench(
    bench: Bench,
    model: Path | None,
    frames: int,
    frames_per_s: float,
    starts: int,
    say: Callable[[str], None] = lambda text: None,
) -> Report:
    """Measure everything, a few tens of seconds.

    Args:
        bench: What is measured with.
        model: Bundle folder, for the starts; None: the one built in.
        frames: Frames of each run of the loop.
        frames_per_s: Rate of the camera for the time from exposure to lamp.
        starts: Times the software is started afresh.
        say: Hears what is being measured.

    Raises:
        UsageFault: No frame could be judged.
    """
    before = this_machine()
    say("the loop, as fast as it goes")
    loop = measure_loop(bench, frames)
    if loop is None:
        raise _unusable(bench)
    peak, growth = peak_mb(), loop.growth_kb
    say(f"the loop behind a camera of {frames_per_s:g} frames a second")
    lamp = measure_lamp_delay(bench, frames, frames_per_s)
    if lamp is None:
        raise _unusable(bench)
    say("the start")
    startup = measure_startup(bench.source, bench.um_per_px, model, starts)
    say("the network alone")
    models = measure_model(bench.classifier.bundle, max(30, frames))
    return Report(
        source=bench.source,
        before=before,
        after=this_machine(),
        loop=loop,
        lamp=lamp,
        startup=startup,
        models=tuple(models),
        peak_mb=peak,
        growth_kb=growth,
    )


def _unusable(bench: Bench) -> UsageFault:
    return UsageFault(
        f"{bench.source}: no frame came, or their scale could not be measured.",
        "Give --um-per-px, or another --camera.",
    )
