"""Round cells from their outlines, also where cells touch, overlap or leave the picture.

Every outline point votes for the place one radius inward along its normal (Hough transform with
gradient, Kimme, Ballard and Sklansky 1975): at the right radius the votes of one cell meet. A
centre counts by the share of its circle that voted for it, so that half a cell is enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.imaging.contours import Contours

Floats = NDArray[np.float64]

_STEP: Final = 1.08
"""Ratio of neighbouring radii tried."""

_BIN: Final = 0.12
"""Side of a voting bin, in radii; three by three are added up."""

_DIGITAL: Final = 0.9
"""Outline pixels per pixel of a digital circle's length (4-connected inner boundary)."""

_MOST_POINTS: Final = 4000
_MOST_CELLS: Final = 50


@dataclass(frozen=True)
class Circles:
    """Circles fitted to n cells; pixels of the picture that was traced.

    Attributes:
        x: Column of each centre.
        y: Row of each centre.
        radius: Radius.
        coverage: Share of the circle where an outline was seen, 0 to 1.
        roughness: Spread of the outline about the circle, in radii.
    """

    x: Floats
    y: Floats
    radius: Floats
    coverage: Floats
    roughness: Floats


@dataclass(frozen=True)
class _Votes:
    """Share of a circle that voted for each bin, and the bin's side in pixels."""

    share: Floats
    bin_px: float


def _vote(c: Contours, keep: slice, radius: float) -> _Votes:
    height, width = c.cells.shape
    side = max(1.0, _BIN * radius)
    columns, rows = int(width / side) + 4, int(height / side) + 4
    ix = ((c.x[keep] + c.nx[keep] * radius) / side + 1.5).astype(np.int64)
    iy = ((c.y[keep] + c.ny[keep] * radius) / side + 1.5).astype(np.int64)
    inside = (ix > 0) & (ix < columns - 1) & (iy > 0) & (iy < rows - 1)
    flat = np.bincount(iy[inside] * columns + ix[inside], minlength=rows * columns)
    votes = np.pad(flat.reshape(rows, columns).astype(np.float64), 1)
    across = votes[:, :-2] + votes[:, 1:-1] + votes[:, 2:]
    summed = across[:-2] + across[1:-1] + across[2:]
    points = 2.0 * np.pi * radius * _DIGITAL / (keep.step or 1)
    return _Votes(summed / points, side)


def _tops(votes: _Votes, least: float) -> tuple[Floats, Floats, Floats]:
    """Local maxima of the votes: column, row (pixels) and share."""
    s = votes.share
    middle = s[1:-1, 1:-1]
    rows, columns = np.nonzero(middle > least)
    top = np.ones(rows.size, dtype=np.bool_)
    for dy in (0, 1, 2):
        for dx in (0, 1, 2):
            top &= s[rows + 1, columns + 1] >= s[rows + dy, columns + dx]
    rows, columns = rows[top], columns[top]
    side = votes.bin_px
    return (columns + 0.0) * side, (rows + 0.0) * side, middle[rows, columns]


def _is_red(c: Contours, x: Floats, y: Floats, radius: float) -> NDArray[np.bool_]:
    """Whether the disc about each centre holds no nucleus, platelet or dark stain."""
    height, width = c.cells.shape
    turn = np.arange(8) * (np.pi / 4)
    dx = np.concatenate([[0.0], 0.3 * np.cos(turn), 0.6 * np.cos(turn + 0.4)]) * radius
    dy = np.concatenate([[0.0], 0.3 * np.sin(turn), 0.6 * np.sin(turn + 0.4)]) * radius
    px = np.clip(np.rint(x[:, None] + dx).astype(np.int64), 0, width - 1)
    py = np.clip(np.rint(y[:, None] + dy).astype(np.int64), 0, height - 1)
    dark = c.darkness[py, px] > c.levels.nucleus
    result: NDArray[np.bool_] = (dark.mean(axis=1) < 0.15) & (c.cells[py, px].mean(axis=1) > 0.8)
    return result


