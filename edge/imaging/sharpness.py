"""How wide the edges of cells are, in micrometres, and whether they are wider one way.

An edge blurred by a Gaussian of standard deviation s has the greatest slope contrast / (s sqrt(2
pi)). So contrast over slope, along the normal of an edge, is a width in micrometres that depends
neither on stain nor on light nor on magnification: one threshold serves all optics. Defocus widens
edges of every direction; motion those that it crosses.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_DIRECTIONS: Final = 8
_POINTS: Final = 160
"""Edge points looked at for each direction, those with the greatest slope."""

_REACH_UM: Final = 2.0
"""How far a profile reaches to either side of the edge."""


@dataclass(frozen=True)
class EdgeWidths:
    """Widths of the sharper edges of a picture.

    Attributes:
        across_um: float (8,), standard deviation of the blur of edges whose normal points at
            (i + 0.5) x 22.5 degrees; nan where too few edges point that way.
        contrast: Typical contrast of the edges used, in units of the picture given.
    """

    across_um: NDArray[np.float64]
    contrast: float

    @property
    def typical_um(self) -> float:
        """Median over the directions, um; nan where there is no edge."""
        known = self.across_um[np.isfinite(self.across_um)]
        return float(np.median(known)) if known.size else float("nan")

    @property
    def motion_um(self) -> float:
        """Length of a straight smear that would explain the difference between directions.

        A smear of length L adds a variance of L^2 / 12 to the edges that it crosses.
        """
        known = self.across_um[np.isfinite(self.across_um)]
        if known.size < 4:
            return 0.0
        ordered = np.sort(known)
        return sqrt(12.0 * max(float(ordered[-2:].mean() ** 2 - ordered[:2].mean() ** 2), 0.0))


def measure_edges(tiles: Floats, um_per_px: float) -> EdgeWidths:
    """Widths of the edges in one or more tiles of a picture.

    Args:
        tiles: float32 (tiles, height, width), dark on bright or the reverse; about 0.2 um/px.
        um_per_px: Scale of the tiles.
    """
    count, height, width = tiles.shape
    reach = max(3, round(_REACH_UM / um_per_px))
    gx = np.zeros_like(tiles)
    gy = np.zeros_like(tiles)
    # Sobel: slope per pixel with a little smoothing along the edge, none across it.
    across = tiles[:, :, 2:] - tiles[:, :, :-2]
    gx[:, 1:-1, 1:-1] = (across[:, :-2] + 2 * across[:, 1:-1] + across[:, 2:]) / 8
    down = tiles[:, 2:] - tiles[:, :-2]
    gy[:, 1:-1, 1:-1] = (down[:, :, :-2] + 2 * down[:, :, 1:-1] + down[:, :, 2:]) / 8
    slope = np.hypot(gx, gy)
    margin = reach + 1
    inner = np.s_[:, margin : height - margin, margin : width - margin]
    if slope[inner].size == 0:
        return EdgeWidths(np.full(_DIRECTIONS, np.nan), 0.0)
    chosen = _steepest(slope[inner], gx[inner], gy[inner])
    t, y, x, direction = chosen
    y, x = y + margin, x + margin
    nx, ny = gx[t, y, x] / slope[t, y, x], gy[t, y, x] / slope[t, y, x]
    steps = np.arange(-reach, reach + 1, dtype=np.float32)
    profile = _sample(tiles, t, x[:, None] + steps * nx[:, None], y[:, None] + steps * ny[:, None])
    contrast = _rise(profile, reach)
    blur = contrast / (slope[t, y, x] * sqrt(2 * np.pi)) * um_per_px
    real = contrast > 0.35 * np.percentile(contrast, 90) if contrast.size else contrast > 0
    widths = np.full(_DIRECTIONS, np.nan)
    for i in range(_DIRECTIONS):
        mine = blur[real & (direction == i)]
        if mine.size < 12:  # a long smear leaves only weak edges across it: they count then
            mine = blur[direction == i]
        if mine.size >= 12:
            widths[i] = np.percentile(mine, 30)
    return EdgeWidths(widths, float(np.median(contrast[real])) if real.any() else 0.0)


def _rise(profile: Floats, reach: int) -> Floats:
    """Contrast of each profile: from its lowest point before the edge to its highest after."""
    rise: Floats = profile[:, reach:].max(axis=1) - profile[:, : reach + 1].min(axis=1)
    return rise


def _steepest(
    slope: Floats, gx: Floats, gy: Floats
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Tile, row, column and direction of the steepest points of every direction."""
    floor = 0.1 * float(slope.max())
    t, y, x = np.nonzero(slope > floor)
    angle = np.arctan2(gy[t, y, x], gx[t, y, x]) % np.pi
    direction = np.minimum((angle * (_DIRECTIONS / np.pi)).astype(np.int64), _DIRECTIONS - 1)
    steep = slope[t, y, x]
    keep = []
    for i in range(_DIRECTIONS):
        mine = np.flatnonzero(direction == i)
        if mine.size > _POINTS:
            mine = mine[np.argpartition(-steep[mine], _POINTS)[:_POINTS]]
        keep.append(mine)
    kept = np.concatenate(keep)
    return t[kept], y[kept], x[kept], direction[kept]


def _sample(tiles: Floats, t: NDArray[np.int64], x: Floats, y: Floats) -> Floats:
    """Bilinear values at fractional places, (points, steps)."""
    column = np.floor(x).astype(np.int64)
    row = np.floor(y).astype(np.int64)
    fx, fy = x - column, y - row
    which = t[:, None]
    upper = tiles[which, row, column] * (1 - fx) + tiles[which, row, column + 1] * fx
    lower = tiles[which, row + 1, column] * (1 - fx) + tiles[which, row + 1, column + 1] * fx
    result: Floats = (upper * (1 - fy) + lower * fy).astype(np.float32)
    return result
