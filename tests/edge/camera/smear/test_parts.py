"""Laying stain, uniting shapes, putting a nucleus into a cell."""

from __future__ import annotations

import numpy as np
import pytest

from edge.camera.smear.canvas import Canvas, Outline, cover
from edge.camera.smear.parts import Palette, chromatin, unite
from edge.camera.smear.stain import AZURE, EOSIN

CANVAS = Canvas(161, 0.1)


def test_stain_laid_twice_adds_up_and_can_be_cleared():
    palette = Palette(CANVAS)
    everywhere = np.ones((161, 161), dtype=np.float32)
    palette.lay(everywhere, azure=0.2, eosin=0.1)
    palette.lay(everywhere, azure=0.3)
    assert palette.amounts[0, 0, AZURE] == pytest.approx(0.5)
    palette.clear(0.5 * everywhere)
    assert palette.amounts[0, 0, EOSIN] == pytest.approx(0.05)


def test_two_shapes_united_hold_both():
    left = Outline(2.0, x_um=-1.5).inside_um(CANVAS)
    right = Outline(2.0, x_um=1.5).inside_um(CANVAS)
    both = unite(left, right, 0.5) > 0
    assert np.all(both[(left > 0) | (right > 0)])
    assert both.sum() < 1.05 * ((left > 0) | (right > 0)).sum()


def test_a_nucleus_stays_in_its_cell_and_its_area_is_measured():
    palette = Palette(CANVAS)
    body_um = Outline(5.0).inside_um(CANVAS)
    nucleus_um = Outline(4.0, x_um=3.0).inside_um(CANVAS)
    body = cover(body_um, 0.3)
    nucleus = chromatin(palette, nucleus_um, 0 * body, 1.0, 0.2, body)
    drawn = palette.drawn(body_um, nucleus)
    assert drawn.amounts[body < 1e-6].max() == 0
    assert drawn.area_um2 == pytest.approx(np.pi * 25, rel=0.02)
    assert 0 < drawn.nucleus_um2 < np.pi * 16
