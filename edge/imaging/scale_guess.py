"""A rough scale where no red cell can be measured: from the nuclei of the white cells.

Good enough to find white cells (``locate`` bears an error of a fifth), not to judge them by: a
blast's nucleus is several times a lymphocyte's.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.imaging.locate import locate
from edge.imaging.scale import ScaleEstimate

NUCLEUS_UM2: Final = 72.0
"""Typical area of a white cell's nucleus in a smear; measured by ``locate`` on the fields of BCCD
(median of the largest nucleus of a field at the scale of its red cells)."""

_STARTS_UM_PER_PX: Final = (0.05, 0.08, 0.125, 0.2, 0.32)
_ROUNDS: Final = 3
_RELATIVE_ERROR: Final = 0.25


def guess_scale(rgb: NDArray[np.uint8]) -> ScaleEstimate | None:
    """The scale at which the largest nucleus found has a nucleus's size; None without nuclei.

    Args:
        rgb: uint8, shape (height, width, 3).
    """
    for start in _STARTS_UM_PER_PX:
        settled = _settle(rgb, start)
        if settled is not None:
            return ScaleEstimate(settled, _RELATIVE_ERROR, 0)
    return None


def _settle(rgb: NDArray[np.uint8], um_per_px: float) -> float | None:
    """Repeat until finding by the scale and the scale by what was found agree."""
    for _ in range(_ROUNDS):
        found = locate(rgb, um_per_px, include_cut=True)
        if not found:
            return None
        largest = max(cell.nucleus_area_um2 for cell in found)
        step = math.sqrt(NUCLEUS_UM2 / largest)
        um_per_px *= min(2.0, max(0.5, step))
        if abs(step - 1.0) < 0.08:
            break
    return um_per_px if 0.03 <= um_per_px <= 0.5 else None
