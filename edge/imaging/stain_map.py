"""The nuclear stain of a whole picture, reduced, and of any part of it at twice the detail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edge.imaging.contours import glass_surface
from edge.imaging.reduction import reduced
from edge.imaging.stain import densities, nuclear_stain, white_level

_DEEPEST: Final = 0.9
"""No shade of an optic that can be looked through is deeper."""

DETAIL: Final = 2
"""How much finer ``closer`` is than the map."""


@dataclass(frozen=True)
class StainMap:
    """Stain of one picture.

    Attributes:
        rgb: uint8 (height, width, 3), the picture.
        factor: Whole number by which it is reduced.
        um_per_px: Scale of the map.
        white: float32 (3,), colour of its background.
        shade: float32 (h, w), density of the uneven light: 0 where it is brightest.
        density: float32 (3, h, w), optical densities of the reduced picture.
        stain: float32 (h, w), its nuclear stain.
    """

    rgb: NDArray[np.uint8]
    factor: int
    um_per_px: float
    white: NDArray[np.float32]
    shade: NDArray[np.float32]
    density: NDArray[np.float32]
    stain: NDArray[np.float32]

    @classmethod
    def of(cls, rgb: NDArray[np.uint8], um_per_px: float, factor: int) -> StainMap:
        """Reduce a picture of scale ``um_per_px`` by ``factor`` and measure its stain."""
        small = reduced(rgb, factor)
        white = white_level(small)
        shade = _shade(small)
        density = densities(small, white)
        density -= shade
        stain = nuclear_stain(density)
        return cls(rgb, factor, um_per_px * factor, white, shade, density, stain)

    @property
    def detail(self) -> int:
        """Pixels of ``closer`` for one of the map, along each side: 1 where nothing was reduced."""
        return DETAIL if self.factor > 1 else 1

    def closer(self, rows: slice, columns: slice) -> NDArray[np.float32]:
        """Stain of a part of the map, ``detail`` times as fine.

        Args:
            rows, columns: Bounds in pixels of the map.

        Returns:
            float32 (rows * detail, columns * detail).
        """
        if self.detail == 1:
            part: NDArray[np.float32] = self.stain[rows, columns]
            return part
        tall, wide = (rows.stop - rows.start), (columns.stop - columns.start)
        top, left = rows.start * self.factor, columns.start * self.factor
        cut = self.rgb[top : top + tall * self.factor, left : left + wide * self.factor]
        # The map's last pixel may stand for fewer than ``factor`` pixels of the picture.
        missing = (tall * self.factor - cut.shape[0], wide * self.factor - cut.shape[1])
        if any(missing):
            cut = np.pad(cut, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="edge")
        size = (wide * self.detail, tall * self.detail)
        # Pillow copies rows that do not lie one behind the other byte by byte.
        fine = Image.fromarray(np.ascontiguousarray(cut)).resize(size, Image.Resampling.BOX)
        shade = self.shade[rows, columns].repeat(self.detail, axis=0).repeat(self.detail, axis=1)
        return nuclear_stain(densities(np.asarray(fine), self.white) - shade)


def _shade(small: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Density of vignetting and of a lamp out of centre, from the glass between the cells.

    Shade takes all colours alike: it is measured in green and taken off all three.
    """
    shade = glass_surface(small[..., 1])
    np.maximum(shade, np.float32(1.0), out=shade)
    np.divide(shade.max(), shade, out=shade)
    np.log(shade, out=shade)
    return np.minimum(shade, np.float32(_DEEPEST), out=shade)
