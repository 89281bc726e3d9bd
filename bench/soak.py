"""Months alone, in short: many frames through the loop, and whether memory and disk stay bounded.

    python -m bench.soak [--frames 200000] [--minutes M] [--json FILE]

A few rendered fields go round and round through the real loop (`Screening`: quality, stage, locate,
classifier, records, lamps), one examination after the other, each with its pictures. Resident
memory is read as it goes; its slope is fitted over the second half, when caches are full. How much
room a cell takes on the card is told too; deleting old pictures is the business of retention.py.
A frame costs what following the slide costs, whatever its size: so fields are small, with as many
cells as fit, and a run that has not the time for all frames ends in order and says how many it saw.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import itertools
import json
import math
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from edge.camera.frame import Frame
from edge.camera.source import open_camera
from edge.closing import Closing
from edge.inference.shelf import open_classifier
from edge.judgement.verdict import VerdictSettings
from edge.records.fields import FieldKeeper
from edge.records.store import Store
from edge.screening import Screening
from edge.settings import ScreeningSettings, Settings
from edge.signals.lamps import mock_lamps

SOURCE = "phantom:healthy?seed=3&viewport=160x120&frames=48&um_per_px=0.4&white_cells_per_field=4"
FRAMES_EACH = 480
"""Frames of one examination: it never settles, and ends with its frames."""
_SETTINGS = replace(
    Settings(),
    verdict=VerdictSettings(share_limit=0.001, least_cells_green=1000),
    screening=ScreeningSettings(threads=1),
)
_SAMPLES = 400
"""Readings of the memory over all frames."""


class _Round(Closing):
    """Frames that go round and round, numbered on, for one examination."""

    continuous = True

    def __init__(self, frames: Sequence[Frame], count: int) -> None:
        self._frames = frames
        self._count = count

    def frames(self) -> Iterator[Frame]:
        for number, frame in enumerate(
            itertools.islice(itertools.cycle(self._frames), self._count)
        ):
            # A copy, as a camera gives it: memory is taken and given back for each frame.
            yield Frame(np.array(frame.rgb), number / 15, number)

    def close(self) -> None:
        """Nothing to close."""


def resident_bytes() -> int:
    """Resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def soak(total: int, home: Path, most_s: float = math.inf) -> dict[str, Any]:
    """Run frames through the loop; the figures.

    Args:
        total: How many frames.
        home: The data folder.
        most_s: Seconds after which no further examination begins.
    """
    with open_camera(SOURCE) as camera:
        frames = list(camera.frames())
    classifier = open_classifier(threads=1)
    seen, cells, examinations, samples = 0, 0, 0, []
    began_s = time.monotonic()
    every = max(1, total // _SAMPLES)
    lamps, _ = mock_lamps(_SETTINGS.lamps)
    with lamps, Store.open(home) as store, FieldKeeper(home) as fields:
        while seen < total and time.monotonic() - began_s < most_s:
            examinations += 1
            count = min(FRAMES_EACH, total - seen)
            loop = Screening(
                _Round(frames, count),
                classifier,
                store,
                lamps,
                _SETTINGS,
                "S-soak",
                "phantom:soak",
                0.4,
                fields=fields,
            )
            begun = seen
            for step in loop.steps():
                cells += len(step.cells)
                if seen == begun + step.frame.number + 1:
                    continue  # the cells that waited for a better view until the last frame
                seen += 1
                if seen % every == 0:
                    gc.collect()
                    samples.append((seen, resident_bytes()))
    half = samples[len(samples) // 2 :]
    x = np.array([at for at, _ in half], dtype=np.float64)
    y = np.array([size for _, size in half], dtype=np.float64)
    slope = float(np.polyfit(x, y, 1)[0]) if len(half) > 2 else float("nan")
    disk = sum(path.stat().st_size for path in home.rglob("*") if path.is_file())
    return {
        "frames": seen,
        "frames_wanted": total,
        "cells": cells,
        "examinations": examinations,
        "seconds": round(time.monotonic() - began_s, 1),
        "resident_mb_at_half": round(half[0][1] / 1e6, 1),
        "resident_mb_at_end": round(half[-1][1] / 1e6, 1),
        "slope_bytes_per_frame": round(slope, 2),
        "growth_mb_over_200000_frames": round(slope * 200_000 / 1e6, 1),
        "disk_mb": round(disk / 1e6, 1),
        "disk_bytes_per_cell": round(disk / max(1, cells)),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Soak, print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=200_000)
    parser.add_argument(
        "--minutes", type=float, default=math.inf, help="begin no examination after so long"
    )
    parser.add_argument("--json", type=Path, default=None)
    options = parser.parse_args(arguments)
    # What the allocator keeps for itself is no leak of ours: it gives it back at once here.
    ctypes.CDLL(None).mallopt(-1, 0)
    with tempfile.TemporaryDirectory() as folder:
        report = soak(options.frames, Path(folder), options.minutes * 60)
    report = {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "python": platform.python_version(),
        "system": platform.platform(),
        **report,
    }
    print(json.dumps(report, indent=1))
    if options.json is not None:
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
