"""The body of a white cell around its nucleus: cytoplasm told from red cells and neighbours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.imaging.components import Mask, dilate


def plasma_mask(density: NDArray[np.float32], cells: Mask, nuclei: Mask) -> Mask:
    """Where cytoplasm may be: neither background, nor nucleus, nor of the red cells' colour.

    Cytoplasm is paler than this picture's red cells, or takes more red, or less blue.
    """
    red, green, blue = density
    other = cells & ~nuclei
    if not other.any():
        return other
    step = 1 + np.count_nonzero(other) // 5000
    typical = np.median(density[:, other][:, ::step], axis=1)
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
    mine, theirs = own, others
    for step in range(reach):
        size = 1 + step % 2
        grown = dilate(mine, size) & ~theirs
        theirs = theirs | (dilate(theirs, size) & ~grown)
        mine = grown
    return mine


def body_of(own: Mask, plasma: Mask, cells: Mask, reach: int, thin: int) -> Mask:
    """The whole cell around a nucleus: all that hangs together where that looks like one cell,
    else the nucleus and what has the colour of cytoplasm."""
    whole = _compact_whole(own, cells, thin)
    if whole is not None:
        return whole
    allowed = own | plasma
    body = own
    for step in range(reach):
        body = allowed & dilate(body, 1 + step % 2)
    return own | (body & dilate(_eroded(body, 1), 2))


def _compact_whole(own: Mask, cells: Mask, thin: int) -> Mask | None:
    """All non-background around a nucleus, freed of what hangs on by a neck, if it is compact.

    None where it runs out of the window or is no roundish shape: then a red cell is part of it.
    """
    core = _eroded(cells, thin) | own
    body = own
    while True:
        grown = core & dilate(body, 2)
        if np.array_equal(grown, body):
            break
        body = grown
        if body[0].any() or body[-1].any() or body[:, 0].any() or body[:, -1].any():
            return None
    body = cells & dilate(body, thin) | own
    y, x = np.nonzero(body)
    sides = (y.max() - y.min() + 1, x.max() - x.min() + 1)
    compact = y.size > 0.71 * sides[0] * sides[1] and max(sides) < 1.35 * min(sides)
    return body if compact else None


def _eroded(mask: Mask, steps: int) -> Mask:
    """Shrink a mask; what lies beyond the array counts as inside."""
    return ~dilate(~mask, steps)