def typical_radius(c: Contours, smallest_px: float, largest_px: float) -> float | None:
    """The radius at which most of the picture's red-cell area shows whole circles.

    Args:
        c: Outlines.
        smallest_px: Least radius tried.
        largest_px: Greatest radius tried.

    Returns:
        Radius in pixels (to about 8%), or None where no radius has any circle.
    """
    keep = slice(0, None, c.x.size // _MOST_POINTS + 1)
    radii = smallest_px * _STEP ** np.arange(
        max(1, int(np.log(largest_px / smallest_px) / np.log(_STEP)) + 1)
    )
    area = np.zeros(radii.size)
    for i, radius in enumerate(radii):
        x, y, share = _tops(_vote(c, keep, float(radius)), 0.45)
        red = _is_red(c, x, y, float(radius))
        area[i] = ((share[red] - 0.4) * radius**2).sum()
    # A cell of middling roundness spreads over the neighbouring radii.
    spread = np.convolve(np.pad(area, 1), [0.5, 1.0, 0.5], mode="valid")
    best = int(spread.argmax())
    return float(radii[best]) if spread[best] > 0 else None


def fit_circles(c: Contours, radius_px: float) -> Circles:
    """Red cells of about one radius, each with a circle fitted to the outline that is seen."""
    keep = slice(0, None, c.x.size // _MOST_POINTS + 1)
    found = [[], [], [], []]  # type: list[list[Floats]]
    for factor in (0.84, 1.0, 1.19):
        radius = radius_px * factor
        x, y, share = _tops(_vote(c, keep, radius), 0.4)
        red = _is_red(c, x, y, radius)
        for values, more in zip(found, (x, y, share, np.full(x.size, radius)), strict=True):
            values.append(more[red])
    x, y, share, radius_each = (np.concatenate(values) for values in found)
    chosen = _apart(x, y, share, 0.7 * radius_px)
    return _refine(c, keep, x[chosen], y[chosen], radius_each[chosen])


def _apart(x: Floats, y: Floats, share: Floats, distance: float) -> NDArray[np.int64]:
    """Indices of the strongest centres that stay a distance from each stronger one."""
    order = np.argsort(-share, kind="stable")[: 6 * _MOST_CELLS]
    near = np.hypot(x[order][:, None] - x[order], y[order][:, None] - y[order]) < distance
    chosen: list[int] = []
    free = np.ones(order.size, dtype=np.bool_)
    for i in range(order.size):
        if free[i]:
            chosen.append(i)
            free &= ~near[i]
            if len(chosen) == _MOST_CELLS:
                break
    return order[np.array(chosen, dtype=np.int64)]


def _refine(c: Contours, keep: slice, x: Floats, y: Floats, radius: Floats) -> Circles:
    """Least-squares circles (Kasa 1976) through the points that point at each centre."""
    px, py = c.x[keep].astype(np.float64), c.y[keep].astype(np.float64)
    nx, ny = c.nx[keep], c.ny[keep]
    for last in (False, False, True):
        dx, dy = px - x[:, None], py - y[:, None]
        rho = np.sqrt(dx * dx + dy * dy) + 1e-9
        aim = -(dx * nx + dy * ny) / rho
        mine = (np.abs(rho / radius[:, None] - 1.0) < 0.3) & (aim > 0.85)
        if last:
            break
        x, y, radius = _kasa(mine, dx, dy, x, y, radius)
    sector = ((np.arctan2(dy, dx) / (2 * np.pi) % 1.0) * 24).astype(np.int64) % 24
    which = np.broadcast_to(np.arange(x.size)[:, None], mine.shape)
    seen = np.bincount((which * 24 + sector)[mine], minlength=x.size * 24).reshape(-1, 24) > 0
    number = np.maximum(mine.sum(axis=1), 1)
    off = np.where(mine, rho - radius[:, None], 0.0)
    return Circles(x, y, radius, seen.mean(axis=1), np.sqrt((off**2).sum(axis=1) / number) / radius)


def _kasa(
    mine: NDArray[np.bool_], dx: Floats, dy: Floats, x: Floats, y: Floats, radius: Floats
) -> tuple[Floats, Floats, Floats]:
    """One circle a row through its own points, by the normal equations."""
    m = mine.astype(np.float64)
    square = dx * dx + dy * dy
    n, sx, sy = m.sum(axis=1), (m * dx).sum(axis=1), (m * dy).sum(axis=1)
    sxx, syy, sxy = (m * dx * dx).sum(axis=1), (m * dy * dy).sum(axis=1), (m * dx * dy).sum(axis=1)
    sz, szx, szy = (
        (m * square).sum(axis=1),
        (m * square * dx).sum(axis=1),
        (m * square * dy).sum(axis=1),
    )
    left = np.stack([sxx, sxy, sx, sxy, syy, sy, sx, sy, n], axis=1).reshape(-1, 3, 3)
    left = left + 1e-6 * np.eye(3)
    solved = np.linalg.solve(left, np.stack([szx, szy, sz], axis=1)[..., None])[..., 0]
    cx, cy = solved[:, 0] / 2.0, solved[:, 1] / 2.0
    fitted = np.sqrt(np.maximum(solved[:, 2] + cx**2 + cy**2, 0.0))
    good = (n >= 6) & (np.hypot(cx, cy) < 0.4 * radius) & (np.abs(fitted / radius - 1) < 0.4)
    return (
        np.where(good, x + cx, x),
        np.where(good, y + cy, y),
        np.where(good, fitted, radius),
    )
