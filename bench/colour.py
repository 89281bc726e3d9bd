"""``python -m bench.colour``: how far colours lie apart before and after the white reference.

Same cells: single cells as they are and under simulated light, the crops with and without the
glass made neutral; mean distance over the pixels. Between sources: typical colour of a source's
red cells and nuclei's surroundings (median of what is darker than the glass), mean distance over
all pairs. Distances are CIE 1976 colour differences in L*a*b* of sRGB (CIE 15); 2.3 is just
noticeable.
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.figures import data_folder
from bench.shifts import Shift, light, vignetting
from edge.imaging.background import balance_white, white_reference
from edge.imaging.crop import CropSpec, crop_cell

Rgb = NDArray[np.uint8]

SOURCES = {
    "barcelona_normal": 0.2,
    "jhu_acute_leukemia": 0.2,
    "munich_aml": 0.1414,
    "raabin_phone": 0.06,
    "bccd_fields": 0.08,
}
LIGHTS: dict[str, Shift] = {
    "tungsten": light(1.0, 0.82, 0.55),
    "cold LED": light(0.78, 0.9, 1.0),
    "phone, green": light(0.8, 1.0, 0.85),
    "half the light": light(0.5, 0.5, 0.5),
    "vignetting to 0.7": vignetting(0.7),
}


def lab(rgb: NDArray[np.generic]) -> NDArray[np.float64]:
    """sRGB 0-255, last axis the channels, to CIE L*a*b* under D65 (IEC 61966-2-1, CIE 15)."""
    part = np.asarray(rgb, dtype=np.float64) / 255.0
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    ratio = linear @ to_xyz.T / np.array([0.9505, 1.0, 1.089])
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def distance(one: NDArray[np.generic], other: NDArray[np.generic]) -> float:
    """Mean colour difference of two pictures, or of two colours."""
    return float(np.sqrt(((lab(one) - lab(other)) ** 2).sum(axis=-1)).mean())


def pictures(folder: Path, source: str, count: int) -> list[Rgb]:
    """Some pictures of a source, evenly from its list."""
    with zipfile.ZipFile(folder / f"{source}.zip") as archive:
        names = sorted(n for n in archive.namelist() if n.endswith((".webp", ".jpg", ".png")))
        chosen = names[:: max(1, len(names) // count)][:count]
        opened = [Image.open(io.BytesIO(archive.read(name))) for name in chosen]
        return [np.asarray(picture.convert("RGB")) for picture in opened]


def same_cells(found: dict[str, list[Rgb]]) -> dict[str, dict[str, float]]:
    """Each light: mean distance of plain crops, and of crops as the network sees them."""
    spec = CropSpec()
    told = {}
    for name, shift in LIGHTS.items():
        plain, prepared = [], []
        for source, um_per_px in SOURCES.items():
            for rgb in found[source]:
                lit, _ = shift(rgb, um_per_px)
                middle = (rgb.shape[1] / 2, rgb.shape[0] / 2)
                plain.append(distance(rgb[::4, ::4], lit[::4, ::4]))
                crops = [crop_cell(p, middle, um_per_px, spec)[::2, ::2] for p in (rgb, lit)]
                prepared.append(distance(*crops))
        told[name] = {
            "before": round(float(np.mean(plain)), 1),
            "after": round(float(np.mean(prepared)), 1),
        }
    return told


def between_sources(found: dict[str, list[Rgb]]) -> dict[str, float]:
    """Mean distance over all pairs of sources of the typical colour of what is stained."""
    before, after = {}, {}
    for source, rgbs in found.items():
        before[source] = np.median([_stained(rgb) for rgb in rgbs], axis=0)
        balanced = [balance_white(rgb, white_reference(rgb)) for rgb in rgbs]
        after[source] = np.median([_stained(rgb) for rgb in balanced], axis=0)
    pairs = list(itertools.combinations(found, 2))
    return {
        "before": round(float(np.mean([distance(before[a], before[b]) for a, b in pairs])), 1),
        "after": round(float(np.mean([distance(after[a], after[b]) for a, b in pairs])), 1),
    }


def _stained(rgb: Rgb) -> NDArray[np.float64]:
    """Median colour of what absorbs a fifth of the glass's green light or more."""
    sparse = rgb[::2, ::2].reshape(-1, 3)
    glass = np.percentile(sparse[:, 1], 95)
    stained = sparse[sparse[:, 1] < 0.8 * glass]
    middle: NDArray[np.float64] = np.median(stained if len(stained) else sparse, axis=0)
    return middle


def main() -> None:
    """Print both as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.colour", description=__doc__)
    parser.add_argument("--each", type=int, default=12, help="pictures of each source")
    arguments = parser.parse_args()
    found = {name: pictures(data_folder(), name, arguments.each) for name in SOURCES}
    told = {"same_cells": same_cells(found), "between_sources": between_sources(found)}
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
