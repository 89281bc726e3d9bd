"""The objective: how much it blurs, and where.

Blur is the convolution of linear light with a Gaussian. Its spread joins diffraction
(``0.21 wavelength / NA``, the Gaussian nearest to an Airy disc: Zhang et al., Applied Optics 46,
2007) with defocus (half the radius ``defocus x tan(asin(NA))`` of the geometric disc).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from edge.camera.smear.stain import FloatImage

_WAVELENGTHS_UM = (0.61, 0.54, 0.47)
_MASK_UM = 0.3


@dataclass(frozen=True)
class Optics:
    """An objective and how well it is focused.

    Attributes:
        numerical_aperture: Of the objective in air; 0.65 to 0.95 for a 40x dry one.
        defocus_um: Distance from the best focus, um.
        chromatic_um: Distance of the blue focus from the red one, um.
        aberration_um: Further blur of a cheap lens, standard deviation, um.
        sharpening: How much the camera raises fine detail afterwards (unsharp mask); 0 not at all.
    """

    numerical_aperture: float = 0.9
    defocus_um: float = 0.0
    chromatic_um: float = 0.12
    aberration_um: float = 0.06
    sharpening: float = 0.8

    def __post_init__(self) -> None:
        if not 0.05 <= self.numerical_aperture < 1:
            raise ValueError("the numerical aperture must lie in 0.05 to 1")
        if not abs(self.defocus_um) <= 50:
            raise ValueError("defocus must lie within 50 um")
        if not 0 <= self.chromatic_um <= 10 or not 0 <= self.aberration_um <= 10:
            raise ValueError("chromatic shift and aberration must lie in 0 to 10 um")
        if not 0 <= self.sharpening <= 3:
            raise ValueError("sharpening must lie in 0 to 3")

    def blur_um(self) -> tuple[float, float, float]:
        """Standard deviation of the blur for red, green, blue, um."""
        slope = math.tan(math.asin(self.numerical_aperture))
        red, green, blue = (
            math.hypot(
                0.21 * wavelength / self.numerical_aperture,
                0.5 * slope * abs(self.defocus_um + shift * self.chromatic_um),
                self.aberration_um,
            )
            for wavelength, shift in zip(_WAVELENGTHS_UM, (0.5, 0.0, -0.5), strict=True)
        )
        return red, green, blue


def blur(light: FloatImage, pitch_um: float, optics: Optics) -> FloatImage:
    """Linear light after objective and sharpening; edges must be background.

    Args:
        light: Transmittance, float32, shape (size, size, 3).
        pitch_um: Side of a pixel, um.
        optics: What blurs and sharpens.

    Returns:
        float32, the same shape.
    """
    seen = np.empty_like(light)
    size = light.shape[0]
    for channel, sigma_um in enumerate(optics.blur_um()):
        keep = _transfer(size, round(sigma_um / pitch_um, 4), pitch_um, optics.sharpening)
        spectrum = np.fft.rfft2(light[..., channel])
        seen[..., channel] = np.fft.irfft2(spectrum * keep, s=(size, size))
    return seen


@lru_cache(maxsize=24)
def _transfer(size_px: int, sigma_px: float, pitch_um: float, sharpening: float) -> FloatImage:
    fy = np.fft.fftfreq(size_px)[:, None]
    fx = np.fft.rfftfreq(size_px)[None, :]
    square = -2 * np.pi**2 * (fx * fx + fy * fy)
    mask = 1 + sharpening * (1 - np.exp(square * (_MASK_UM / pitch_um) ** 2))
    transfer: FloatImage = (np.exp(square * sigma_px**2) * mask).astype(np.float32)
    return transfer


def reduce_by(light: FloatImage, factor: int) -> FloatImage:
    """Mean over squares of ``factor`` pixels, as a sensor's pixels collect light."""
    if factor == 1:
        return light
    rows, columns = light.shape[0] // factor, light.shape[1] // factor
    kept = light[: rows * factor, : columns * factor]
    blocks = kept.reshape(rows, factor, columns, factor, light.shape[2])
    mean: FloatImage = blocks.mean(axis=(1, 3), dtype=np.float32)
    return mean
