"""Connected components of a mask, and what can be said of each, with numpy alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.imaging.bitmask import bit_grid

Mask = NDArray[np.bool_]
Labels = NDArray[np.int32]


@dataclass(frozen=True)
class Extents:
    """Size and bounds of each of n components, in pixels; index 0 is label 1.

    Attributes:
        area: int64 (n,), pixels.
        left, top, right, bottom: int64 (n,); right and bottom are one past the last pixel.
    """

    area: NDArray[np.int64]
    left: NDArray[np.int64]
    top: NDArray[np.int64]
    right: NDArray[np.int64]
    bottom: NDArray[np.int64]


def label(mask: Mask) -> tuple[Labels, int]:
    """Number the 8-connected components of a mask.

    Args:
        mask: bool, shape (height, width).

    Returns:
        int32 labels of the same shape (0 outside, 1..count inside, in reading order of their first
        pixel) and the count.
    """
    labels, size = label_with_extents(mask)
    return labels, int(size.area.size)


def label_with_extents(mask: Mask) -> tuple[Labels, Extents]:
    """As ``label``, and the size and bounds of each component.

    Horizontal runs are joined with the runs they touch in the row above by union-find, all pairs
    at once: every pass hangs each root under the smallest root it touches and shortens the paths.
    """
    height, width = mask.shape
    padded = np.zeros((height, width + 2), dtype=np.int8)
    padded[:, 1:-1] = mask
    # On a flat axis one pixel wider than the picture no run goes on into the next row.
    stride = width + 1
    steps = np.diff(padded, axis=1).ravel()
    first = np.flatnonzero(steps == 1)
    past = np.flatnonzero(steps == -1)
    labels = np.zeros(mask.shape, dtype=np.int32)
    root = _unite(first.size, *_touching_runs(first, past, stride))
    roots, number = np.unique(root, return_inverse=True)
    labels[mask] = np.repeat((number + 1).astype(np.int32), past - first)
    return labels, _run_extents(number, roots.size, first, past, stride)


def _run_extents(
    number: NDArray[np.intp],
    count: int,
    first: NDArray[np.intp],
    past: NDArray[np.intp],
    stride: int,
) -> Extents:
    """Extents of components from their runs; ``number`` is the component of each run."""
    area = np.zeros(count, dtype=np.int64)
    left = np.full(count, stride, dtype=np.int64)
    top = np.full(count, np.iinfo(np.int64).max, dtype=np.int64)
    right = np.zeros(count, dtype=np.int64)
    bottom = np.zeros(count, dtype=np.int64)
    row = first // stride
    np.add.at(area, number, past - first)
    np.minimum.at(left, number, first % stride)
    np.minimum.at(top, number, row)
    np.maximum.at(right, number, past - row * stride)
    np.maximum.at(bottom, number, row + 1)
    return Extents(area, left, top, right, bottom)


def _touching_runs(
    first: NDArray[np.intp], past: NDArray[np.intp], stride: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs (run, run in the next row) that touch by a side or a corner."""
    # A run [a, b) touches [c, d) of the row below when c <= b and d >= a, columns compared.
    low = np.searchsorted(past, first + stride, side="left")
    high = np.searchsorted(first, past + stride, side="right")
    counts = np.maximum(high - low, 0)
    upper = np.repeat(np.arange(first.size), counts)
    offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return upper, np.repeat(low, counts) + offsets


def _unite(count: int, one: NDArray[np.intp], other: NDArray[np.intp]) -> NDArray[np.intp]:
    """Smallest member of each member's set after joining all pairs."""
    root = np.arange(count)
    while True:
        a, b = root[one], root[other]
        apart = a != b
        if not apart.any():
            return root
        a, b = a[apart], b[apart]
        np.minimum.at(root, np.maximum(a, b), np.minimum(a, b))
        while True:
            shorter = root[root]
            if np.array_equal(shorter, root):
                break
            root = shorter


_SMALL_PX = 20_000
"""Up to this size floods of bits are quicker than labelling."""


def fill_small_holes(mask: Mask, max_px: int) -> Mask:
    """Fill holes of at most ``max_px`` pixels that do not reach the border."""
    if mask.size <= _SMALL_PX:
        grid = bit_grid(*mask.shape)
        return grid.unpack(grid.fill_small_holes(grid.pack(mask), max_px))
    labels, size = label_with_extents(~mask)
    height, width = mask.shape
    inside = (size.left > 0) & (size.top > 0) & (size.right < width) & (size.bottom < height)
    fill = np.concatenate([[False], inside & (size.area <= max_px)])
    filled: Mask = mask | fill[labels]
    return filled


def dilate(mask: Mask, steps: int) -> Mask:
    """Grow a mask by ``steps`` pixels, sides and squares in turn (an octagon)."""
    grid = bit_grid(*mask.shape)
    return grid.unpack(grid.dilate(grid.pack(mask), steps))


def depth(mask: Mask) -> NDArray[np.int32]:
    """Octagonal distance of each mask pixel to the nearest pixel outside; 0 outside.

    What lies beyond the picture counts as outside.
    """
    framed = np.zeros((mask.shape[0] + 2, mask.shape[1] + 2), dtype=np.bool_)
    framed[1:-1, 1:-1] = mask
    grid = bit_grid(*framed.shape)
    inner = grid.pack(framed)
    left = [inner]
    outside = grid.inside & ~inner
    while left[-1]:
        outside = grid.grow(outside, square=len(left) % 2 == 0)
        left.append(grid.inside & ~outside)
    levels = grid.unpack_all(left).sum(axis=0, dtype=np.int32)
    result: NDArray[np.int32] = levels[1:-1, 1:-1]
    return result
