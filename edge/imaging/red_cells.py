"""How dark and of which colour the red cells of a field are: the stain that lies in every field.

Density is what a dye adds, ``-ln(pixel / glass)``, whatever the lamp. On fields of one slide that
lie next to each other its green part differs by some 1%, its colour as well; between patients of
one laboratory by 13% and 10% (`python -m bench.red_stain`).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.imaging.contours import glass_surface
from edge.imaging.reduction import overview
from edge.imaging.sharpness import ordered_percentile, percentile
from edge.imaging.stain import density_tables, middle_levels, middle_of, white_level

_NOISE: Final = 4.0
"""Stained is what is so many times darker than the glass's own spread."""

_LEAST_STAINED: Final = 0.08
"""With a smaller share of the field stained, one white cell may be most of it."""

_LEAST: Final = 0.02
"""Density below which there is nothing to tell from noise."""

_DARKEST: Final = 4
"""Grey level below which a density says nothing more."""

_LOGARITHMS: Final = np.log(np.maximum(np.arange(256, dtype=np.uint8), _DARKEST)).astype(np.float32)
"""Of each grey level, in half precision: 0.002 is finer than any stain is told apart."""


_NUCLEAR: Final = 2.0
"""What is so many times denser than red cells is a nucleus, a platelet or stain deposit."""

_LEAST_DARK_PX: Final = 60
"""Of the overview: with fewer there is nothing to compare."""

_COLOURLESS: Final = 0.12
"""Of both logarithms of ``RedStain.colour``."""


@dataclass(frozen=True)
class RedStain:
    """The typical red cell of a field.

    Attributes:
        density: Its green density, natural logarithm.
        colour: Logarithms of its red and of its blue density over the green one: the dye, however
            thick the cells lie.
        nuclei: By how much more the red density exceeds the blue one in what is far darker than red
            cells, natural logarithm: above 0 in nuclei of any stain; None where there are none.
    """

    density: float
    colour: tuple[float, float]
    nuclei: float | None = None

    @property
    def colourless(self) -> bool:
        """Whether all channels are equally dark, as a camera without colour shows a stain.

        In pictures of six laboratories, phones and cameras one of the two logarithms is 0.33 or
        more (`tests/edge/imaging/test_red_cells.py`).
        """
        return max(map(abs, self.colour)) < _COLOURLESS


def red_stain(rgb: NDArray[np.uint8]) -> RedStain | None:
    """The red cells' stain; None where the field has too few of them.

    Args:
        rgb: uint8 (height, width, 3), or its ``overview``.
    """
    small = overview(rgb)
    if min(small.shape[:2]) < 32:
        return None
    levels = np.ascontiguousarray(small[..., 1])
    shade = np.maximum(glass_surface(levels), 1.0)
    green = np.log(shade)
    green -= _LOGARITHMS.take(levels)
    ordered = np.sort(green, axis=None)
    palest = np.float32(ordered_percentile(ordered, 25.0))
    glass = ordered[: np.searchsorted(ordered, palest, side="right")]
    spread = 1.4826 * percentile(np.abs(glass - middle_of(glass)), 50.0)
    noise = np.float32(max(_NOISE * spread, _LEAST))
    stained = ordered[np.searchsorted(ordered, noise, side="right") :]
    if stained.size < _LEAST_STAINED * green.size:
        return None
    # Red cells are most of what is stained: nuclei hardly move a median, outlines are left out.
    # Begun from above: where white cells fill a small view theirs is told, which is never pale.
    density = ordered_percentile(stained, 75.0)
    for _ in range(6):
        first = np.searchsorted(stained, np.float32(density / 2), side="right")
        density = float(middle_of(stained[first:]))
    typical = np.flatnonzero((green > 0.7 * density) & (green < 1.3 * density))
    # The lamp's shade is that of the green channel in all three.
    even = small * (shade.max() / shade)[..., None]
    pixels = np.minimum(even, 255.0, out=even).astype(np.uint8)
    tables = density_tables(white_level(pixels))
    red, own, blue = _typical_densities(pixels, typical, tables)
    dark = np.flatnonzero(green > _NUCLEAR * density)
    nuclei = None
    if dark.size >= _LEAST_DARK_PX:
        most, _, least = _typical_densities(pixels, dark, tables)
        nuclei = log(most / least) - log(red / blue)
    return RedStain(density, (log(red / own), log(blue / own)), nuclei)


def _typical_densities(
    pixels: NDArray[np.uint8], places: NDArray[np.intp], tables: NDArray[np.float32]
) -> list[float]:
    """Median density of some pixels in each channel: that of their median levels."""
    some = pixels.reshape(-1, 3).take(places, axis=0)
    middle = (tables[c][middle_levels(some[:, c])].mean() for c in range(3))
    return [max(float(density), _LEAST) for density in middle]
