"""Light and camera: from transmitted light to the pixels a camera hands out."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edge.camera.frame import RgbImage
from edge.camera.smear.stain import FloatImage

LIGHT_SCALE = 50_000
"""Linear light is kept as uint16: this value is the empty glass."""

_CODES, _TABLE = 16_384, 65_536
_STEPS = 16
_GAMMA = 2.2


@dataclass(frozen=True)
class Sensor:
    """Illumination and camera.

    Attributes:
        exposure: Linear signal of the empty glass in the middle of the field, in its strongest
            channel; 1 is full scale.
        tint: Colour of the light after white balance, linear, relative to the strongest channel.
        tint_spread: How much the tint differs from slide to slide (standard deviation of its log).
        vignetting: Share of light lost in the field's corners.
        full_well_e: Electrons at full scale: fixes the shot noise.
        read_noise_e: Noise of the dark sensor, electrons.
        jpeg_quality: Compress and decompress frames; None: do not.
    """

    exposure: float = 0.86
    tint: tuple[float, float, float] = (1.0, 0.9, 0.8)
    tint_spread: float = 0.06
    vignetting: float = 0.15
    full_well_e: float = 9000.0
    read_noise_e: float = 8.0
    jpeg_quality: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.exposure <= 4 or any(not 0 < part <= 2 for part in self.tint):
            raise ValueError("exposure must lie in 0 to 4, the tint's parts in 0 to 2")
        if not 0 <= self.vignetting < 1 or not 0 <= self.tint_spread <= 1:
            raise ValueError("vignetting and tint_spread must lie in 0 to 1")
        if not 100 <= self.full_well_e <= 1e7 or not 0 <= self.read_noise_e <= 1e4:
            raise ValueError("the sensor needs 100 to 1e7 electrons and at most 1e4 of read noise")
        if self.jpeg_quality is not None and not 1 <= self.jpeg_quality <= 100:
            raise ValueError("jpeg_quality must lie in 1 to 100")


class Exposure:
    """One camera under one light, for frames of one size.

    Args:
        sensor: Its properties.
        size_px: Width and height of its frames.
        seed: Fixes the tint, the middle of the vignetting and the noise.
    """

    def __init__(self, sensor: Sensor, size_px: tuple[int, int], seed: int) -> None:
        self._sensor = sensor
        self._seed = seed
        rng = np.random.default_rng([seed, _PURPOSE])
        tint = np.array(sensor.tint) * np.exp(rng.normal(0, sensor.tint_spread, 3))
        self.tint: tuple[float, float, float] = tuple((tint / tint.max()).tolist())
        self._gain = self._make_gain(size_px, rng)
        self._noise = self._make_noise(size_px, rng)
        self._codes = _gamma_codes()

    def _make_gain(self, size_px: tuple[int, int], rng: np.random.Generator) -> FloatImage:
        width, height = size_px
        centre_x, centre_y = rng.normal(0, 0.06, 2)
        x = (np.arange(width) + 0.5) / width * 2 - 1 - centre_x
        y = (np.arange(height) + 0.5) / height * 2 - 1 - centre_y
        away = (x[None, :] ** 2 + y[:, None] ** 2) / 2
        fall = 1 - self._sensor.vignetting * away
        light = fall[..., None] * np.array(self.tint) * self._sensor.exposure
        gain: FloatImage = (light * (_CODES / LIGHT_SCALE)).astype(np.float32)
        return gain

    def develop(self, light: NDArray[np.uint16] | FloatImage, number: int) -> RgbImage:
        """Pixels of one frame.

        Args:
            light: Linear light, shape (height, width, 3), ``LIGHT_SCALE`` at the empty glass.
            number: Of the frame; fixes its noise.

        Returns:
            uint8, shape (height, width, 3), gamma 2.2.
        """
        signal = np.multiply(light, self._gain, dtype=np.float32)
        np.minimum(signal, np.float32(_TABLE - 1), out=signal)
        levels = self._codes[signal.astype(np.uint16)]
        levels += self._noise_of(number, levels.shape)
        levels += _STEPS // 2
        levels //= _STEPS
        return self._compressed(np.clip(levels, 0, 255).astype(np.uint8))

    def _make_noise(self, size_px: tuple[int, int], rng: np.random.Generator) -> NDArray[np.int16]:
        """Noise after the gamma curve, in steps of ``1 / _STEPS`` grey levels.

        Shot noise grows as the root of the signal and the gamma curve nearly undoes that: the
        noise of the empty glass serves all levels. One large field of it serves all frames, each
        from another corner and mirrored.
        """
        sensor = self._sensor
        level = min(sensor.exposure, 1.0)
        electrons = math.hypot(math.sqrt(level * sensor.full_well_e), sensor.read_noise_e)
        slope = 255 / _GAMMA * level ** (1 / _GAMMA - 1)
        spread = slope * electrons / sensor.full_well_e * _STEPS
        width, height = size_px
        shape = (height + _SLACK, width + _SLACK, 3)
        noise = rng.standard_normal(shape, dtype=np.float32) * np.float32(spread)
        steps: NDArray[np.int16] = np.rint(noise).astype(np.int16)
        return steps

    def _noise_of(self, number: int, shape: tuple[int, ...]) -> NDArray[np.int16]:
        rng = np.random.default_rng([self._seed, _PURPOSE, number])
        top, left = rng.integers(0, _SLACK, 2)
        piece = self._noise[top : top + shape[0], left : left + shape[1]]
        down, right = (1 if side else -1 for side in rng.integers(0, 2, 2))
        mirrored: NDArray[np.int16] = piece[::down, ::right]
        return mirrored

    def _compressed(self, rgb: RgbImage) -> RgbImage:
        if self._sensor.jpeg_quality is None:
            return rgb
        packed = io.BytesIO()
        Image.fromarray(rgb).save(packed, "JPEG", quality=self._sensor.jpeg_quality)
        return np.array(Image.open(packed))


_SLACK = 64
_PURPOSE = 7_401


def _gamma_codes() -> NDArray[np.int16]:
    """Linear signal to grey level, in steps of ``1 / _STEPS``.

    Full scale is ``_CODES``; the table goes on beyond it, so that noise is clipped as a sensor's.
    """
    level = (np.arange(_TABLE) + 0.5) / _CODES
    codes: NDArray[np.int16] = np.rint(255 * _STEPS * level ** (1 / _GAMMA)).astype(np.int16)
    return codes
