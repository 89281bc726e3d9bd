"""The body of a white cell around its nucleus: cytoplasm told from red cells and neighbours."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.imaging.bitmask import BitGrid, Bits, Mask, bit_grid

_SAMPLE: Final = 5000
"""So many pixels are enough for a median."""


def sampled_density(density: NDArray[np.float32], places: Mask) -> NDArray[np.float32]:
    """Densities at some places, evenly taken: float32 (3, n), n being all of them where they are
    few."""
    chosen = np.flatnonzero(places)
    some: NDArray[np.float32] = density.reshape(3, -1)[:, chosen[:: 1 + chosen.size // _SAMPLE]]
    return some


def typical_density(
    density: NDArray[np.float32], cells: Mask, nuclei: Mask
) -> NDArray[np.float32] | None:
    """What is stained and no nucleus, mostly red cells: median density of each channel, (3,).

    None where there is nothing.
    """
    sample = sampled_density(density, cells & ~nuclei)
    if sample.size == 0:
        return None
    typical: NDArray[np.float32] = np.median(sample, axis=1)
    return typical


def plasma_mask(
    density: NDArray[np.float32], other: Mask, typical: NDArray[np.float32] | None
) -> Mask:
    """Where cytoplasm may be: neither background, nor nucleus, nor of the red cells' colour.

    Cytoplasm is paler than this picture's red cells, or takes more red, or less blue.

    Args:
        density: float32 (3, height, width), of any part of the picture.
        other: bool (height, width), what is neither background nor nucleus there.
        typical: Of the whole picture.
    """
    if typical is None:
        return other
    red, green, blue = density
    pale = green < 0.65 * typical[1]
    ratio = np.maximum(green, 1e-3)
    bluish = (red / ratio > 1.25 * typical[0] / typical[1]) | (
        blue / ratio < 0.75 * typical[2] / typical[1]
    )
    plasma: Mask = other & (pale | bluish)
    return plasma


def territory_of(own: Mask, others: Mask, reach: int) -> Mask:
    """Where a nucleus is nearer than any other one; everywhere if there is no other."""
    if not others.any():
        return np.ones_like(own)
    grid = bit_grid(*own.shape)
    mine, theirs = grid.pack(own), grid.pack(others)
    for step in range(reach):
        size = 1 + step % 2
        grown = grid.dilate(mine, size) & ~theirs
        theirs |= grid.dilate(theirs, size) & ~grown
        mine = grown
    return grid.unpack(mine)


def body_of(own: Mask, plasma: Mask, cells: Mask, reach: int, thin: int) -> Mask:
    """The whole cell around a nucleus: all that hangs together where that looks like one cell,
    else the nucleus and what has the colour of cytoplasm."""
    grid = bit_grid(*own.shape)
    nucleus = grid.pack(own)
    whole = _compact_whole(grid, nucleus, grid.pack(cells), thin)
    if whole is not None:
        return whole
    allowed = nucleus | grid.pack(plasma)
    body = nucleus
    for step in range(reach):
        body = allowed & grid.dilate(body, 1 + step % 2)
    return grid.unpack(nucleus | (body & grid.dilate(grid.erode(body, 1), 2)))


def _compact_whole(grid: BitGrid, own: Bits, cells: Bits, thin: int) -> Mask | None:
    """All non-background around a nucleus, freed of what hangs on by a neck, if it is compact.

    None where it runs out of the window or is no roundish shape: then a red cell is part of it.
    """
    core = grid.erode(cells, thin) | own
    border = grid.border
    body = own
    while True:
        grown = core & grid.dilate(body, 2)
        if grown == body:
            break
        body = grown
        if body & border:
            return None
    mask = grid.unpack(cells & grid.dilate(body, thin) | own)
    y, x = np.nonzero(mask)
    sides = (y.max() - y.min() + 1, x.max() - x.min() + 1)
    compact = y.size > 0.71 * sides[0] * sides[1] and max(sides) < 1.35 * min(sides)
    return mask if compact else None
