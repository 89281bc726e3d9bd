"""Sprites: a middle pixel, room for the blur, densities that survive the optics."""

from __future__ import annotations

import numpy as np
import pytest

from edge.camera.smear.optics import Optics
from edge.camera.smear.sprite import canvas_for, white_cell_sprite
from edge.camera.smear.stain import Stain


@pytest.mark.parametrize("um_per_px", [0.05, 0.1, 0.14, 0.2, 0.3, 0.4])
def test_the_canvas_holds_the_reach_and_has_a_middle_pixel(um_per_px):
    canvas, factor = canvas_for(9.0, um_per_px)
    side = canvas.size_px // factor
    assert canvas.size_px == side * factor
    assert side % 2 == 1
    assert side * um_per_px >= 18.0
    assert canvas.pitch_um == pytest.approx(um_per_px / factor)
    assert canvas.pitch_um <= 0.1 + 1e-9


def test_the_cell_lies_in_the_middle_of_its_sprite():
    sprite = white_cell_sprite("lymphocyte", 10.0, np.random.default_rng(1), 0.2, Stain(), Optics())
    green = sprite.density[..., 1]
    rows, columns = np.indices(green.shape)
    middle = green.shape[0] // 2
    assert (green * rows).sum() / green.sum() == pytest.approx(middle, abs=1.5)
    assert (green * columns).sum() / green.sum() == pytest.approx(middle, abs=1.5)


@pytest.mark.parametrize("defocus_um", [0.0, 3.0])
def test_blur_has_room_and_leaves_no_frame(defocus_um):
    sprite = white_cell_sprite(
        "blast", 15.0, np.random.default_rng(1), 0.2, Stain(), Optics(defocus_um=defocus_um)
    )
    frame = np.concatenate([sprite.density[[0, -1]].ravel(), sprite.density[:, [0, -1]].ravel()])
    assert np.abs(frame).max() < 0.01
