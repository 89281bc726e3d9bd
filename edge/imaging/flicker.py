"""Does the lamp flicker? A shutter that rolls over the rows turns it into dark bands.

A lamp on alternating current is dark 100 or 120 times a second. Rows of a rolling shutter are
exposed one after another, so that each catches the lamp at another moment: bands lie over the whole
width of the frame, and stand or wander with the camera's rate. A band makes stain out of glass, and
a nucleus out of a red cell.

Bands are told from the smear by what no smear does: they are the same in all columns. The frame is
cut into upright strips, and in each the brightness of the glass is followed from top to bottom, in
red, where red cells are nearly as clear as glass. What goes up and down alike in all strips is the
lamp's; a thick part of the smear is in some of them, and elsewhere in each. Shading of the optics
is slow, and is taken out as a parabola; what is left of it is too slow for a band of its own, so
that bands of which less than one and a quarter fit into a frame are found by comparing two frames
only: the shading is the same in both.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import exp, log, pi
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEAST_DEPTH: Final = 0.025
"""Brightness lost in the middle of a band from which a lamp is said to flicker: no wide field
under a steady lamp shows so much, and bands twice as deep are nearly always found. The finder takes
red cells for nucleated ones from somewhere between 0.1 and 0.2 on (``python -m bench.flicker``)."""

_AGREEMENT: Final = (0.8, 0.9)
"""How alike the strips must be in one frame, and in what parts two frames: 1 where all show the
same band, about 1/6 by chance. Two frames may show different ground."""

_EXPLAINED: Final = (0.4, 0.7)
"""Share of the ups and downs common to all strips that the band must explain, in the same two: a
dark corner or the round edge of an eyepiece is one step, a band comes again."""

_LEAST_WANDER: Final = (-log(1.0 - LEAST_DEPTH) / 2.0) ** 2 / 4.0
"""Ups and downs, mean square, in which there is no room for a band: half of those of the faintest.
Most frames under a steady lamp have less, and no band is looked for in them."""

_BLOCKS: Final = 64
_STRIPS: Final = 6
_SAMPLED_COLUMNS: Final = 96
_MEAN: Final = np.full(_STRIPS, 1.0 / _STRIPS)

_GLASS: Final = 0.9
"""Quantile of a piece of a strip that is taken for its glass."""

_DEEPEST: Final = 0.3
"""Darker pieces of a strip, against its glass, are cut off here (logarithm): a nucleus that fills a
piece is no darker than a red cell then. Of black bands enough is left."""

_LEAST_PX: Final = 2 * _BLOCKS
"""A smaller picture is none of a field."""

_FEWEST: Final = (1.25, 0.5)
"""Bands in a frame: fewest that one frame shows, and fewest that two frames show."""

_MOST: Final = 10.0
_APART: Final = 0.25
"""Bands of so many a frame, and steps between those that are looked for: the camera reads a frame
in 4 to 80 ms."""


@dataclass(frozen=True)
class Bands:
    """Bands that a lamp lays over a frame.

    Attributes:
        depth: Brightness lost in the middle of one, share of that between two of them.
        count: How many fit into a frame.
        agreement: How alike they are in all columns, 0-1.
    """

    depth: float
    count: float
    agreement: float


def lamp_rows(rgb: NDArray[np.uint8]) -> Floats | None:
    """How bright the glass is from top to bottom in each strip.

    Args:
        rgb: uint8 (height, width, 3).

    Returns:
        Logarithm of the grey level, float64 (64, 6); None where the picture is too small.
    """
    height, width = rgb.shape[:2]
    if min(height, width) < _LEAST_PX:
        return None
    down, across = height // _LEAST_PX, max(1, width // _SAMPLED_COLUMNS)
    red = np.ascontiguousarray(rgb[down // 2 :: down, across // 2 :: across, 0])
    tall, wide = red.shape[0] // _BLOCKS, red.shape[1] // _STRIPS
    top = (red.shape[0] - tall * _BLOCKS) // 2
    pieces = red[top : top + tall * _BLOCKS, : wide * _STRIPS]
    pieces = pieces.reshape(_BLOCKS, tall, _STRIPS, wide).transpose(0, 2, 1, 3)
    ordered = np.sort(pieces.reshape(_BLOCKS * _STRIPS, -1), axis=1, kind="stable")
    glass = ordered[:, int(_GLASS * (ordered.shape[1] - 1))]
    rows: Floats = np.log(np.maximum(glass, 1).astype(np.float64)).reshape(_BLOCKS, _STRIPS)
    # Two thirds of the way up is glass, with bands and without.
    usual = np.sort(rows, axis=0)[2 * _BLOCKS // 3]
    return np.maximum(rows, usual - _DEEPEST)


def bands_in(rows: Floats, before: Floats | None = None) -> Bands | None:
    """The bands of one frame, or those in which two frames differ.

    Args:
        rows: Its ``lamp_rows``.
        before: Those of another frame; what both have in common is left out then.

    Returns:
        The deepest of those that are alike in all strips; None where there are none. Of two
        frames it is the difference that is that deep.
    """
    two = before is not None
    counts, fit, flat = _fits(_FEWEST[two], degree=1 if two else 2)
    if before is not None:
        rows = rows - before
    ups = flat @ (rows @ _MEAN)
    wander = float(ups @ ups) / _BLOCKS
    if wander < _LEAST_WANDER:
        return None
    waves = fit @ rows
    common = waves @ _MEAN
    heights = np.abs(common)
    spread = (np.abs(waves) ** 2).mean(axis=1)
    agreement = heights**2 / np.maximum(spread, 1e-12)
    best = int(np.where(agreement >= _AGREEMENT[two], heights, 0.0).argmax())
    height = float(heights[best])
    depth = 1.0 - exp(-2.0 * height)
    if agreement[best] < _AGREEMENT[two] or depth < LEAST_DEPTH:
        return None
    if height**2 / 2.0 < _EXPLAINED[two] * wander:
        return None
    return Bands(depth, float(counts[best]), float(agreement[best]))


def bands_of(rgb: NDArray[np.uint8]) -> Bands | None:
    """The bands over one picture, or None.

    Args:
        rgb: uint8 (height, width, 3).
    """
    rows = lamp_rows(rgb)
    return None if rows is None else bands_in(rows)


@cache
def _fits(fewest: float, degree: int) -> tuple[Floats, NDArray[np.complex128], Floats]:
    """What finds a wave beside a polynomial, by least squares.

    Args:
        fewest: Waves in a frame.
        degree: Of the polynomial.

    Returns:
        The numbers of waves (n,), the wave of each by the rows (n, 64), and what takes the
        polynomial out of rows (64, 64).
    """
    y = (np.arange(_BLOCKS) + 0.5) / _BLOCKS
    slow = np.linalg.qr(np.stack([(2.0 * y - 1.0) ** k for k in range(degree + 1)], axis=1))[0]
    flat = np.eye(_BLOCKS) - slow @ slow.T
    counts = np.arange(fewest, _MOST + _APART / 2, _APART)
    turns = 2.0 * pi * counts[:, None] * y
    cosine, sine = np.cos(turns) @ flat, np.sin(turns) @ flat
    # Two unknowns a wave, solved by hand: LAPACK would wake all processors for it.
    cc = (cosine * cosine).sum(axis=1)[:, None]
    ss = (sine * sine).sum(axis=1)[:, None]
    cs = (cosine * sine).sum(axis=1)[:, None]
    parts = (ss * cosine - cs * sine) - 1j * (cc * sine - cs * cosine)
    return counts, parts / (cc * ss - cs * cs), flat


_CLEAN_LOOKS: Final = 6
"""Looks in a row without bands after which the lamp is steady again: bands that wander are faint
in some frames."""


class LampWatch:
    """Watches the lamp over the frames of one camera.

    Attributes:
        flickers: Whether it does, by the frames so far.
    """

    def __init__(self) -> None:
        self.flickers = False
        self._before: Floats | None = None
        self._clean = 0

    def see(self, rgb: NDArray[np.uint8]) -> bool:
        """Take in one frame; whether the lamp flickers."""
        rows = lamp_rows(rgb)
        if rows is None:
            return self.flickers
        found = bands_in(rows) is not None or (
            self._before is not None and bands_in(rows, self._before) is not None
        )
        self._before = rows
        self._clean = 0 if found else self._clean + 1
        if found or self._clean >= _CLEAN_LOOKS:
            self.flickers = found
        return self.flickers
