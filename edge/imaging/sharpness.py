"""How wide the edges of cells are, in micrometres, and whether they are wider one way.

An edge blurred by a Gaussian of standard deviation s has the greatest slope contrast / (s sqrt(2
pi)). So contrast over slope, along the normal of an edge, is a width in micrometres that depends
neither on stain nor on light nor on magnification: one threshold serves all optics. Defocus widens
edges of every direction; motion those that it crosses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from math import sqrt
from typing import Any, Final, NamedTuple

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
    """

    across_um: NDArray[np.float64]

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


@dataclass(frozen=True)
class CalmTile:
    """A grey tile stretched over all 256 levels and smoothed by ``SMOOTHED_UM``: without it, the
    noise of a camera out of focus would be its sharpest edge.

    Attributes:
        levels: uint8 (height, width).
        gain: Levels for each grey level of the picture.
        low: Grey level of the picture at level 0.
    """

    levels: NDArray[np.uint8]
    gain: float
    low: float

    @cached_property
    def values(self) -> Floats:
        """Grey of the picture at each of the 256 levels, float32 (256,)."""
        grey: Floats = np.arange(256, dtype=np.float32) / np.float32(self.gain) + np.float32(
            self.low
        )
        return grey


def calm(tiles: NDArray[np.uint8], um_per_px: float) -> list[CalmTile]:
    """Grey tiles made ready for measuring their edges.

    Args:
        tiles: uint8 (tiles, height, width).
        um_per_px: Their scale.
    """
    counts = np.stack([histogram(tile) for tile in tiles])
    lows, highs = row_percentiles(_LEVELS, counts, (0.2, 99.8))
    gains = 255.0 / np.maximum(highs - lows, 8.0)
    tables = np.clip((_LEVELS - lows[:, None]) * gains[:, None], 0, 255).astype(np.uint8)
    size = (tiles.shape[2], tiles.shape[1])
    stretched = [
        Image.frombuffer("L", size, tile.tobytes().translate(table.tobytes()), "raw", "L", 0, 1)
        for tile, table in zip(tiles, tables, strict=True)
    ]
    smooth = _smoothed(stretched, SMOOTHED_UM / um_per_px)
    return [
        CalmTile(np.asarray(picture), float(gain), float(low))
        for picture, gain, low in zip(smooth, gains, lows, strict=True)
    ]


def _smoothed(tiles: Sequence[Image.Image], sigma_px: float) -> list[Image.Image]:
    """Grey tiles of one size smoothed, four at once as the channels of one picture: Pillow smooths
    four channels in hardly more than the time of two pictures."""
    blur = ImageFilter.GaussianBlur(sigma_px)
    fours = len(tiles) // 4 * 4
    smooth: list[Image.Image] = []
    for first in range(0, fours, 4):
        smooth += Image.merge("CMYK", tiles[first : first + 4]).filter(blur).split()
    return smooth + [tile.filter(blur) for tile in tiles[fours:]]


_LEVELS: Final = np.arange(256, dtype=np.float64)


def histogram(grey: NDArray[np.uint8]) -> NDArray[np.int64]:
    """How often each of the 256 levels occurs in a grey picture; Pillow counts bytes as bytes."""
    return np.array(Image.fromarray(grey).histogram(), dtype=np.int64)


def weighted_percentiles(
    values: NDArray[np.floating[Any]], counts: NDArray[np.integer[Any]], shares: Sequence[float]
) -> list[float]:
    """``np.percentile`` of values that occur so many times each; ``values`` ascending."""
    up_to = np.cumsum(counts)
    found = []
    for share in shares:
        place = (up_to[-1] - 1) * share / 100.0
        below = int(place)
        low, high = np.searchsorted(up_to, (below, min(below + 1, up_to[-1] - 1)), side="right")
        at = float(values[low])
        found.append(at + (float(values[high]) - at) * (place - below))
    return found


def row_percentiles(
    values: NDArray[np.floating[Any]], counts: NDArray[np.integer[Any]], shares: Sequence[float]
) -> NDArray[np.float64]:
    """``weighted_percentiles`` of each row of ``counts``, (n, m); ``values`` (m,) or (n, m).

    Returns:
        float64 (shares, n).
    """
    up_to = np.cumsum(counts, axis=1)
    last = up_to[:, -1] - 1
    rows, values = np.arange(len(counts)), np.broadcast_to(values, counts.shape)
    found = []
    for share in shares:
        place = last * share / 100.0
        below = place.astype(np.int64)
        low = np.count_nonzero(up_to <= below[:, None], axis=1)
        high = np.count_nonzero(up_to <= np.minimum(below + 1, last)[:, None], axis=1)
        at = values[rows, low].astype(np.float64)
        found.append(at + (values[rows, high] - at) * (place - below))
    return np.stack(found)


