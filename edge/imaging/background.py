"""White reference: what the empty, unstained glass looks like in a picture.

Every colour after this step is relative to the glass, so that the same cell under tungsten,
LED and phone light gives nearly the same pixels (Beer-Lambert: absorbance is relative to the
incident light).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edge.imaging.sharpness import weighted_percentiles
from edge.imaging.stain import median_level

WHITE_LEVEL: Final = 240
"""Grey level (0-255) given to the glass; below 255 so that noise around it is kept."""

_SAMPLE_SIDE_PX: Final = 96
"""The picture is averaged down to about this side: single hot pixels must not be the glass."""

_GLASS_PERCENTILES: Final = (92.0, 99.5)
"""Band of the green channel taken as glass: red cells and nuclei absorb green most, and the
very brightest pixels are refraction rings and hot pixels."""


def white_reference(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Colour of the empty glass.

    Args:
        rgb: uint8, shape (height, width, 3).

    Returns:
        float32, shape (3,), 1-255: red, green and blue of the glass, never 0.
    """
    height, width = rgb.shape[:2]
    factor = max(1, min(height, width) // _SAMPLE_SIDE_PX)
    sample = rgb
    if factor > 1:  # Pillow copies rows that do not lie one behind the other byte by byte
        sample = np.asarray(Image.fromarray(np.ascontiguousarray(rgb)).reduce(factor))
    green = sample[..., 1].ravel()
    counts = np.bincount(green, minlength=256)
    low, high = weighted_percentiles(np.arange(256.0), counts, _GLASS_PERCENTILES)
    places = np.flatnonzero((green >= low) & (green <= high))
    glass = sample.reshape(-1, 3).take(places, axis=0)
    return np.array([max(median_level(glass[:, c]), 1.0) for c in range(3)], dtype=np.float32)


def balance_white(rgb: NDArray[np.uint8], white: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The picture as if its glass were neutral at ``WHITE_LEVEL``.

    Args:
        rgb: uint8, shape (height, width, 3).
        white: float32, shape (3,), as ``white_reference`` returns.

    Returns:
        uint8, same shape; values above 255 are clipped.
    """
    levels = np.arange(256, dtype=np.float32)
    table = np.clip(np.rint(levels[:, None] * (WHITE_LEVEL / white[None, :])), 0, 255)
    lookup = table.astype(np.uint8)
    balanced = np.empty_like(rgb)
    for channel in range(3):
        balanced[..., channel] = lookup[:, channel][rgb[..., channel]]
    return balanced
