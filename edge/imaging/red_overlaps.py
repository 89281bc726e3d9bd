"""Where red cells lie on each other they are as dark as a nucleus, but keep their colour.

So do dense round red cells (spherocytes) and bright rings. In density, ``-ln(pixel / glass)``, the
blue part over the green one is there that of the field's other red cells; a nucleus stops far less
blue: mostly half of theirs or less. Granules of an eosinophil may come near, and mostly take more
red. What the limits below refuse, and that they leave real white cells, is counted by
`tests/edge/imaging/test_red_overlaps.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.imaging.bodies import sampled_density
from edge.imaging.components import Mask
from edge.imaging.nuclei import Nucleus
from edge.imaging.stain import middle_of

_LEAST_PX: Final = 200
"""Of stain outside nuclei; with less there are no red cells to compare with."""

_BLUE: Final = 0.86
"""Share of the red cells' blue over green from which a dark spot is of their colour."""

_RED: Final = (0.88, 1.3)
"""The same for red over green, within these."""

_FAINT: Final = 1.85
"""So many times as dense as the others is what a single red cell of another dye reaches (young ones
are bluish), and few nuclei."""

_FAINT_BLUE: Final = 0.72
"""The share of blue over green from which so faint a spot is a red cell."""

_LEAST_DENSITY: Final = 0.01


def without_red_cells(
    nuclei: Sequence[Nucleus], density: NDArray[np.float32], cells: Mask
) -> list[Nucleus]:
    """Those nuclei whose colour is not that of the field's red cells.

    Args:
        nuclei: As found by how dark they are.
        density: float32 (3, height, width): red, green, blue of the picture they were found in.
        cells: bool (height, width): where it is not background.
    """
    typical = _red_cells(nuclei, density, cells) if nuclei else None
    if typical is None:
        return list(nuclei)
    return [each for each in nuclei if not _is_red(density[:, each.y, each.x], typical)]


def _red_cells(
    nuclei: Sequence[Nucleus], density: NDArray[np.float32], cells: Mask
) -> NDArray[np.float32] | None:
    """Typical densities (3,) of what is stained and lies in no nucleus: mostly red cells, single,
    their rims and pale middles left out."""
    other = cells.copy()
    for nucleus in nuclei:
        other[nucleus.y, nucleus.x] = False
    sample = sampled_density(density, other)
    if sample.shape[1] < _LEAST_PX:
        return None
    middle = float(np.median(sample[1]))
    near = (sample[1] > 0.7 * middle) & (sample[1] < 1.3 * middle)
    typical: NDArray[np.float32] = np.median(sample[:, near], axis=1)
    return typical


def _is_red(spot: NDArray[np.float32], typical: NDArray[np.float32]) -> bool:
    """Whether densities (3, n) of a spot stand to each other as those of the red cells."""
    red, green, blue = np.maximum(middle_of(np.sort(spot, axis=1)), _LEAST_DENSITY)
    own_red, own_green, own_blue = np.maximum(typical, _LEAST_DENSITY)
    redder = (red / green) / (own_red / own_green)
    bluer = (blue / green) / (own_blue / own_green)
    least = _FAINT_BLUE if green < _FAINT * own_green else _BLUE
    return bool(bluer > least and _RED[0] < redder < _RED[1])
