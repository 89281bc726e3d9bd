"""Golden inputs: drawn, not real, so that they may be given to anyone.

Discs of cytoplasm with lobed or round nuclei over red cells, in the colours of a stained smear.
They need not look like blood: they need to move every layer of the network.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_GLASS = (240.0, 240.0, 240.0)


def draw_cells(count: int, size_px: int, seed: int) -> NDArray[np.uint8]:
    """Drawn cells, uint8, shape (count, size_px, size_px, 3); the same for the same arguments."""
    rng = np.random.default_rng(seed)
    return np.stack([_draw_cell(size_px, rng) for _ in range(count)])


def choose_apart(outputs: NDArray[np.int8], allowed: NDArray[np.bool_], count: int) -> list[int]:
    """Indices of rows far from one another: each next one is the farthest from those chosen.

    Args:
        outputs: int8, shape (N, labels).
        allowed: bool, shape (N,): which rows may be chosen.
        count: How many.
    """
    rows = outputs.astype(np.float64)
    free = allowed.copy()
    nearest = np.abs(rows - rows.mean(axis=0)).sum(axis=1)
    chosen: list[int] = []
    while len(chosen) < count and free.any():
        index = int(np.where(free, nearest, -1.0).argmax())
        to_it = np.abs(rows - rows[index]).sum(axis=1)
        nearest = np.minimum(nearest, to_it) if chosen else to_it
        chosen.append(index)
        free[index] = False
    return chosen


def _draw_cell(size_px: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    y, x = np.mgrid[0:size_px, 0:size_px] / size_px - 0.5
    picture = np.ones((size_px, size_px, 3)) * _GLASS
    for _ in range(int(rng.integers(0, 7))):
        at = rng.uniform(-0.6, 0.6, 2)
        _paint(picture, _disc(x, y, at, 0.14, 0.0, rng), (205.0, 160.0, 150.0), 0.8)
    radius = rng.uniform(0.12, 0.38)
    cytoplasm = np.array([200.0, 190.0, 220.0]) + rng.uniform(-60, 25, 3)
    _paint(picture, _disc(x, y, np.zeros(2), radius, 0.1, rng), tuple(cytoplasm), 0.9)
    nucleus = np.array([110.0, 60.0, 150.0]) + rng.uniform(-50, 70, 3)
    for _ in range(int(rng.integers(1, 5))):
        at = rng.uniform(-0.4, 0.4, 2) * radius
        lobe = _disc(x, y, at, radius * rng.uniform(0.3, 0.9), 0.2, rng)
        _paint(picture, lobe, tuple(nucleus), rng.uniform(0.6, 1.0))
    chromatin = rng.uniform(0, 25) * _waves(x, y, rng)
    return np.clip(np.rint(picture + chromatin[..., None]), 0, 255).astype(np.uint8)


def _disc(
    x: Floats, y: Floats, at: Floats, radius: float, wobble: float, rng: np.random.Generator
) -> Floats:
    """Cover (0-1) of a disc with a soft, wavy edge."""
    angle = np.arctan2(y - at[1], x - at[0])
    edge = radius * (1 + wobble * np.sin(rng.integers(2, 6) * angle + rng.uniform(0, 6.3)))
    cover: Floats = np.clip((edge - np.hypot(x - at[0], y - at[1])) / 0.02 + 0.5, 0, 1)
    return cover


def _waves(x: Floats, y: Floats, rng: np.random.Generator) -> Floats:
    """A smooth pattern in [-1, 1]."""
    fx, fy = rng.uniform(10, 90, 2)
    pattern: Floats = np.sin(fx * x + rng.uniform(0, 6.3)) * np.sin(fy * y + rng.uniform(0, 6.3))
    return pattern


def _paint(picture: Floats, cover: Floats, colour: tuple[float, ...], opacity: float) -> None:
    """Lay a colour over the picture, as a stain absorbs light: it multiplies."""
    light = np.array(colour) / _GLASS
    picture *= 1 - opacity * cover[..., None] * (1 - light)
