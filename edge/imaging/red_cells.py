"""How dark and of which colour the red cells of a field are: the stain that lies in every field.

Density is what a dye adds, ``-ln(pixel / glass)``, whatever the lamp. On fields of one slide that
lie next to each other its green part differs by some 1%, its colour as well; between patients of
one laboratory by 13% and 10% (`python -m bench.red_stain`).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.imaging.contours import glass_surface
from edge.imaging.reduction import reduced
from edge.imaging.stain import densities, white_level

_SIDE_PX: Final = 400
"""Longest side of the reduced picture."""

_NOISE: Final = 4.0
"""Stained is what is so many times darker than the glass's own spread."""

_LEAST_STAINED: Final = 0.08
"""With a smaller share of the field stained, one white cell may be most of it."""

_LEAST: Final = 0.02
"""Density below which there is nothing to tell from noise."""

_DARKEST: Final = 4
"""Grey level below which a density says nothing more."""


_NUCLEAR: Final = 2.0
"""What is so many times denser than red cells is a nucleus, a platelet or stain deposit."""

_LEAST_DARK_PX: Final = 60
"""Of the reduced picture: with fewer there is nothing to compare."""

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
        rgb: uint8 (height, width, 3).
    """
    small = reduced(rgb, max(1, ceil(max(rgb.shape[:2]) / _SIDE_PX)))
    if min(small.shape[:2]) < 32:
        return None
    shade = np.maximum(glass_surface(small[..., 1]), 1.0)
    green = np.log(shade) - np.log(np.maximum(small[..., 1], _DARKEST))
    glass = green[green <= np.percentile(green, 25)]
    spread = 1.4826 * float(np.median(np.abs(glass - np.median(glass))))
    stained = green[green > max(_NOISE * spread, _LEAST)]
    if stained.size < _LEAST_STAINED * green.size:
        return None
    # Red cells are most of what is stained: nuclei hardly move a median, outlines are left out.
    # Begun from above: where white cells fill a small view theirs is told, which is never pale.
    density = float(np.percentile(stained, 75))
    for _ in range(6):
        density = float(np.median(stained[stained > density / 2]))
    typical = (green > 0.7 * density) & (green < 1.3 * density)
    # The lamp's shade is that of the green channel in all three.
    even = np.clip(small * (shade.max() / shade)[..., None], 0, 255).astype(np.uint8)
    channels = densities(even, white_level(even))
    red, own, blue = (max(float(np.median(each[typical])), _LEAST) for each in channels)
    dark = green > _NUCLEAR * density
    nuclei = None
    if dark.sum() >= _LEAST_DARK_PX:
        most, least = (max(float(np.median(channels[i][dark])), _LEAST) for i in (0, 2))
        nuclei = log(most / least) - log(red / blue)
    return RedStain(density, (log(red / own), log(blue / own)), nuclei)
