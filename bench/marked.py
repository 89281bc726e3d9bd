"""``python -m bench.marked``: white cells found in the marked wide fields, also as other cameras
would have seen them. Marks: ``bench/marked_fields.csv``."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.figures import data_folder
from bench.marked_fields import FIELDS, TUNED_ON, UM_PER_PX, field_picture, score
from bench.shifts import CAMERAS
from edge.imaging.locate import locate

RECORD = Path(__file__).with_suffix(".json")


def f1(counts: NDArray[np.int64]) -> float:
    """Harmonic mean of recall and precision from cells hit, missed and false."""
    hit, missed, false = counts.tolist()
    return float(2 * hit / max(1, 2 * hit + missed + false))


def marked_fields(folder: Path) -> dict[str, object]:
    """Hit, missed and false of each shift, in the fields tuned on and in the others."""
    pictures = [field_picture(folder, field) for field in FIELDS]
    told: dict[str, object] = {
        "fields": len(FIELDS),
        "white_cells": sum(len(field.cells) for field in FIELDS),
    }
    for name, shift in CAMERAS.items():
        found = {"tuned_on": np.zeros(3, int), "others": np.zeros(3, int)}
        for field, picture in zip(FIELDS, pictures, strict=True):
            rgb, um_per_px = shift(picture, UM_PER_PX)
            back = um_per_px / UM_PER_PX
            cells = locate(rgb, um_per_px, include_cut=True)
            centres = [(c.centre_px[0] * back, c.centre_px[1] * back) for c in cells]
            counts = score(centres, field)
            found["tuned_on" if field.name in TUNED_ON else "others"] += counts
        shares = {key: round(f1(counts), 3) for key, counts in found.items()}
        whole = found["tuned_on"] + found["others"]
        told[name] = {"f1": round(f1(whole), 3), "hit_missed_false": whole.tolist(), **shares}
        print(f"  {name:26s} {told[name]}", flush=True)
    return told


def main() -> None:
    """Print the figures and write them to ``bench/marked.json``."""
    told = marked_fields(data_folder())
    RECORD.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
