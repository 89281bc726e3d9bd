"""``python -m bench.red_stain``: are red cells alike on one slide, and different on another?

Each lent wide field is cut into nine parts: how far the red cells of one part lie from those of the
others is what one slide does; how far the fields of two patients lie apart is what the watch for a
changed slide rests on (``edge.imaging.slide_watch``). Distances are logarithmic.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.coach import fields
from bench.figures import data_folder
from bench.record import show_and_keep
from edge.imaging.red_cells import red_stain
from edge.imaging.slide_watch import SlideWatchSettings

RECORD = Path(__file__).with_suffix(".json")

_PARTS = 3
"""Parts of a field in each direction, about 190 um wide."""

Floats = NDArray[np.float64]


def stains(rgb: NDArray[np.uint8]) -> Floats:
    """Green density, red over green, blue over green of each part, logarithms: float64 (n, 3)."""
    tall, wide = rgb.shape[0] // _PARTS, rgb.shape[1] // _PARTS
    found = []
    for row in range(_PARTS):
        for column in range(_PARTS):
            top, left = row * tall, column * wide
            stain = red_stain(rgb[top : top + tall, left : left + wide])
            if stain is not None:
                found.append((np.log(stain.density), *stain.colour))
    return np.array(found).reshape(-1, 3)


def patients_of(folder: Path, names: int) -> Iterator[str]:
    """The patient of each wide field, in the order of ``fields``."""
    with zipfile.ZipFile(folder / "jhu_wide_fields.zip") as archive:
        listed = sorted(n for n in archive.namelist() if n.endswith(".webp"))
    for name in listed[:names]:
        yield Path(name).name.split("_")[0]


def measure(folder: Path) -> dict[str, float]:
    """Distances within fields, between fields of one patient and between patients."""
    parts = [stains(rgb) for rgb in fields(folder, "jhu_wide_fields", 43, (100_000, 100_000))]
    patients = list(patients_of(folder, len(parts)))
    within = []
    for own in parts:
        for i in range(len(own)):
            within.append(own[i] - np.delete(own, i, axis=0).mean(axis=0))
    middle = [np.median(own, axis=0) for own in parts]
    same: list[Floats] = []
    other: list[Floats] = []
    for i, j in combinations(range(len(parts)), 2):
        (same if patients[i] == patients[j] else other).append(middle[i] - middle[j])
    limits = SlideWatchSettings()
    told: dict[str, float] = {}
    rows = (("one field", within), ("one patient", same), ("two patients", other))
    for name, distances in rows:
        away = np.array(distances)
        colour = np.hypot(away[:, 1], away[:, 2])
        taken = (colour > limits.colour) | (np.abs(away[:, 0]) > limits.density)
        told[f"{name}: pairs"] = len(away)
        told[f"{name}: median difference of density"] = _rounded(np.median(np.abs(away[:, 0])))
        told[f"{name}: median distance of colour"] = _rounded(np.median(colour))
        told[f"{name}: taken for two slides"] = _rounded(taken.mean())
    return told


def _rounded(value: np.floating[Any]) -> float:
    return round(float(value), 3)


def main() -> None:
    """Print the figures and write ``bench/red_stain.json``."""
    show_and_keep(measure(data_folder()), RECORD)


if __name__ == "__main__":
    main()
