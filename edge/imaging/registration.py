"""How far one field lies from another, from the pictures alone.

A field is reduced until a red cell is a few pixels wide and freed of everything broader than a
few cells (vignetting, shadows). Correlation by the Fourier transform proposes offsets; each is
tried on the pixels that both fields would then share, and the normalized correlation there is
the proof. Reference for the transform: Kuglin and Hines 1975; for trying the wrapped offsets:
Preibisch et al., Bioinformatics 2009.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import sqrt
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from edge.imaging.reduction import sampled_green

Details = NDArray[np.int8]
"""A reduced field's details: grey minus its surroundings, shape (height, width)."""


@dataclass(frozen=True)
class RegistrationSettings:
    """How two fields are compared.

    Attributes:
        pixel_um: Size of a pixel of the reduced field; a red cell is then about four wide.
        min_side_px: A field is not reduced below this many pixels.
        surroundings_um: Details broader than about this are taken away.
        min_overlap: Share of the field that two fields must have in common.
        min_agreement: Normalized correlation in the overlap below which two fields do not match.
            Unrelated smears reach 0.2, the same smear blurred in motion stays above 0.7.
        peaks: Offsets proposed by the transform that are tried on the pixels.
        whitening: 0 plain correlation, 1 phase correlation.
    """

    pixel_um: float = 1.75
    min_side_px: int = 96
    surroundings_um: float = 14.0
    min_overlap: float = 0.12
    min_agreement: float = 0.45
    peaks: int = 3
    whitening: float = 0.5

    def __post_init__(self) -> None:
        if self.pixel_um <= 0 or self.surroundings_um <= self.pixel_um or self.min_side_px < 16:
            raise ValueError("pixel_um must be above 0, and below surroundings_um")
        if not 0 < self.min_overlap < 1 or not 0 < self.min_agreement < 1:
            raise ValueError("min_overlap and min_agreement must lie between 0 and 1")
        if self.peaks < 1 or not 0 <= self.whitening <= 1:
            raise ValueError("peaks must be at least 1, whitening between 0 and 1")


@dataclass(frozen=True)
class Offset:
    """Where a field lies relative to a reference.

    Attributes:
        x_px: To the right, in pixels of the reduced field; sub-pixel.
        y_px: Downwards.
        agreement: Normalized correlation of the shared pixels, -1 to 1.
        overlap: Share of the field that is shared.
    """

    x_px: float
    y_px: float
    agreement: float
    overlap: float


