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
from PIL import Image, ImageFilter

Floats = NDArray[np.float32]

SMOOTHED_UM: Final = 0.4
"""Standard deviation of the smoothing before edges are measured; taken off their width again."""

_DIRECTIONS: Final = 8
_POINTS: Final = 160
"""Edge points looked at for each direction, those with the greatest slope."""

_NOISE_MARGIN: Final = 7.0
"""Edges must be this many times steeper than noise."""

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
        if known.size < 5:  # round cells have edges all round: the rest are smeared away
            return float("inf") if known.size else 0.0
        ordered = np.sort(known)
        return sqrt(12.0 * max(float(ordered[-2:].mean() ** 2 - ordered[:2].mean() ** 2), 0.0))


def calm(tile: NDArray[np.uint8], um_per_px: float) -> Floats:
    """A grey picture smoothed by ``SMOOTHED_UM``: without it, the noise of a camera out of
    focus would be its sharpest edge. float32 (height, width), stretched to 0-255.
    """
    low, high = (float(v) for v in np.percentile(tile[::2, ::2], [0.2, 99.8]))
    gain = 255.0 / max(high - low, 8.0)
    table = np.clip((np.arange(256) - low) * gain, 0, 255).astype(np.uint8)
    blurred = Image.fromarray(table[tile]).filter(ImageFilter.GaussianBlur(SMOOTHED_UM / um_per_px))
    return np.asarray(blurred, dtype=np.float32) / np.float32(gain) + np.float32(low)


def slope_noise(tiles: NDArray[np.uint8], um_per_px: float) -> float:
    """Standard deviation that the camera's noise leaves in a slope after ``calm``, per pixel.

    The noise is taken from second differences both ways, blind to edges and ramps (Immerkaer
    1996); a Gaussian of s pixels leaves 1 / (s^2 sqrt(8 pi)) of it in a first derivative.

    Args:
        tiles: uint8 (tiles, height, width), before ``calm``.
        um_per_px: Their scale.
    """
    t = tiles.astype(np.int16)
    rows = t[:, :-2] - 2 * t[:, 1:-1] + t[:, 2:]
    both = rows[:, :, :-2] - 2 * rows[:, :, 1:-1] + rows[:, :, 2:]
    if both.size == 0:
        return 0.0
    noise = float(np.abs(both[:, ::2, ::2]).mean()) * sqrt(np.pi / 2) / 6.0
    low = float(np.median(np.abs(both[:, ::2, ::2]))) / (0.6745 * 6.0)
    smoothing = SMOOTHED_UM / um_per_px
    return min(noise, low) / (smoothing**2 * sqrt(8 * np.pi))


def measure_edges(tiles: Floats, um_per_px: float, noise: float = 0.0) -> EdgeWidths:
    """Widths of the edges in one or more tiles of a picture.

    Args:
        tiles: float32 (tiles, height, width), each from ``calm``; about 0.2 um/px.
        um_per_px: Scale of the tiles.
        noise: From ``slope_noise``; what is hardly steeper is no edge.
    """
    _, height, width = tiles.shape
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
    chosen = _steepest(slope[inner], gx[inner], gy[inner], _NOISE_MARGIN * noise)
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
            total = float(np.percentile(mine, 30))
            widths[i] = sqrt(max(total**2 - SMOOTHED_UM**2, 0.05**2))
    return EdgeWidths(widths, float(np.median(contrast[real])) if real.any() else 0.0)


def _rise(profile: Floats, reach: int) -> Floats:
    """Contrast of each profile: from its lowest point before the edge to its highest after."""
    rise: Floats = profile[:, reach:].max(axis=1) - profile[:, : reach + 1].min(axis=1)
    return rise


def _steepest(
    slope: Floats, gx: Floats, gy: Floats, least: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Tile, row, column and direction of the steepest points of every direction."""
    floor = max(0.1 * float(slope.max()), least)
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
