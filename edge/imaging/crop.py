"""One cell as the network sees it: at the bundle's scale and size, centred, relative to glass.

Training, calibration and device all call ``crop_cell``; nothing else prepares pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edge.imaging.background import WHITE_LEVEL, balance_white, white_reference

UM_PER_PX_MIN = 0.02
UM_PER_PX_MAX = 1.0


@dataclass(frozen=True)
class CropSpec:
    """Geometry of a crop.

    Attributes:
        size_px: Side of the square crop, pixels.
        um_per_px: Scale of the crop, micrometres per pixel.
        context_um: Side of the square around the cell in which the glass is looked for.
            36 um is what the published single-cell pictures show of a cell's surroundings.
    """

    size_px: int = 128
    um_per_px: float = 0.2
    context_um: float = 36.0


def crop_cell(
    rgb: NDArray[np.uint8],
    centre_px: tuple[float, float],
    um_per_px: float,
    spec: CropSpec,
) -> NDArray[np.uint8]:
    """Cut one cell out of a picture and bring it to the crop's scale and colours.

    Args:
        rgb: uint8, shape (height, width, 3).
        centre_px: (x, y) of the cell's centre in the picture, pixels.
        um_per_px: Scale of the picture, micrometres per pixel.
        spec: Geometry of the crop.

    Returns:
        uint8, shape (spec.size_px, spec.size_px, 3), glass at ``WHITE_LEVEL``. What lies outside
        the picture is filled with glass.

    Raises:
        ValueError: The scale is no microscope's, or the centre lies outside the picture.
    """
    height, width = rgb.shape[:2]
    x, y = centre_px
    if not (math.isfinite(um_per_px) and UM_PER_PX_MIN <= um_per_px <= UM_PER_PX_MAX):
        raise ValueError(f"scale of {um_per_px} um/px is not a microscope's")
    if not (0 <= x <= width and 0 <= y <= height):
        raise ValueError(f"cell centre ({x:.1f}, {y:.1f}) lies outside {width} x {height} px")
    half_px = spec.size_px * spec.um_per_px / um_per_px / 2
    context = _context(rgb, centre_px, max(spec.context_um / um_per_px / 2, half_px))
    white = white_reference(context)
    window, left, top = _window(rgb, centre_px, half_px)
    balanced = _fill_outside(balance_white(window, white), left, top, (width, height))
    # Pillow's resize with a float box filters with the support of the reduction (no aliasing).
    box = (x - half_px - left, y - half_px - top, x + half_px - left, y + half_px - top)
    side = (spec.size_px, spec.size_px)
    resized = Image.fromarray(balanced).resize(side, Image.Resampling.BILINEAR, box=box)
    return np.asarray(resized)


def _context(
    rgb: NDArray[np.uint8], centre_px: tuple[float, float], half_px: float
) -> NDArray[np.uint8]:
    """The part of the picture within ``half_px`` of the centre."""
    height, width = rgb.shape[:2]
    x, y = centre_px
    left, right = max(0, math.floor(x - half_px)), min(width, math.ceil(x + half_px))
    top, bottom = max(0, math.floor(y - half_px)), min(height, math.ceil(y + half_px))
    return rgb[top : max(bottom, top + 1), left : max(right, left + 1)]


def _window(
    rgb: NDArray[np.uint8], centre_px: tuple[float, float], half_px: float
) -> tuple[NDArray[np.uint8], int, int]:
    """The crop's pixels and a margin of 1 px, edge-padded, with its left and top."""
    height, width = rgb.shape[:2]
    x, y = centre_px
    left, right = math.floor(x - half_px) - 1, math.ceil(x + half_px) + 1
    top, bottom = math.floor(y - half_px) - 1, math.ceil(y + half_px) + 1
    inside = rgb[max(0, top) : min(height, bottom), max(0, left) : min(width, right)]
    pads = (
        (max(0, -top), max(0, bottom - height)),
        (max(0, -left), max(0, right - width)),
        (0, 0),
    )
    return np.pad(inside, pads, mode="edge") if any(sum(p) for p in pads) else inside, left, top


def _fill_outside(
    window: NDArray[np.uint8], left: int, top: int, size: tuple[int, int]
) -> NDArray[np.uint8]:
    """Glass where the window reaches beyond the picture: no cell may be invented there."""
    width, height = size
    window[: max(0, -top)] = WHITE_LEVEL
    window[:, : max(0, -left)] = WHITE_LEVEL
    window[max(0, height - top) :] = WHITE_LEVEL
    window[:, max(0, width - left) :] = WHITE_LEVEL
    return window
