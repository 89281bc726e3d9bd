"""``python -m bench.coach_limits``: how far are real fields as they are from the coach's limits?

For each source the fields that lie nearest to each limit, so that it can be seen what a limit rests
on and what it would be without that source; and how many fields are given advice although nothing
was done to them.
"""

from __future__ import annotations

import math
from pathlib import Path

from bench.coach import SOURCES, fields, sight_of, told
from bench.figures import data_folder
from bench.record import show_and_keep
from edge.imaging.coach import WHITE_CELL_UM2

RECORD = Path(__file__).with_suffix(".json")
FIELDS = 80


def measure(folder: Path) -> dict[str, dict[str, float]]:
    """The extremes of each source."""
    return {source: _of(folder, source, um_per_px) for source, um_per_px in SOURCES.items()}


def _of(folder: Path, source: str, um_per_px: float) -> dict[str, float]:
    reds, roomy, glass, even, clipped = [], [], [], [], []
    alarms = 0
    for rgb in fields(folder, source, FIELDS):
        sight = sight_of(rgb, um_per_px)
        measures = sight.measures
        assert measures is not None
        alarms += told(sight, sight) is not None
        reds.append(sight.red_density)
        roomy.append(measures.glass + WHITE_CELL_UM2 / max(measures.field_um2, 1.0))
        glass.append(measures.glass)
        even.append(sight.evenness)
        clipped.append(measures.clipped / max(measures.glass, 0.01))
    return {
        "fields": len(glass),
        "advice given": alarms,
        "least density of red cells": _least(reds),
        "least evenness": _least(even),
        "least glass, a white cell allowed for": _least(roomy),
        "most glass": round(max(glass), 3),
        "most glass drowned": round(max(clipped), 3),
    }


def _least(values: list[float]) -> float:
    return round(min(value for value in values if not math.isnan(value)), 3)


def main() -> None:
    """Print the figures and write ``bench/coach_limits.json``."""
    show_and_keep(measure(data_folder()), RECORD)


if __name__ == "__main__":
    main()
