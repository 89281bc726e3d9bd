"""A picture made smaller by a whole number, as cheaply as Pillow can.

A picture in colour is handed to Pillow in strips: Pillow keeps four bytes a pixel, and a strip of
them stays in the processor's cache where a whole frame of eight megabytes does not.
"""

from __future__ import annotations

from math import ceil
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_STRIP_ROWS: Final = 128

_OVERVIEW_PX: Final = 400

_LEAST_SAMPLED: Final = 7
"""Factor from which every second pixel is enough: sixteen of them make one."""


def reduced(rgb: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """Mean over factor x factor pixels; a narrower rest at the right and bottom is kept.

    Args:
        rgb: uint8 (height, width, 3).
        factor: At least 1.

    Returns:
        uint8 (ceil(height / factor), ceil(width / factor), 3); ``rgb`` itself at factor 1.
    """
    if factor == 1:
        return rgb
    height, width = rgb.shape[:2]
    small = np.empty((-(-height // factor), -(-width // factor), 3), dtype=np.uint8)
    rows = max(1, _STRIP_ROWS // factor)
    for row in range(0, len(small), rows):
        strip = np.ascontiguousarray(rgb[row * factor : (row + rows) * factor])
        small[row : row + rows] = Image.fromarray(strip).reduce(factor)
    return small


def overview(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture reduced to at most 400 px a side: for what is asked of the light and the stain of a
    whole field. An overview is its own.

    Args:
        rgb: uint8 (height, width, 3).
    """
    return reduced(rgb, max(1, ceil(max(rgb.shape[:2]) / _OVERVIEW_PX)))


def sampled_green(rgb: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """The green channel made smaller by every second pixel of every third row only.

    A sixth of the reading, for a quarter of the time of ``reduced_green``. What it leaves out is
    finer than a 40x objective resolves; a camera's noise is taken down three and a half times
    instead of seven at a factor of 7. Below that too few pixels would be left to take it down.

    Args:
        rgb: uint8 (height, width, 3).
        factor: At least 1; below 7 all pixels are taken.

    Returns:
        uint8 (height // factor, width // factor): a narrower rest is left out.
    """
    height, width = rgb.shape[0] // factor, rgb.shape[1] // factor
    if factor < _LEAST_SAMPLED:
        return reduced_green(rgb, factor)[:height, :width]
    blocks = rgb[: height * factor, : width * factor].reshape(height, factor, width, factor, 3)
    # Rows cost most, each read from memory anew; sixteen squared fit into 16 bits.
    rows = range(0, factor, max(3, -(-factor // 16)))
    columns = range(0, factor, max(2, -(-factor // 16)))
    count = len(rows) * len(columns)
    total = np.full((height, width), count // 2, dtype=np.uint16)
    for row in rows:
        for column in columns:
            total += blocks[:, row, :, column, 1]
    total //= count
    return total.astype(np.uint8)


def reduced_green(rgb: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """The green channel of ``reduced``, without the work for the others.

    Seen as grey, a picture is three times as wide, and green is the middle pixel of every three:
    what the nearest neighbour picks when the width is taken down to a third.

    Returns:
        uint8 (ceil(height / factor), ceil(width / factor)).
    """
    height, width = rgb.shape[:2]
    flat = np.ascontiguousarray(rgb).reshape(height, 3 * width)
    grey = Image.frombuffer("L", (3 * width, height), flat, "raw", "L", 0, 1)
    green = grey.resize((width, height), Image.Resampling.NEAREST)
    return np.asarray(green.reduce(factor) if factor > 1 else green)