def percentile(values: Floats, share: float) -> float:
    """``np.percentile`` of some values: numpy sorts quicker than it selects."""
    return ordered_percentile(np.sort(values), share)


def ordered_percentile(ordered: Floats, share: float) -> float:
    """The same of values that lie in order."""
    place = (ordered.size - 1) * share / 100.0
    low = int(place)
    high = min(low + 1, ordered.size - 1)
    start = float(ordered[low])
    return start + (float(ordered[high]) - start) * (place - low)


def slope_noise(tiles: NDArray[np.uint8], um_per_px: float) -> float:
    """Standard deviation that the camera's noise leaves in a slope after ``calm``, per pixel.

    The noise is taken from second differences both ways, blind to edges and ramps (Immerkaer
    1996); a Gaussian of s pixels leaves 1 / (s^2 sqrt(8 pi)) of it in a first derivative.

    Args:
        tiles: uint8 (tiles, height, width), before ``calm``.
        um_per_px: Their scale.
    """
    if min(tiles.shape[1:]) < 3:
        return 0.0
    # Every second row and column says enough.
    height, width = tiles.shape[1] - 2, tiles.shape[2] - 2
    t = tiles.astype(np.int16)
    rows = t[:, :height:2] - 2 * t[:, 1 : height + 1 : 2] + t[:, 2 : height + 2 : 2]
    both = np.abs(
        rows[:, :, :width:2] - 2 * rows[:, :, 1 : width + 1 : 2] + rows[:, :, 2 : width + 2 : 2]
    )
    counts = np.bincount(both.ravel())
    steps = np.arange(counts.size, dtype=np.float64)
    noise: float = float(counts @ steps) / both.size * sqrt(np.pi / 2) / 6.0
    low = weighted_percentiles(steps, counts, (50.0,))[0] / (0.6745 * 6.0)
    smoothing = SMOOTHED_UM / um_per_px
    return min(noise, low) / (smoothing**2 * sqrt(8 * np.pi))


@dataclass(frozen=True)
class _Slopes:
    """Slopes of one tile, its rim of ``margin`` pixels left out; grey levels a pixel times 8.

    Attributes:
        across, down: int16 (height, width), in levels of the tile.
        squared: float32 (height, width), of the slope in grey levels of the picture.
    """

    across: NDArray[np.int16]
    down: NDArray[np.int16]
    squared: Floats


def _slopes(tile: CalmTile, margin: int) -> _Slopes:
    """Sobel: slope per pixel with a little smoothing along the edge, none across it."""
    height, width = tile.levels.shape
    rows, columns = slice(margin - 1, height - margin + 1), slice(margin - 1, width - margin + 1)
    t = tile.levels[rows, columns].astype(np.int16)
    sideways = t[:, 2:] - t[:, :-2]
    across = sideways[:-2] + sideways[2:] + 2 * sideways[1:-1]
    upright = t[2:] - t[:-2]
    down = upright[:, :-2] + upright[:, 2:] + 2 * upright[:, 1:-1]
    x, y = across.astype(np.float32), down.astype(np.float32)
    squared = x * x
    y *= y
    squared += y
    squared *= np.float32(1.0 / tile.gain**2)
    return _Slopes(across, down, squared)


def measure_edges(tiles: Sequence[CalmTile], um_per_px: float, noise: float = 0.0) -> EdgeWidths:
    """Widths of the edges in one or more tiles of a picture.

    Args:
        tiles: All of one shape, each from ``calm``; about 0.2 um/px.
        um_per_px: Scale of the tiles.
        noise: From ``slope_noise``; what is hardly steeper is no edge.
    """
    height, width = tiles[0].levels.shape
    reach = max(3, round(_REACH_UM / um_per_px))
    margin = reach + 1
    if min(height, width) <= 2 * margin:
        return EdgeWidths(np.full(_DIRECTIONS, np.nan))
    edges = _steepest([_slopes(tile, margin) for tile in tiles], tiles, _NOISE_MARGIN * noise)
    nx, ny = edges.gx / edges.slope, edges.gy / edges.slope
    steps = np.arange(-reach, reach + 1, dtype=np.float32)[:, None]
    levels = np.stack([tile.levels for tile in tiles])
    x = (edges.x + margin).astype(np.float32) + steps * nx
    y = (edges.y + margin).astype(np.float32) + steps * ny
    profile = _sample(levels, edges.tile, x, y)
    contrast = _rise(profile, reach) / np.array([t.gain for t in tiles], np.float32)[edges.tile]
    blur = contrast / (edges.slope * sqrt(2 * np.pi)) * um_per_px
    real = contrast > 0.35 * percentile(contrast, 90.0) if contrast.size else contrast > 0
    widths = np.full(_DIRECTIONS, np.nan)
    for i, (first, past) in enumerate(pairwise(edges.bounds)):
        all_ = blur[first:past]
        mine = all_[real[first:past]]
        if mine.size < 12:  # a long smear leaves only weak edges across it: they count then
            mine = all_
        if mine.size >= 12:
            total = percentile(mine, 30.0)
            widths[i] = sqrt(max(total**2 - SMOOTHED_UM**2, 0.05**2))
    return EdgeWidths(widths)


