"""``python -m bench.red_cell_ruler``: is the scale wrong, or are the red cells small?

The fields of chula_red_cells are of patients with thalassemia and carry a scale bar. The size of
their red cells is measured in two ways that share nothing but the picture: by the circles that the
scale rests on (``edge.imaging.scale``), and plainly, as the area of what is darker than the glass,
pallor filled, of separate round pieces. Where both say that a field's cells are small, they are.

Then the fields are taken for slides of one microscope, in random orders: how good is the scale of
each from the eleventh on, narrowed by what is remembered of those before
(``edge.imaging.objectives``)?

Last: small cells hold little haemoglobin. Is how pale they are, and of what colour, enough to
correct for their size? A straight line is fitted to five sixths of the fields and held against
the rest.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.figures import data_folder
from bench.record import show_and_keep
from edge.imaging.components import fill_small_holes, label_with_extents
from edge.imaging.objectives import Objective, narrowed, with_examination
from edge.imaging.red_cells import red_stain
from edge.imaging.scale import RED_CELL_UM, ScaleEstimate, measure_scale

RECORD = Path(__file__).with_suffix(".json")

UM_PER_PX = 0.1905
"""From the burned-in bars (8 um are 42 px, 20 um are 105 px)."""

WITHOUT_KNOWN_SCALE = {"images/713.jpg", "images/727.jpg"}

_ORDERS = 20
_PARTS = 6
_LEAST_CELLS = 5
_LEAST_UM2, _MOST_UM2 = 12.0, 90.0
_ROUND = 0.7
"""Least share of its box's ellipse that a piece fills, and of width over height."""


def fields(folder: Path) -> Iterator[NDArray[np.uint8]]:
    """All fields of known scale."""
    with zipfile.ZipFile(folder / "chula_red_cells.zip") as archive:
        for name in sorted(n for n in archive.namelist() if n.endswith(".jpg")):
            if name not in WITHOUT_KNOWN_SCALE:
                with Image.open(io.BytesIO(archive.read(name))) as picture:
                    yield np.asarray(picture.convert("RGB"))


def plain_diameter_um(rgb: NDArray[np.uint8]) -> float:
    """Median diameter of separate round pieces that are darker than the glass, um; nan if few."""
    green = rgb[..., 1].astype(np.float64)
    glass, dark = np.percentile(green, 90), np.percentile(green, 10)
    mask = fill_small_holes(green < (glass + dark) / 2, round(20.0 / UM_PER_PX**2))
    _, size = label_with_extents(mask)
    width, height = size.right - size.left, size.bottom - size.top
    area_um2 = size.area * UM_PER_PX**2
    filled = size.area / (np.pi / 4 * width * height)
    even = np.minimum(width, height) / np.maximum(width, height)
    inside = (size.left > 0) & (size.top > 0)
    inside &= (size.right < mask.shape[1]) & (size.bottom < mask.shape[0])
    good = inside & (filled > 0.9) & (even > _ROUND)
    good &= (area_um2 > _LEAST_UM2) & (area_um2 < _MOST_UM2)
    if np.count_nonzero(good) < _LEAST_CELLS:
        return float("nan")
    return float(np.median(2 * np.sqrt(area_um2[good] / np.pi)))


def remembered(readings: list[ScaleEstimate]) -> list[float]:
    """Relative errors of scales narrowed by those before, the eleventh on, in random orders."""
    errors = []
    for seed in range(_ORDERS):
        known: tuple[Objective, ...] = ()
        for place, i in enumerate(np.random.default_rng(seed).permutation(len(readings))):
            if place >= 10:
                errors.append(narrowed(known, readings[i]).estimate.um_per_px / UM_PER_PX - 1)
            known = with_examination(known, readings[i], "")
    return errors


def corrected(errors: NDArray[np.float64], clues: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithmic errors less what clues foretell of them, by a line fitted to other fields.

    Args:
        errors: float64 (n,).
        clues: float64 (n, k).
    """
    terms = np.c_[np.ones(len(errors)), clues]
    order = np.random.default_rng(0).permutation(len(errors))
    left = np.empty_like(errors)
    for turn in range(_PARTS):
        held = order[turn::_PARTS]
        others = np.setdiff1d(order, held)
        line = np.linalg.lstsq(terms[others], errors[others], rcond=None)[0]
        left[held] = errors[held] - terms[held] @ line
    return left


def measure(folder: Path) -> dict[str, float]:
    """How far the scale is off, and how much of that both measures of the cells agree on."""
    pairs, errors, readings, foretold = [], [], [], []
    for rgb in fields(folder):
        found = measure_scale(rgb)
        errors.append(np.nan if found is None else found.um_per_px / UM_PER_PX - 1)
        if found is not None:
            readings.append(found)
            circles_um = RED_CELL_UM * UM_PER_PX / found.um_per_px
            if (stain := red_stain(rgb)) is not None:
                clues = np.log(stain.density), *stain.colour
                foretold.append((np.log(found.um_per_px / UM_PER_PX), *clues))
            pairs.append((circles_um, plain_diameter_um(rgb)))
    off, later = np.array(errors), np.array(remembered(readings))
    told = np.array(foretold)
    left = corrected(told[:, 0], told[:, 1:])
    both = np.array([pair for pair in pairs if np.isfinite(pair[1])])
    ours, plain = np.log(both.T)
    # What is left of the spread when the cells' own size, by the plain measure, is taken off.
    rest = ours - plain
    return {
        "fields": len(errors),
        "answered": int(np.isfinite(off).sum()),
        "within_5_percent": round(float(np.mean(np.abs(off) < 0.05)), 3),
        "within_15_percent": round(float(np.mean(np.abs(off) < 0.15)), 3),
        "median_error": round(float(np.nanmedian(off)), 3),
        "remembered_median_error": round(float(np.median(later)), 3),
        "remembered_within_5_percent": round(float(np.mean(np.abs(later) < 0.05)), 3),
        "remembered_within_15_percent": round(float(np.mean(np.abs(later) < 0.15)), 3),
        "spread_of_errors": round(float(told[:, 0].std()), 3),
        "correlation_with_the_stain's_density": round(
            float(np.corrcoef(told[:, 0], told[:, 1])[0, 1]), 3
        ),
        "spread_of_errors_corrected_by_stain": round(float(left.std()), 3),
        "corrected_by_stain_within_5_percent": round(float(np.mean(np.abs(left) < 0.05)), 3),
        "measured_both_ways": len(both),
        "typical_diameter_um": round(float(np.exp(np.median(plain))), 2),
        "spread_between_fields": round(float(plain.std()), 3),
        "correlation": round(float(np.corrcoef(ours, plain)[0, 1]), 3),
        "spread_left": round(float(rest.std()), 3),
        "within_5_percent_of_the_cells_own_size": round(
            float(np.mean(np.abs(rest - np.median(rest)) < 0.05)), 3
        ),
    }


def main() -> None:
    """Print the figures and write ``bench/red_cell_ruler.json``."""
    show_and_keep(measure(data_folder()), RECORD)


if __name__ == "__main__":
    main()
