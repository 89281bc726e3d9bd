"""How evenly the lamp lights the field: darkest part of the glass over the brightest."""

from __future__ import annotations

from math import ceil, nan
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.imaging.contours import glass_surface
from edge.imaging.reduction import reduced_green

_SIDE_PX: Final = 400
"""Longest side of the reduced picture."""


def evenness_of(rgb: NDArray[np.uint8]) -> float:
    """Evenness of the light, 0 to 1; nan where there is too little glass to tell.

    Args:
        rgb: uint8 (height, width, 3).
    """
    factor = max(1, ceil(max(rgb.shape[:2]) / _SIDE_PX))
    surface = glass_surface(reduced_green(rgb, factor))
    darkest, brightest = float(surface.min()), float(surface.max())
    if brightest <= 1.0 or darkest == brightest:
        return nan
    return max(0.0, darkest / brightest)
