"""Micrometres per pixel, measured from the ruler that lies in every field: red cells.

The diameter of a red cell in a dried, stained smear is about 7.2 um. What is measured here is the
typical diameter in pixels, at whatever magnification; see ``circles`` for how.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import ceil, exp, hypot, log, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.imaging.circles import Circles, fit_circles, typical_radius
from edge.imaging.contours import Contours, darkness_of, find_levels, trace
from edge.imaging.reduction import reduced

RED_CELL_UM: Final = 7.3
"""Diameter by our outlines where the scale is known: medians of 7.3 um (Barcelona, 0.2 um/px),
7.4 (Johns Hopkins, 0.2), 7.2 (Munich, 0.1414); textbooks give 7.2 to 7.5 for smears."""

BETWEEN_SLIDES: Final = 0.08
"""Relative spread of the typical red-cell diameter from slide to slide (patients differ, and so
do drying and thickness): what no number of frames of one slide can average away. Measured: 0.06
between twelve leukemia patients of one laboratory, 0.13 between fields of the thalassemia set,
where nothing else in the picture foretells it."""

MIN_UM_PER_PX: Final = 0.03
MAX_UM_PER_PX: Final = 0.55

_SIDE_PX: Final = 480
"""Longest side of the reduced picture that is traced."""

_SMALLEST_PX: Final = 4.5
"""Least radius looked for on the reduced picture; below, outlines are too coarse."""

_FINE_PX: Final = 7.0
"""A radius from which on the outline is measured well enough, on the reduced picture."""

_GLANCE_PX: Final = 320
"""Side of the reduced window that is looked at where the scale is only to be confirmed."""

_GLANCE_RADIUS_PX: Final = 12.0
"""Radius that a red cell should have there, at least where the picture is not coarser."""

_LEAST_CONFIRMING: Final = 8
"""So many red cells must be of the size expected."""

_LEAST_EXPLAINED: Final = 0.15
"""Less than this share of the stained area in round cells is no measurement."""

_WELL_EXPLAINED: Final = 0.3
"""More than this, and no finer look is needed."""


@dataclass(frozen=True)
class ScaleEstimate:
    """Scale of a picture.

    Attributes:
        um_per_px: Micrometres per pixel.
        relative_error: One standard deviation, relative; includes that between slides.
        red_cells: How many red cells it rests on.
    """

    um_per_px: float
    relative_error: float
    red_cells: int


@dataclass(frozen=True)
class _Reading:
    """Red cells found at one reduction of the picture, lengths in pixels of the full picture."""

    diameter_px: float
    statistical_error: float
    red_cells: int
    explained: float
    fine: bool


def measure_scale(rgb: NDArray[np.uint8]) -> ScaleEstimate | None:
    """Scale of any field of a smear from its red cells, between 0.04 and 0.45 um/px.

    Args:
        rgb: uint8 (height, width, 3).

    Returns:
        None where too few round red cells are seen to say.
    """
    best: _Reading | None = None
    for picture, factor in _reductions(rgb):
        reading = _read(picture, factor)
        if reading is None:
            continue
        if best is None or reading.explained > 1.15 * best.explained:
            best = reading
        if best.fine and best.explained > _WELL_EXPLAINED and best.red_cells >= 4:
            break
    if best is None or best.explained < _LEAST_EXPLAINED:
        return None
    um_per_px = RED_CELL_UM / best.diameter_px
    if not MIN_UM_PER_PX <= um_per_px <= MAX_UM_PER_PX:
        return None
    # Little of the picture explained: the round things may be something else.
    doubt = 0.06 * max(0.0, 0.4 - best.explained) / 0.25
    # One or two round things may be white cells or platelets.
    few = 0.35 / best.red_cells
    error = sqrt(best.statistical_error**2 + doubt**2 + few**2 + BETWEEN_SLIDES**2)
    return ScaleEstimate(um_per_px, error, best.red_cells)


def confirms_scale(rgb: NDArray[np.uint8], um_per_px: float, factor: float) -> bool:
    """Whether the red cells in the middle of a field are of the size that a scale lets expect.

    A fraction of the work of ``measure_scale``. False says nothing: perhaps too few are seen.

    Args:
        rgb: uint8 (height, width, 3).
        um_per_px: The scale.
        factor: So many times smaller or larger they may be, above 1.
    """
    radius_px = RED_CELL_UM / 2.0 / um_per_px
    reduction = max(1, int(radius_px / _GLANCE_RADIUS_PX))
    reading = _read(reduced(_middle(rgb, _GLANCE_PX * reduction), reduction), reduction)
    if reading is None or reading.explained <= _WELL_EXPLAINED:
        return False
    away = abs(log(reading.diameter_px / (2.0 * radius_px)))
    return reading.fine and reading.red_cells >= _LEAST_CONFIRMING and away < log(factor)


def _middle(rgb: NDArray[np.uint8], side_px: int) -> NDArray[np.uint8]:
    """The middle of a picture, at most so tall and wide."""
    height, width = rgb.shape[:2]
    tall, wide = min(height, side_px), min(width, side_px)
    top, left = (height - tall) // 2, (width - wide) // 2
    return rgb[top : top + tall, left : left + wide]


def _reductions(rgb: NDArray[np.uint8]) -> list[tuple[NDArray[np.uint8], int]]:
    """The whole picture reduced, then its middle at ever finer scale."""
    height, width = rgb.shape[:2]
    factor = max(1, ceil(max(height, width) / _SIDE_PX))
    result = []
    while True:
        result.append((reduced(_middle(rgb, _SIDE_PX * factor), factor), factor))
        if factor == 1:
            return result
        factor = max(1, factor // 2)


def _read(picture: NDArray[np.uint8], factor: int) -> _Reading | None:
    """Typical red cell of one reduced picture."""
    if min(picture.shape[:2]) < 32:
        return None
    darkness = darkness_of(picture)
    best: _Reading | None = None
    whole: int | None = None
    for levels in find_levels(darkness):
        contours = trace(darkness, levels)
        if contours is None:
            continue
        # All guesses are held against the same stained area, that of the palest.
        stained = int((darkness > levels.threshold).sum())
        reading = _read_circles(contours, factor)
        if reading is None:
            continue
        if best is not None and whole is not None:
            share = best.explained * whole / max(stained, 1)
            if share > 0.6 * reading.explained and best.red_cells >= 0.8 * reading.red_cells:
                continue
        best, whole = reading, stained
        if reading.explained > 0.5 and reading.red_cells >= 8:
            break  # many alike and little left over: nuclei never look like that
    return best


def _read_circles(contours: Contours, factor: int) -> _Reading | None:
    """Median diameter of the red cells that stand on these outlines."""
    largest = 0.3 * min(contours.cells.shape)
    radius = typical_radius(contours, _SMALLEST_PX, max(largest, 2 * _SMALLEST_PX))
    if radius is None:
        return None
    circles = fit_circles(contours, radius)
    good = _good(circles)
    if not good.any():
        return None
    radii = circles.radius[good]
    middle = float(np.median(radii))
    near = radii[np.abs(radii / middle - 1.0) < 0.3]
    spread = max(float(near.std() / near.mean()), 0.08)
    stained = (contours.cells & (contours.darkness < contours.levels.nucleus)).sum()
    return _Reading(
        diameter_px=2.0 * factor * float(np.median(near)),
        statistical_error=1.25 * spread / sqrt(near.size),
        red_cells=int(near.size),
        explained=float(np.pi * (near**2).sum() / max(int(stained), 1)),
        fine=middle >= _FINE_PX,
    )


def _good(circles: Circles) -> NDArray[np.bool_]:
    good: NDArray[np.bool_] = (circles.coverage > 0.5) & (circles.roughness < 0.12)
    return good


class ScaleTracker:
    """Pools the readings of many frames, and notices when the objective was changed.

    Readings are pooled as logarithms with a weighted median, so that single wrong frames do not
    matter. A run of readings that all disagree with the pool starts a new one.
    """

    def __init__(self, keep: int = 60, run: int = 5) -> None:
        """Make an empty tracker.

        Args:
            keep: Most readings remembered.
            run: How many disagreeing readings in a row mean another objective.
        """
        self._readings: deque[ScaleEstimate] = deque(maxlen=keep)
        self._strange: list[ScaleEstimate] = []
        self._run = run
        self.changes = 0
        """How often the objective was changed."""

    def add(self, picture: NDArray[np.uint8] | ScaleEstimate) -> ScaleEstimate | None:
        """Take one more frame, or its reading, and return the pooled estimate."""
        reading = picture if isinstance(picture, ScaleEstimate) else measure_scale(picture)
        if reading is None:
            return self.estimate
        pooled = self.estimate
        if pooled is not None and len(self._readings) >= 3 and self._disagrees(reading, pooled):
            self._strange.append(reading)
            if len(self._strange) >= self._run and _agree(self._strange):
                self._readings.clear()
                self._readings.extend(self._strange)
                self._strange.clear()
                self.changes += 1
            return self.estimate
        self._strange.clear()
        self._readings.append(reading)
        return self.estimate

    @staticmethod
    def _disagrees(reading: ScaleEstimate, pooled: ScaleEstimate) -> bool:
        """Whether a reading is further off than its own error and a safe margin allow."""
        away = abs(log(reading.um_per_px / pooled.um_per_px))
        return away > max(0.2, 3.0 * hypot(reading.relative_error, pooled.relative_error))

    @property
    def estimate(self) -> ScaleEstimate | None:
        """The pooled scale, or None before the first reading."""
        if not self._readings:
            return None
        logs = np.array([log(r.um_per_px) for r in self._readings])
        own = np.array([_statistical(r) for r in self._readings])
        weights = 1.0 / (own**2 + 0.03**2)
        middle = _weighted_median(logs, weights)
        error = 1.25 / sqrt(float(weights.sum()))
        if logs.size > 3:  # what the readings really do counts more than what they promise
            spread = 1.4826 * _weighted_median(np.abs(logs - middle), weights)
            error = max(error, 1.25 * spread / sqrt(logs.size))
        return ScaleEstimate(
            um_per_px=exp(middle),
            relative_error=hypot(error, BETWEEN_SLIDES),
            red_cells=sum(r.red_cells for r in self._readings),
        )


def _statistical(reading: ScaleEstimate) -> float:
    """The part of a reading's error that averages away."""
    return sqrt(max(reading.relative_error**2 - BETWEEN_SLIDES**2, 1e-4))


def _agree(readings: list[ScaleEstimate]) -> bool:
    """Whether readings lie within 15% of their median."""
    logs = np.log([r.um_per_px for r in readings])
    return bool((np.abs(logs - np.median(logs)) < 0.15).mean() >= 0.8)


def _weighted_median(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][int(np.searchsorted(total, 0.5 * total[-1]))])
