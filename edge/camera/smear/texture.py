"""Textures of chromatin and cytoplasm: pieces cut from large fields of filtered noise.

The fields are made once per process; a cell takes a piece at a random place, turned and mirrored.
All fields are periodic, so any piece is as good as another.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from edge.camera.smear.canvas import Canvas
from edge.camera.smear.stain import FloatImage

_FIELD_PX = 512
_FIELD_SEED = 20_260_101


@lru_cache(maxsize=32)
def _field(pitch_um: float, fine_um: float, coarse_um: float, kind: str) -> FloatImage:
    noise = np.random.default_rng([_FIELD_SEED, round(1e4 * fine_um), round(1e4 * coarse_um)])
    spectrum = np.fft.rfft2(noise.standard_normal((_FIELD_PX, _FIELD_PX)))
    fy = np.fft.fftfreq(_FIELD_PX, pitch_um)[:, None]
    fx = np.fft.rfftfreq(_FIELD_PX, pitch_um)[None, :]
    square = (2 * np.pi) ** 2 * (fx * fx + fy * fy) / 2
    keep = np.exp(-square * fine_um**2) - np.exp(-square * coarse_um**2)
    field = np.fft.irfft2(spectrum * keep, s=(_FIELD_PX, _FIELD_PX))
    field /= field.std()
    if kind == "strands":
        field = 0.8 - np.abs(field)
        field /= field.std()
    made = field.astype(np.float32)
    made.setflags(write=False)
    return made


def _piece(rng: np.random.Generator, field: FloatImage, size_px: int) -> FloatImage:
    top, left, turns, mirror = rng.integers(0, (_FIELD_PX, _FIELD_PX, 4, 2))
    rows = np.arange(top, top + size_px) % _FIELD_PX
    columns = np.arange(left, left + size_px) % _FIELD_PX
    piece = np.rot90(field[np.ix_(rows, columns)], int(turns))
    return piece[:, ::-1] if mirror else piece


def grain(rng: np.random.Generator, canvas: Canvas, fine_um: float, coarse_um: float) -> FloatImage:
    """Blotches between two scales, mean 0, standard deviation about 1, float32 (size, size)."""
    return _piece(rng, _field(canvas.pitch_um, fine_um, coarse_um, "grain"), canvas.size_px)


def strands(
    rng: np.random.Generator, canvas: Canvas, fine_um: float, coarse_um: float
) -> FloatImage:
    """A net of threads, high on the threads, standard deviation about 1, float32 (size, size)."""
    return _piece(rng, _field(canvas.pitch_um, fine_um, coarse_um, "strands"), canvas.size_px)


def dots(
    rng: np.random.Generator,
    canvas: Canvas,
    where: FloatImage,
    per_um2: float,
    radius_um: float,
    spread: float = 0.25,
) -> FloatImage:
    """Round granules strewn where ``where`` is high; overlapping ones add up; float32.

    Args:
        rng: Source of chance.
        canvas: Where to draw.
        where: Chance of a granule at a pixel, 0 to 1, float32 (size, size).
        per_um2: Granules to a square micrometre where ``where`` is 1.
        radius_um: Mean radius of a granule; its profile is a soft ball of height 1.
        spread: Spread of the granules' heights.
    """
    chance = np.clip(where * (per_um2 * canvas.pitch_um**2), 0, 1)
    found = np.flatnonzero(rng.random(chance.shape, dtype=np.float32) < chance)
    seeds = np.zeros(chance.size, dtype=np.float32)
    seeds[found] = np.clip(rng.normal(1, spread, found.size), 0.2, 2)
    radius_px = radius_um / canvas.pitch_um
    kernel = _ball(canvas.size_px, radius_px)
    spectrum = np.fft.rfft2(seeds.reshape(chance.shape)) * kernel
    strewn = np.fft.irfft2(spectrum, s=chance.shape)
    # What rounding leaves far from any granule is nothing.
    return np.where(strewn > 1e-4, strewn, 0).astype(np.float32)


@lru_cache(maxsize=16)
def _ball(size_px: int, radius_px: float) -> FloatImage:
    offset = np.minimum(np.arange(size_px), size_px - np.arange(size_px)).astype(np.float32)
    square = (offset[:, None] ** 2 + offset[None, :] ** 2) / radius_px**2
    return np.fft.rfft2(np.exp(-(square**1.5))).astype(np.complex64)
