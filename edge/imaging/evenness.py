"""How evenly the lamp lights the field: darkest part of the glass over the brightest."""

from __future__ import annotations

from math import nan
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.imaging.contours import bowl, glass_surface, tile_percentiles
from edge.imaging.reduction import overview

Floats = NDArray[np.float64]

_LEAST_TILES: Final = 6
"""Tiles in each direction; in fewer, slopes are those of single cells."""

_BRIGHT: Final = 90.0
"""Percentile of a tile that is taken for its glass."""

_MOST_ROUGH: Final = 0.5
"""Roughness over fall from which the fall is no lamp's: on real fields up to 0.4 with the light
from one side (fields of 34 um; 0.15 on wider ones), and mostly 0.6 and more on thick parts."""

_FLAT: Final = 0.25
"""Roughness that is borne whatever the fall: with it, no light is called uneven."""


def evenness_of(rgb: NDArray[np.uint8]) -> float:
    """Evenness of the light, 0 to 1; nan where there is too little glass to tell.

    Light falls off smoothly, cells that lie over each other do not: where a bowl fitted through the
    bright end of all tiles leaves as much as it explains, the lamp is not what makes it uneven.

    Args:
        rgb: uint8 (height, width, 3), or its ``overview``.
    """
    green = np.ascontiguousarray(overview(rgb)[..., 1])
    rows, columns = min(12, green.shape[0] // 24), min(16, green.shape[1] // 24)
    if min(rows, columns) < _LEAST_TILES:
        return nan
    bright = tile_percentiles(green, rows, columns, _BRIGHT)
    if np.percentile(bright, 75) < 2.0:
        return nan
    smooth, rough = _smooth_part(np.log(np.maximum(bright, 1.0)), rows, columns)
    if rough > max(_MOST_ROUGH * float(smooth.max() - smooth.min()), _FLAT):
        return nan
    # Tiles full of cells are left out of this one: a large white cell is no shade of the lamp.
    surface = glass_surface(green)
    darkest, brightest = float(surface.min()), float(surface.max())
    return max(0.0, darkest / brightest) if darkest < brightest else nan


def _smooth_part(logs: Floats, rows: int, columns: int) -> tuple[Floats, float]:
    """A bowl through the glass of all tiles, tiles without glass left out, and what it leaves.

    Args:
        logs: Logarithm of each tile's brightness, float64 (rows * columns,).
        rows, columns: How the tiles lie.
    """
    y, x = np.meshgrid(np.linspace(-1, 1, rows), np.linspace(-1, 1, columns), indexing="ij")
    terms = bowl(x.ravel(), y.ravel())
    keep = np.ones(logs.size, dtype=np.bool_)
    surface, left = logs, np.zeros_like(logs)
    for _ in range(4):
        surface = terms @ np.linalg.lstsq(terms[keep], logs[keep], rcond=None)[0]
        left = logs - surface
        keep = left > -2.5 * (1.4826 * float(np.median(np.abs(left[keep]))) + 0.01)
    return surface, 1.4826 * float(np.median(np.abs(left)))
