"""From the start of Python to the first call, part by part.

``first_call.py`` is run as a program, and the yardstick ``python -c "import numpy, PIL"`` in turn.
All starts share a data folder, as those of a device do: the very first one with a bundle, which
computes the verdict's tables, is told apart.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from edge.speed.first_call import BEGUN

YARDSTICK: Final = "import numpy, PIL"
PARTS: Final = (
    "python",
    "imports",
    "bundle",
    "golden test",
    "records",
    "camera",
    "tables",
    "first frame",
    "first call",
)
SIMULATED: Final = ("camera", "first frame")
"""Parts that are the simulation's: a real camera does not decode a picture to move over."""


@dataclass(frozen=True)
class Startup:
    """Medians over some starts.

    Attributes:
        parts_ms: Wall time of each of ``PARTS``; the last is missing where no cell was found.
        parts_cpu_ms: Computing time of each.
        total_ms: Wall time of all of them.
        cpu_ms: Computing time of all but those ``SIMULATED``.
        yardstick_ms: Wall time of ``python -c "import numpy, PIL"``, started in turn.
        yardstick_cpu_ms: Its computing time.
        times_yardstick: ``cpu_ms`` in units of the yardstick's computing time.
        first_times_yardstick: The same of the very first start with a bundle, compiling left out.
        peak_mb: Greatest memory of the process until the first call.
    """

    parts_ms: dict[str, float]
    parts_cpu_ms: dict[str, float]
    total_ms: float
    cpu_ms: float
    yardstick_ms: float
    yardstick_cpu_ms: float
    times_yardstick: float
    first_times_yardstick: float
    peak_mb: float


@dataclass(frozen=True)
class _Run:
    wall_s: float
    cpu_s: float
    printed: str


def measure_startup(
    source: str, um_per_px: float | None, model: Path | None, repeats: int
) -> Startup | None:
    """Start the device's software afresh a few times, the yardstick between.

    Returns:
        None where it does not start (the fault is that of ``screen``).
    """
    arguments = ["-m", "edge.speed.first_call", source, str(um_per_px or ""), str(model or "")]
    own, plain = [], []
    with (
        _compiled() as environment,
        tempfile.TemporaryDirectory(prefix="leukoscope-bench-") as home,
    ):
        # The first start compiles; the second is the first with a bundle, in an empty data folder.
        for repeat in range(repeats + 2):
            one = _run(
                [*arguments, str(Path(home, "compiled" if repeat == 0 else "used"))], environment
            )
            other = _run(["-c", YARDSTICK], environment)
            if one is None or other is None:
                return None
            if repeat:
                own.append(one)
                plain.append(other)
    first, *done = [json.loads(run.printed) for run in own]
    wall, cpu = _parts(done, 0), _parts(done, 1)
    own_cpu_ms = _device_ms(cpu)
    plain_cpu_s = median(r.cpu_s for r in plain)
    return Startup(
        parts_ms=wall,
        parts_cpu_ms=cpu,
        total_ms=round(sum(wall.values()), 1),
        cpu_ms=round(own_cpu_ms, 1),
        yardstick_ms=round(median(r.wall_s for r in plain) * 1e3, 1),
        yardstick_cpu_ms=round(plain_cpu_s * 1e3, 1),
        times_yardstick=round(own_cpu_ms / 1e3 / plain_cpu_s, 2),
        first_times_yardstick=round(_device_ms(_parts([first], 1)) / 1e3 / plain_cpu_s, 2),
        peak_mb=round(median(each["peak_mb"][0] for each in done), 1),
    )


def _device_ms(parts_ms: dict[str, float]) -> float:
    """All parts that a device has too."""
    return sum(ms for part, ms in parts_ms.items() if part not in SIMULATED)


def _parts(done: list[dict[str, list[float]]], clock: int) -> dict[str, float]:
    """Median time of each part that every start reached, ms, by one of the two clocks."""
    parts: dict[str, float] = {}
    before = [0.0] * len(done)
    for name in PARTS:
        if all(name in each for each in done):
            now = [each[name][clock] for each in done]
            parts[name] = round(median(b - a for a, b in zip(before, now, strict=True)) * 1e3, 1)
            before = now
    return parts


@contextmanager
def _compiled() -> Iterator[dict[str, str]]:
    """An environment in which modules are compiled once, as an installed package's are."""
    with tempfile.TemporaryDirectory(prefix="leukoscope-bench-") as cache:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": cache}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        yield environment


def _run(arguments: list[str], environment: dict[str, str]) -> _Run | None:
    """One process to its end, with what the kernel says of it."""
    begun_s = time.monotonic()
    with subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**environment, BEGUN: repr(begun_s)},
        text=True,
    ) as process:
        assert process.stdout is not None
        printed = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        return None
    cpu_s = used.ru_utime + used.ru_stime
    return _Run(time.monotonic() - begun_s, cpu_s, printed)
