"""One thing on the slide as the objective shows it: a small picture of optical density.

A thing is drawn at a fine pitch, turned into transmitted light, blurred, and reduced to the
sensor's pixels. Its density is what is kept: densities of overlapping sprites add up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.camera.smear.canvas import Canvas
from edge.camera.smear.optics import Optics, blur, reduce_by
from edge.camera.smear.red_cells import RedCellShape, red_cell_amounts
from edge.camera.smear.stain import FloatImage, Stain
from edge.camera.smear.white_cells import draw

# Finest pitch at which cells are drawn, um: half the resolution of the best objective.
_FINE_UM = 0.1
_LEAST_LIGHT, _MOST_LIGHT = 1e-3, 1.2


@dataclass(frozen=True)
class Sprite:
    """A thing's apparent optical density in linear light.

    Attributes:
        density: float32, shape (side, side, 3), odd side; its middle pixel is the thing's centre.
        radius_um: Radius of the circle of the thing's area, um.
        nucleus_um2: Area of its nucleus, um2.
    """

    density: FloatImage
    radius_um: float
    nucleus_um2: float


def canvas_for(reach_um: float, um_per_px: float) -> tuple[Canvas, int]:
    """The fine canvas of a thing that reaches this far, and how many fine pixels make one."""
    factor = max(1, int(np.ceil(um_per_px / _FINE_UM - 1e-6)))
    side_px = _quick_side(2 * int(np.ceil(reach_um / um_per_px)) + 1)
    return Canvas(side_px * factor, um_per_px / factor), factor


def _quick_side(least_px: int) -> int:
    """The next odd number without prime factors above 7: the Fourier transform is quick then."""
    side = least_px | 1
    while not _smooth(side):
        side += 2
    return side


def _smooth(number: int) -> bool:
    for prime in (3, 5, 7):
        while number % prime == 0:
            number //= prime
    return number == 1


def _through_optics(
    amounts: FloatImage, canvas: Canvas, factor: int, stain: Stain, optics: Optics
) -> FloatImage:
    light = np.power(np.float32(10), -stain.density(amounts))
    seen = reduce_by(blur(light, canvas.pitch_um, optics), factor)
    density = -np.log10(np.clip(seen, _LEAST_LIGHT, _MOST_LIGHT))
    # Rounding of the transform leaves a faint ghost on the empty ground: take it away.
    return np.where(np.abs(density) < 5e-4, np.float32(0), density).astype(np.float32)


def blur_reach_um(optics: Optics) -> float:
    """How far blur carries a cell's light, um."""
    return 3 * max(optics.blur_um())


def drawing_reach_um(kind: str, diameter_um: float) -> float:
    """How far from its centre a white cell, smudge or platelet may be drawn, um."""
    # An elongated and waving outline reaches beyond the circle of its area; a smudge has a haze.
    haze_um = 4.0 if kind == "smudge" else 0.0
    return 0.7 * diameter_um + 0.6 + haze_um


def white_cell_sprite(
    kind: str,
    diameter_um: float,
    rng: np.random.Generator,
    um_per_px: float,
    stain: Stain,
    optics: Optics,
) -> Sprite:
    """A white cell, smudge or platelet; see ``white_cells.draw`` for kinds."""
    reach = drawing_reach_um(kind, diameter_um) + blur_reach_um(optics)
    canvas, factor = canvas_for(reach, um_per_px)
    drawn = draw(kind, diameter_um, rng, canvas)
    density = _through_optics(drawn.amounts, canvas, factor, stain, optics)
    return Sprite(density, drawn.radius_um, drawn.nucleus_um2)


def red_cell_sprite(
    cell: RedCellShape, rng: np.random.Generator, um_per_px: float, stain: Stain, optics: Optics
) -> Sprite:
    """A red cell."""
    reach = cell.outline.radius_um * cell.outline.elongation * 1.15 + 0.3
    canvas, factor = canvas_for(reach + blur_reach_um(optics), um_per_px)
    amounts = red_cell_amounts(rng, canvas, cell)
    density = _through_optics(amounts, canvas, factor, stain, optics)
    return Sprite(density, cell.outline.radius_um, 0.0)
