"""What cheap optics, light and stain do to a picture, each at three strengths.

Written apart from ``train/augment.py``, in Pillow and numpy: a network must not be tested with the
very code that it was trained with.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from edge.imaging.background import WHITE_LEVEL

Crop = NDArray[np.uint8]
Degradation = Callable[[Crop, float, float, int], Crop]
STRENGTHS: Final = ("light", "moderate", "strong")


def degrade(crops: Crop, name: str, strength: str, um_per_px: float) -> Crop:
    """All crops under one degradation.

    Args:
        crops: uint8, shape (cells, size, size, 3), glass at ``WHITE_LEVEL``.
        name: Of ``DEGRADATIONS``.
        strength: Of ``STRENGTHS``.
        um_per_px: Scale of the crops.

    Returns:
        uint8, same shape.
    """
    amounts, apply = DEGRADATIONS[name]
    amount = amounts[STRENGTHS.index(strength)]
    return np.stack([apply(crop, amount, um_per_px, i) for i, crop in enumerate(crops)])


def _defocus(crop: Crop, sigma_um: float, um_per_px: float, index: int) -> Crop:
    blur = ImageFilter.GaussianBlur(sigma_um / um_per_px)
    return np.asarray(Image.fromarray(crop).filter(blur))


def _motion(crop: Crop, length_um: float, um_per_px: float, index: int) -> Crop:
    """A straight move during the exposure; along rows and columns in turn."""
    axis, length_px = index % 2, length_um / um_per_px
    shifts = np.linspace(-length_px / 2, length_px / 2, 9)
    views = [_shifted(crop, shift, axis) for shift in shifts]
    return _rounded(np.mean(views, axis=0))


def _fringe(crop: Crop, apart_um: float, um_per_px: float, index: int) -> Crop:
    """Red and blue lie to either side of green."""
    seen = crop.astype(np.float32)
    seen[..., 0] = _shifted(crop, apart_um / um_per_px, index % 2)[..., 0]
    seen[..., 2] = _shifted(crop, -apart_um / um_per_px, index % 2)[..., 2]
    return _rounded(seen)


def _jpeg(crop: Crop, quality: float, um_per_px: float, index: int) -> Crop:
    memory = io.BytesIO()
    Image.fromarray(crop).save(memory, "JPEG", quality=int(quality))
    with Image.open(memory) as picture:
        return np.asarray(picture.convert("RGB"))


def _noise(crop: Crop, sigma: float, um_per_px: float, index: int) -> Crop:
    """Sensor noise, in grey levels."""
    return _rounded(crop + np.random.default_rng(index).normal(0, sigma, crop.shape))


def _white_balance(crop: Crop, shift: float, um_per_px: float, index: int) -> Crop:
    """What is left of a colour cast after the white reference: red up, blue down, or reversed."""
    sign = 1 if index % 2 else -1
    return _rounded(crop * np.array([1 + sign * shift, 1.0, 1 - sign * shift]))


def _vignetting(crop: Crop, fall: float, um_per_px: float, index: int) -> Crop:
    """Light that falls off across the crop, to another side for each cell."""
    slope = np.linspace(1.0, 1.0 - fall, crop.shape[0])
    return _rounded(crop * np.rot90(np.tile(slope, (crop.shape[0], 1)), index % 4)[..., None])


def _stain(crop: Crop, factor: float, um_per_px: float, index: int) -> Crop:
    """Optical density times a factor: a paler or darker stain (Beer-Lambert)."""
    light = np.maximum(crop, 1) / WHITE_LEVEL
    return _rounded(WHITE_LEVEL * np.where(light < 1, light**factor, light))


def _scale(crop: Crop, error: float, um_per_px: float, index: int) -> Crop:
    """A wrong scale: too large and too small in turn."""
    side = crop.shape[0]
    zoom = 1 + error if index % 2 else 1 / (1 + error)
    half = side / zoom / 2
    margin = max(0, int(np.ceil(half - side / 2)))
    padded = np.pad(crop, ((margin, margin), (margin, margin), (0, 0)), mode="reflect")
    low, high = side / 2 - half + margin, side / 2 + half + margin
    box = (low, low, high, high)
    picture = Image.fromarray(padded)
    return np.asarray(picture.resize((side, side), Image.Resampling.BILINEAR, box=box))


DEGRADATIONS: Final[dict[str, tuple[tuple[float, float, float], Degradation]]] = {
    "defocus": ((0.15, 0.25, 0.40), _defocus),  # standard deviation, um
    "motion": ((0.6, 1.2, 2.0), _motion),  # length, um
    "chromatic_aberration": ((0.1, 0.2, 0.35), _fringe),  # um to either side
    "vignetting": ((0.05, 0.10, 0.20), _vignetting),  # of the light, over the crop
    "jpeg": ((60, 35, 20), _jpeg),  # quality
    "noise": ((4, 8, 14), _noise),  # standard deviation, grey levels
    "white_balance": ((0.03, 0.06, 0.10), _white_balance),  # of red and blue
    "pale_stain": ((0.85, 0.70, 0.55), _stain),  # of optical density
    "dark_stain": ((1.2, 1.45, 1.8), _stain),  # of optical density
    "scale_error": ((0.05, 0.12, 0.25), _scale),  # of um/px
}
"""Amounts (light, moderate, strong) and how each is done."""


def _shifted(crop: Crop, shift_px: float, axis: int) -> NDArray[np.float32]:
    """Moved along an axis by part of a pixel, edges repeated; float32."""
    whole = int(np.floor(shift_px))
    part = shift_px - whole
    side = crop.shape[axis]
    first = np.clip(np.arange(side) - whole, 0, side - 1)
    second = np.clip(np.arange(side) - whole - 1, 0, side - 1)
    seen = crop.astype(np.float32)
    moved: NDArray[np.float32] = (1 - part) * seen.take(first, axis) + part * seen.take(
        second, axis
    )
    return moved


def _rounded(values: NDArray[Any]) -> Crop:
    grey: Crop = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return grey
