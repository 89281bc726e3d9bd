"""Red cells: dried biconcave discs, about 7.2 um across, the ruler that lies in every field."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.camera.smear.canvas import Canvas, Outline, cover, rim, waves
from edge.camera.smear.stain import FloatImage
from edge.camera.smear.texture import grain

RED_CELL_UM = 7.2
RED_CELL_SPREAD = 0.05


@dataclass(frozen=True)
class RedCellShape:
    """One red cell.

    Attributes:
        outline: Its edge.
        pallor: How pale the middle is, 0 (none) to 1 (as clear as glass).
        pallor_share: Radius of the pale middle as a share of the cell's.
        density: Haemoglobin relative to the mean cell.
    """

    outline: Outline
    pallor: float
    pallor_share: float
    density: float

    @property
    def diameter_um(self) -> float:
        """Diameter of the circle of the same area, um."""
        return 2 * self.outline.radius_um


def random_red_cell(
    rng: np.random.Generator, diameter_um: float = RED_CELL_UM, spread: float = RED_CELL_SPREAD
) -> RedCellShape:
    """A red cell drawn from a healthy population.

    Args:
        rng: Source of chance.
        diameter_um: Mean diameter, um.
        spread: Spread of the diameter as a share of the mean.
    """
    radius = diameter_um / 2 * float(np.clip(rng.normal(1, spread), 0.8, 1.2))
    # Area is kept: waves of an outline add half the sum of their squares to it.
    shape_waves = waves(rng, 0.022, orders=4)
    swell = np.sqrt(1 + sum(a * a for a, _ in shape_waves) / 2)
    outline = Outline(
        radius_um=float(radius / swell),
        elongation=float(1 + abs(rng.normal(0, 0.09))),
        turn_rad=float(rng.uniform(0, np.pi)),
        waves=shape_waves,
    )
    return RedCellShape(
        outline=outline,
        pallor=float(np.clip(rng.normal(0.55, 0.22), 0.0, 0.9)),
        pallor_share=float(np.clip(rng.normal(0.40, 0.07), 0.2, 0.55)),
        density=float(np.clip(rng.normal(1, 0.09), 0.7, 1.3)),
    )


def red_cell_amounts(rng: np.random.Generator, canvas: Canvas, cell: RedCellShape) -> FloatImage:
    """Stain of one red cell in the middle of the canvas.

    Returns:
        float32, shape (size, size, 3): azure, blue, eosin.
    """
    inside = cell.outline.inside_um(canvas)
    radius = cell.outline.radius_um
    # 0 in the middle, 1 at the edge; the pale middle fades over a third of the radius.
    outward = 1 - inside / radius
    middle = 0.5 * (1 - np.tanh((outward - cell.pallor_share) / 0.17))
    thick = 1 - cell.pallor * middle
    # The thickest part of a disc lies at about 0.75 of its radius; a dried edge is a little dark.
    thick = thick * (1 - 0.25 * np.clip(outward - 0.75, 0, 1) / 0.25)
    thick = thick + 0.18 * rim(inside, 0.2, 0.28)
    thick = thick * (1 + 0.02 * grain(rng, canvas, 0.3, 1.2))
    body = (cover(inside, 0.25) * thick * cell.density).astype(np.float32)
    amounts = np.empty((*body.shape, 3), dtype=np.float32)
    amounts[..., 0] = 0.04 * body
    amounts[..., 1] = 0.13 * body
    amounts[..., 2] = 0.38 * body
    return amounts
