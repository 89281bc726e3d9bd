"""Red cells: the ruler must be right."""

from __future__ import annotations

import numpy as np
import pytest

from edge.camera.smear.optics import Optics
from edge.camera.smear.red_cells import RED_CELL_UM, random_red_cell, red_cell_amounts
from edge.camera.smear.sprite import red_cell_sprite
from edge.camera.smear.stain import Stain


def measured_um(sprite, um_per_px):
    """Diameter of the circle of the area darker than half the rim, holes filled."""
    from scipy.ndimage import binary_fill_holes

    green = sprite.density[..., 1]
    level = np.percentile(green[green > 0.05], 70) / 2
    return 2 * np.sqrt(binary_fill_holes(green > level).sum() / np.pi) * um_per_px


@pytest.mark.parametrize("um_per_px", [0.05, 0.1, 0.2, 0.4])
def test_their_mean_diameter_is_what_it_should_be(um_per_px):
    rng = np.random.default_rng(1)
    measured = [
        measured_um(
            red_cell_sprite(random_red_cell(rng), rng, um_per_px, Stain(), Optics()), um_per_px
        )
        for _ in range(12 if um_per_px < 0.1 else 40)
    ]
    print(f"{um_per_px} um/px: {np.mean(measured):.2f} um, spread {np.std(measured):.2f} um")
    assert np.mean(measured) == pytest.approx(RED_CELL_UM, rel=0.035)


def test_their_spread_is_small_and_can_be_set():
    rng = np.random.default_rng(2)
    usual = [random_red_cell(rng).diameter_um for _ in range(400)]
    equal = [random_red_cell(rng, 8.0, 0.0).diameter_um for _ in range(40)]
    assert np.std(usual) / np.mean(usual) == pytest.approx(0.05, rel=0.15)
    assert equal == pytest.approx([8.0] * 40, rel=0.01)


def test_most_have_a_paler_middle():
    from edge.camera.smear.canvas import Canvas

    canvas = Canvas(101, 0.1)
    rng = np.random.default_rng(3)
    paler = 0
    for _ in range(40):
        eosin = red_cell_amounts(rng, canvas, random_red_cell(rng))[..., 2]
        paler += eosin[46:55, 46:55].mean() < 0.8 * eosin[50, 74:80].mean()
    assert paler >= 30