def reduction(shape: tuple[int, int], um_per_px: float, settings: RegistrationSettings) -> int:
    """By which whole factor a picture of (height, width) is reduced, at least 1."""
    wished = round(settings.pixel_um / um_per_px)
    return max(1, min(wished, min(shape) // settings.min_side_px))


def details(
    rgb: NDArray[np.uint8], factor: int, um_per_px: float, settings: RegistrationSettings
) -> Details:
    """Reduce a field to the details that tell it from others.

    Args:
        rgb: uint8, shape (height, width, 3).
        factor: As ``reduction`` returns.
        um_per_px: Scale of ``rgb``.
        settings: How fields are compared.

    Returns:
        int8, shape (height // factor, width // factor): green, where cells absorb most, less
        its surroundings.
    """
    green = Image.fromarray(sampled_green(rgb, factor))
    radius = settings.surroundings_um / 2 / (factor * um_per_px)
    surroundings = green.filter(ImageFilter.BoxBlur(radius))
    difference = np.subtract(np.asarray(green), np.asarray(surroundings), dtype=np.int16)
    return np.clip(difference, -127, 127).astype(np.int8)


class View:
    """A field's details made ready for comparison; the transform is made when first needed."""

    def __init__(self, field: Details) -> None:
        self.field = field
        self.pixels: NDArray[np.float32] = field.astype(np.float32)
        self._spectrum: NDArray[np.complex128] | None = None
        self._fineness: float | None = None
        self._sums: _Sums | None = None

    def moments(self, right: int, down: int) -> tuple[float, float]:
        """Sum and sum of squares of what is left when a field's edge is taken off.

        Args:
            right: So many columns are taken off at the left; where negative, at the right.
            down: So many rows are taken off at the top; where negative, at the bottom.
        """
        if self._sums is None:
            self._sums = _Sums.of(self.pixels)
        return self._sums.without(self.pixels, right, down)

    @property
    def contrast(self) -> float:
        """Standard deviation of the details, grey levels; near 0 on empty glass."""
        return float(self.pixels.std())

    @property
    def fineness(self) -> float:
        """How fine the details are along the coarser axis: mean squared step over variance.

        Wherever a real smear is at rest, crowded or sparse, it is the same within 6%; a blur in
        motion of 2.4 um halves it.
        """
        if self._fineness is None:
            across = self.pixels[:, 1:] - self.pixels[:, :-1]
            down = self.pixels[1:] - self.pixels[:-1]
            steps = min(float(np.vdot(one, one)) / one.size for one in (across, down))
            total, squares = self.moments(0, 0)
            variance = squares / self.pixels.size - (total / self.pixels.size) ** 2
            self._fineness = steps / max(variance, 1e-6)
        return self._fineness

    @property
    def transformed_shape(self) -> tuple[int, int]:
        """Height and width that are transformed: a few pixels less where that is much quicker."""
        height, width = self.pixels.shape
        return _quick_length(height), _quick_length(width)

    @property
    def spectrum(self) -> NDArray[np.complex128]:
        """Fourier transform of the left top part of ``transformed_shape``."""
        if self._spectrum is None:
            self._spectrum = np.fft.rfft2(self.pixels, s=self.transformed_shape)
        return self._spectrum


def register(reference: View, field: View, settings: RegistrationSettings) -> Offset | None:
    """Where a field lies relative to a reference, wherever that is; None where nothing matches."""
    tried = [
        (_agreement(reference, field, x, y, settings.min_overlap), -i, x, y)
        for i, (x, y) in enumerate(_proposals(reference, field, settings))
    ]
    best, _, x, y = max(tried)
    if best < settings.min_agreement / 2:
        return None
    return register_near(reference, field, x, y, settings)


def register_near(
    reference: View, field: View, x_px: float, y_px: float, settings: RegistrationSettings
) -> Offset | None:
    """The same, where the offset is known to a few pixels: climbs to the best one nearby."""
    share = settings.min_overlap
    known: dict[tuple[int, int], float] = {}

    def agreement(x: int, y: int) -> float:
        if (x, y) not in known:
            known[x, y] = _agreement(reference, field, x, y, share)
        return known[x, y]

    def best_along(x: int, y: int, right: int, down: int) -> int:
        """How many steps, of one back, none and one on, lead to the greatest agreement."""
        return max((0, -1, 1), key=lambda i: agreement(x + i * right, y + i * down))

    x, y = round(x_px), round(y_px)
    for _ in range(_CLIMB):
        step_x, step_y = best_along(x, y, 1, 0), best_along(x, y, 0, 1)
        if not (step_x or step_y):
            break
        # A corner is tried only where both sides rise: a peak of round cells has no ridges.
        ways = {(x + step_x, y), (x, y + step_y), (x + step_x, y + step_y)}
        x, y = max(sorted(ways), key=lambda at: agreement(*at))
    top = agreement(x, y)
    if top < settings.min_agreement:
        return None
    fine_x = x + _vertex(agreement(x - 1, y), top, agreement(x + 1, y))
    fine_y = y + _vertex(agreement(x, y - 1), top, agreement(x, y + 1))
    return Offset(fine_x, fine_y, top, overlap(field.pixels.shape, fine_x, fine_y))


def agreement_unmoved(reference: View, field: View) -> float:
    """How well two fields agree where they lie, not moved at all; -1 on empty glass."""
    return _agreement(reference, field, 0, 0, 0.0)


def overlap(shape: tuple[int, ...], x_px: float, y_px: float) -> float:
    """Share of a field of (height, width) that it has in common with one so far away."""
    height, width = shape[:2]
    return max(0.0, 1 - abs(x_px) / width) * max(0.0, 1 - abs(y_px) / height)


_CLIMB: Final = 8
"""Steps up to the best offset nearby."""


@lru_cache(maxsize=64)
def _quick_length(length: int) -> int:
    """Greatest length up to ``length`` without prime factors above 5: a transform of 274 = 2 x 137
    points costs several times as much as one of 270."""
    while True:
        rest = length
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return length
        length -= 1


def _proposals(
    reference: View, field: View, settings: RegistrationSettings
) -> list[tuple[int, int]]:
    """Whole-pixel offsets to try; each peak of the circular correlation stands for up to four."""
    height, width = reference.transformed_shape
    cross = reference.spectrum * np.conj(field.spectrum)
    cross /= np.maximum(np.abs(cross), 1e-9) ** settings.whitening
    surface = np.fft.irfft2(cross, s=(height, width))
    proposals = []
    for _ in range(settings.peaks):
        y, x = divmod(int(np.argmax(surface)), width)
        proposals += [(x - i, y - j) for i in (0, width) for j in (0, height)]
        # Its slopes are no peaks of their own.
        surface[np.ix_(np.arange(y - 2, y + 3) % height, np.arange(x - 2, x + 3) % width)] = -np.inf
    return proposals


@dataclass(frozen=True)
class _Sums:
    """Sums over a field's rows and columns, each from the first one on: what is left of it
    without a few of them costs a few additions. They are whole numbers, so exact.

    Attributes:
        rows, columns: Of the details themselves; the first is 0, the last the sum of all.
        rows_squared, columns_squared: Of their squares.
    """

    rows: list[float]
    columns: list[float]
    rows_squared: list[float]
    columns_squared: list[float]

    @classmethod
    def of(cls, pixels: NDArray[np.float32]) -> _Sums:
        # Whole numbers below 2^24 are exact in 32 bits.
        exact = max(pixels.shape) * 127**2 < 2**24
        values: NDArray[np.floating[Any]] = pixels if exact else pixels.astype(np.float64)
        sides = (
            values.sum(axis=1),
            values.sum(axis=0),
            np.einsum("ij,ij->i", values, values),
            np.einsum("ij,ij->j", values, values),
        )
        return cls(*([0.0, *np.cumsum(side, dtype=np.float64).tolist()] for side in sides))

    def without(self, pixels: NDArray[np.float32], right: int, down: int) -> tuple[float, float]:
        """As ``View.moments``."""
        total = self.rows[-1] - _taken(self.rows, down) - _taken(self.columns, right)
        squares = self.rows_squared[-1]
        squares -= _taken(self.rows_squared, down) + _taken(self.columns_squared, right)
        if right and down:  # the corner was taken off twice
            rows = slice(0, down) if down > 0 else slice(down, None)
            columns = slice(0, right) if right > 0 else slice(right, None)
            corner = pixels[rows, columns].astype(np.float64)
            total += float(corner.sum())
            squares += float(np.vdot(corner, corner))
        return total, squares


def _taken(up_to: list[float], count: int) -> float:
    """Sum of the first so many; where negative, of the last."""
    return up_to[count] if count >= 0 else up_to[-1] - up_to[count - 1]


def _agreement(a: View, b: View, x: int, y: int, min_overlap: float) -> float:
    """Normalized correlation of what a field ``b`` at (x, y) shares with the reference ``a``.

    -1 where they share less than ``min_overlap``, or one shows only glass there.
    """
    height, width = a.pixels.shape
    tall, wide = height - abs(y), width - abs(x)
    n = tall * wide
    if tall <= 0 or wide <= 0 or n < min_overlap * height * width:
        return -1.0
    sum_a, squares_a = a.moments(x, y)
    sum_b, squares_b = b.moments(-x, -y)
    mean_a, mean_b = sum_a / n, sum_b / n
    spread_a, spread_b = squares_a / n - mean_a**2, squares_b / n - mean_b**2
    if min(spread_a, spread_b) < 0.05:
        return -1.0  # empty glass says nothing
    top_a, left_a = max(0, y), max(0, x)
    top_b, left_b = top_a - y, left_a - x
    shared_a = a.pixels[top_a : top_a + tall, left_a : left_a + wide]
    shared_b = b.pixels[top_b : top_b + tall, left_b : left_b + wide]
    product = float(np.einsum("ij,ij->", shared_a, shared_b))  # without copies
    return (product / n - mean_a * mean_b) / sqrt(spread_a * spread_b)


def _vertex(left: float, top: float, right: float) -> float:
    """Where a parabola through three neighbours is highest, -0.5 to 0.5 from the middle."""
    bend = left + right - 2 * top
    if bend >= -1e-12 or min(left, right) <= -1:
        return 0.0
    return min(0.5, max(-0.5, (left - right) / (2 * bend)))
