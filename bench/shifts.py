"""Other laboratories and cameras, simulated on a real field: each shift is one thing changed."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Rgb = NDArray[np.uint8]
Shift = Callable[[Rgb, float], tuple[Rgb, float]]
"""Picture and its um/px to the shifted picture and its um/px."""


def light(red: float, green: float, blue: float) -> Shift:
    """Light of another colour or strength: each channel times a factor."""

    def shift(rgb: Rgb, um_per_px: float) -> tuple[Rgb, float]:
        levels = np.arange(256)[:, None] * np.array([red, green, blue])
        return _looked_up(rgb, levels), um_per_px

    return shift


def stain(strength: float) -> Shift:
    """A paler or stronger stain: optical densities times ``strength`` (Beer and Lambert)."""

    def shift(rgb: Rgb, um_per_px: float) -> tuple[Rgb, float]:
        white = np.percentile(rgb[::8, ::8].reshape(-1, 3), 95, axis=0)
        passed = np.clip(np.arange(256)[:, None] / white, 1 / 255, 1.05)
        return _looked_up(rgb, white * passed**strength), um_per_px

    return shift


def _looked_up(rgb: Rgb, levels: NDArray[np.float64]) -> Rgb:
    """Each channel through its own table, float64 (256, 3)."""
    table = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
    return np.stack([table[:, c][rgb[..., c]] for c in range(3)], axis=-1)


def vignetting(corner: float) -> Shift:
    """Light that falls off to ``corner`` of the middle's in the corners."""

    def shift(rgb: Rgb, um_per_px: float) -> tuple[Rgb, float]:
        height, width = rgb.shape[:2]
        y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
        x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
        shade = 1 - (1 - corner) * (x * x + y * y) / 2
        return (rgb * shade[..., None]).astype(np.uint8), um_per_px

    return shift


def bands(depth: float, count: float, phase: float) -> Shift:
    """A lamp on the mains under a rolling shutter: rows that lose up to ``depth`` of their light.

    Args:
        depth: Share of the picture's brightness lost in the middle of a band.
        count: Bands in a frame.
        phase: Where they lie, in bands: 0 to 1.
    """

    def shift(rgb: Rgb, um_per_px: float) -> tuple[Rgb, float]:
        height = rgb.shape[0]
        turns = count * (np.arange(height, dtype=np.float32) + 0.5) / height + phase
        gain = 1.0 - depth * (0.5 + 0.5 * np.cos(2.0 * np.pi * turns))
        return (rgb * gain[:, None, None] + 0.5).astype(np.uint8), um_per_px

    return shift


def side_light(dark: float) -> Shift:
    """A lamp out of centre: light falls to ``dark`` across the picture."""

    def shift(rgb: Rgb, um_per_px: float) -> tuple[Rgb, float]:
        shade = np.linspace(1, dark, rgb.shape[1], dtype=np.float32)[None, :, None]
        return (rgb * shade).astype(np.uint8), um_per_px

    return shift


def jpeg(quality: int) -> Shift:
    """Compressed by a phone or a cheap camera."""

    def shift(rgb: Rgb, um_per_px: float) -> tuple[Rgb, float]:
        file = io.BytesIO()
        Image.fromarray(rgb).save(file, "JPEG", quality=quality)
        return np.asarray(Image.open(file).convert("RGB")), um_per_px

    return shift


def blur(sigma_um: float) -> Shift:
    """Out of focus by a Gaussian of ``sigma_um``."""

    def shift(rgb: Rgb, um_per_px: float) -> tuple[Rgb, float]:
        soft = Image.fromarray(rgb).filter(ImageFilter.GaussianBlur(sigma_um / um_per_px))
        return np.asarray(soft), um_per_px

    return shift


def smear(length_um: float) -> Shift:
    """Blurred by a motion to the side of ``length_um`` during the exposure."""

    def shift(rgb: Rgb, um_per_px: float) -> tuple[Rgb, float]:
        length = max(2, round(length_um / um_per_px))
        total = np.cumsum(rgb.astype(np.float32), axis=1)
        wide = (total[:, length:] - total[:, :-length]) / length
        return np.clip(wide, 0, 255).astype(np.uint8), um_per_px

    return shift


def noise(sigma: float) -> Shift:
    """A sensor's noise, grey levels."""

    def shift(rgb: Rgb, um_per_px: float) -> tuple[Rgb, float]:
        grain = np.random.default_rng(0).standard_normal(rgb.shape, np.float32) * np.float32(sigma)
        return np.clip(rgb + grain, 0, 255).astype(np.uint8), um_per_px

    return shift


def crowded(layers: int) -> Shift:
    """A thick part: the field over itself, each layer moved and all but the first paler by half."""

    def shift(rgb: Rgb, um_per_px: float) -> tuple[Rgb, float]:
        white = np.percentile(rgb[::8, ::8].reshape(-1, 3), 95, axis=0).astype(np.float32)
        passed = np.clip(rgb / white, 1 / 255, 1.0)
        rng = np.random.default_rng(0)
        through = passed.copy()
        for _ in range(layers - 1):
            moved = rng.integers(0, rgb.shape[:2])
            through *= np.sqrt(np.roll(passed, tuple(moved), axis=(0, 1)))
        return np.clip(through * white, 0, 255).astype(np.uint8), um_per_px

    return shift


def thin(share: float) -> Shift:
    """The feathered edge: cells on ``share`` of the field in its middle, glass on the rest."""

    def shift(rgb: Rgb, um_per_px: float) -> tuple[Rgb, float]:
        white = np.percentile(rgb[::8, ::8].reshape(-1, 3), 90, axis=0)
        grain = np.random.default_rng(0).normal(0, 1.5, rgb.shape)
        glass = np.clip(white + grain, 0, 255).astype(np.uint8)
        height, width = rgb.shape[:2]
        tall, wide = round(height * share**0.5), round(width * share**0.5)
        top, left = (height - tall) // 2, (width - wide) // 2
        middle = (slice(top, top + tall), slice(left, left + wide))
        glass[middle] = rgb[middle]
        return glass, um_per_px

    return shift


def scale(um_per_px: float) -> Shift:
    """Another camera or objective: the picture at ``um_per_px``."""

    def shift(rgb: Rgb, own_um_per_px: float) -> tuple[Rgb, float]:
        size = [round(side * own_um_per_px / um_per_px) for side in rgb.shape[1::-1]]
        way = Image.Resampling.LANCZOS
        return np.asarray(Image.fromarray(rgb).resize((size[0], size[1]), way)), um_per_px

    return shift


CAMERAS: dict[str, Shift] = {
    "as it is": light(1, 1, 1),
    "tungsten light": light(1.0, 0.82, 0.55),
    "cold LED": light(0.78, 0.9, 1.0),
    "green tint": light(0.8, 1.0, 0.85),
    "half the light": light(0.5, 0.5, 0.5),
    "vignetting to 0.6": vignetting(0.6),
    "light from one side, 0.6": side_light(0.6),
    "stain 0.45 times": stain(0.45),
    "stain 0.6 times": stain(0.6),
    "stain 0.8 times": stain(0.8),
    "stain 1.4 times": stain(1.4),
    "JPEG quality 40": jpeg(40),
    "blur 0.5 um": blur(0.5),
    "noise of 8 levels": noise(8),
    "0.1 um/px": scale(0.1),
    "0.14 um/px": scale(0.14),
    "0.3 um/px": scale(0.3),
    "0.4 um/px": scale(0.4),
}
"""Shifts that a finder of cells has to bear."""
