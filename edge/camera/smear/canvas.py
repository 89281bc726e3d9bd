"""The square of fine pixels on which one cell is drawn, and outlines on it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from edge.camera.smear.stain import FloatImage


@dataclass(frozen=True)
class Canvas:
    """A square grid of pixels around a cell's centre.

    Attributes:
        size_px: Side in fine pixels.
        pitch_um: Side of one fine pixel in micrometres.
    """

    size_px: int
    pitch_um: float

    @property
    def x_um(self) -> FloatImage:
        """Distance of each pixel's centre right of the canvas' centre, float32 (size, size)."""
        return _axes(self.size_px, self.pitch_um)[0]

    @property
    def y_um(self) -> FloatImage:
        """Distance of each pixel's centre below the canvas' centre, float32 (size, size)."""
        return _axes(self.size_px, self.pitch_um)[1]


@lru_cache(maxsize=8)
def _axes(size_px: int, pitch_um: float) -> tuple[FloatImage, FloatImage]:
    along = ((np.arange(size_px) - (size_px - 1) / 2) * pitch_um).astype(np.float32)
    x_um, y_um = np.meshgrid(along, along)
    x_um.setflags(write=False)
    y_um.setflags(write=False)
    return x_um, y_um


@dataclass(frozen=True)
class Outline:
    """A closed curve: an ellipse whose radius waves with the angle.

    Attributes:
        radius_um: Mean radius (of the circle of about the same area).
        x_um: Centre, right of the canvas' centre.
        y_um: Centre, below the canvas' centre.
        elongation: Long axis by short axis, at least 1.
        turn_rad: Direction of the long axis.
        waves: Amplitude (share of the radius) and phase of the 2nd, 3rd, ... harmonic.
    """

    radius_um: float
    x_um: float = 0.0
    y_um: float = 0.0
    elongation: float = 1.0
    turn_rad: float = 0.0
    waves: tuple[tuple[float, float], ...] = ()

    def inside_um(self, canvas: Canvas) -> FloatImage:
        """About how deep each pixel lies inside the curve, um, negative outside, float32."""
        along = np.float32(np.cos(self.turn_rad)), np.float32(np.sin(self.turn_rad))
        x = canvas.x_um - np.float32(self.x_um)
        y = canvas.y_um - np.float32(self.y_um)
        stretch = np.float32(np.sqrt(self.elongation))
        u = (x * along[0] + y * along[1]) / stretch
        v = (y * along[0] - x * along[1]) * stretch
        away = np.hypot(u, v)
        if not self.waves:
            return np.subtract(np.float32(self.radius_um), away, dtype=np.float32)
        return np.subtract(self._table_um()[_angle_index(u, v)], away, dtype=np.float32)

    def _table_um(self) -> FloatImage:
        angles = np.linspace(-np.pi, np.pi, _ANGLES, endpoint=False)
        share = np.ones(_ANGLES)
        for order, (amplitude, phase) in enumerate(self.waves, start=2):
            share += amplitude * np.cos(order * angles + phase)
        return (share * self.radius_um).astype(np.float32)


_ANGLES = 1024


def _angle_index(u: FloatImage, v: FloatImage) -> NDArray[np.intp]:
    turns = (np.arctan2(v, u) + np.float32(np.pi)) * np.float32(_ANGLES / (2 * np.pi))
    return turns.astype(np.intp) % _ANGLES


def waves(
    rng: np.random.Generator, amplitude: float, orders: int = 6, fall: float = 1.3
) -> tuple[tuple[float, float], ...]:
    """Random harmonics from the second on, falling with their order.

    Args:
        rng: Source of chance.
        amplitude: Spread of the second harmonic as a share of the radius.
        orders: How many harmonics.
        fall: Each order's amplitude is that of the second divided by ``(order / 2) ** fall``.
    """
    found = []
    for order in range(2, orders + 2):
        spread = amplitude / (order / 2) ** fall
        found.append((float(rng.normal(0, spread)), float(rng.uniform(-np.pi, np.pi))))
    return tuple(found)


def cover(inside_um: FloatImage, edge_um: float) -> FloatImage:
    """Share of each pixel that is covered, rising smoothly over ``edge_um``, float32 0 to 1."""
    share = np.clip(inside_um / np.float32(edge_um) + np.float32(0.5), 0, 1)
    return (share * share * (3 - 2 * share)).astype(np.float32)


def rim(inside_um: FloatImage, depth_um: float, width_um: float) -> FloatImage:
    """A soft band that follows an outline ``depth_um`` inside it, float32 0 to 1."""
    away = (inside_um - np.float32(depth_um)) / np.float32(width_um)
    return np.exp(-away * away).astype(np.float32)