def _rise(profile: Floats, reach: int) -> Floats:
    """Contrast of each profile, a column: from its lowest point before the edge to its highest
    after."""
    rise: Floats = profile[reach:].max(axis=0) - profile[: reach + 1].min(axis=0)
    return rise


class _Points(NamedTuple):
    """Edge points: where they lie inside the margin of which tile, and their slope, float32 (n,),
    in grey levels of the picture a pixel; by direction, each from its bound to the next."""

    tile: NDArray[np.intp]
    y: NDArray[np.intp]
    x: NDArray[np.intp]
    gx: Floats
    gy: Floats
    slope: Floats
    bounds: list[int]


_THRESHOLDS: Final = (0.35, 0.15, 0.06, 0.01)
"""Shares of the greatest squared slope tried in turn: most pictures have enough edges of every
direction at the first, and only those above it need be looked at one by one."""


_FEW_PX: Final = 30_000
"""Pixels of which all that can be edges are looked at at once: one cell, not a field."""


def _steepest(slopes: Sequence[_Slopes], tiles: Sequence[CalmTile], least: float) -> _Points:
    """The steepest points of every direction."""
    greatest = max(float(one.squared.max()) for one in slopes)
    floor = max(0.01 * greatest, (8.0 * least) ** 2)
    pixels = sum(one.squared.size for one in slopes)
    for share in _THRESHOLDS if pixels > _FEW_PX else _THRESHOLDS[-1:]:
        threshold = max(share * greatest, floor)
        points, direction = _points_above(slopes, tiles, threshold)
        counts = np.bincount(direction, minlength=_DIRECTIONS)
        if threshold == floor or counts.min() > _POINTS:
            break
    order = np.argsort(direction, kind="stable")
    steepness = -points.slope[order]
    keep, first = [], 0
    for past in np.cumsum(counts).tolist():
        mine = order[first:past]
        if past - first > _POINTS:
            mine = mine[np.argpartition(steepness[first:past], _POINTS)[:_POINTS]]
        keep.append(mine)
        first = past
    kept = np.concatenate(keep)
    return _Points(
        points.tile[kept],
        points.y[kept],
        points.x[kept],
        points.gx[kept],
        points.gy[kept],
        points.slope[kept],
        [0, *accumulate(map(len, keep))],
    )


def _points_above(
    slopes: Sequence[_Slopes], tiles: Sequence[CalmTile], threshold: float
) -> tuple[_Points, NDArray[np.uint8]]:
    """All points with a greater squared slope (times 64), and the direction of each."""
    width = slopes[0].squared.shape[1]
    places = [np.flatnonzero(one.squared > threshold) for one in slopes]
    which = np.repeat(np.arange(len(places)), [len(p) for p in places])
    place = np.concatenate(places)
    per_px = (0.125 / np.array([tile.gain for tile in tiles])).astype(np.float32)[which]
    gx = np.concatenate([s.across.ravel()[p] for s, p in zip(slopes, places, strict=True)]) * per_px
    gy = np.concatenate([s.down.ravel()[p] for s, p in zip(slopes, places, strict=True)]) * per_px
    angle = np.arctan2(gy, gx) % np.float32(np.pi)
    direction = np.minimum((angle * (_DIRECTIONS / np.pi)).astype(np.uint8), _DIRECTIONS - 1)
    y, x = np.divmod(place, width)
    return _Points(which, y, x, gx, gy, np.hypot(gx, gy), []), direction


def _sample(levels: NDArray[np.uint8], tile: NDArray[np.intp], x: Floats, y: Floats) -> Floats:
    """Bilinear values at fractional places inside, (steps, points)."""
    _, height, width = levels.shape
    column, row = np.floor(x), np.floor(y)
    fx, fy = x - column, y - row
    at = (row * np.float32(width) + column).astype(np.intp)
    at += tile * (height * width)
    flat = levels.ravel()
    upper = _between(flat.take(at), flat.take(at + 1), fx)
    at += width
    lower = _between(flat.take(at), flat.take(at + 1), fx)
    lower -= upper
    lower *= fy
    lower += upper
    return lower


def _between(one: NDArray[np.uint8], other: NDArray[np.uint8], share: Floats) -> Floats:
    """Linear interpolation from one grey to the other."""
    start = one.astype(np.float32)
    way: Floats = other.astype(np.float32)
    way -= start
    way *= share
    way += start
    return way
