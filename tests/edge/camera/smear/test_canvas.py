"""Outlines enclose the area they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.camera.smear.canvas import Canvas, Outline, cover, rim, waves

CANVAS = Canvas(201, 0.1)


@settings(derandomize=True, max_examples=25, deadline=None)
@given(
    radius=st.floats(1.5, 6.0),
    elongation=st.floats(1.0, 1.6),
    turn=st.floats(-3.2, 3.2),
    x=st.floats(-1.0, 1.0),
)
def test_an_ellipse_has_the_area_of_its_circle(radius, elongation, turn, x):
    outline = Outline(radius, x_um=x, elongation=elongation, turn_rad=turn)
    area = cover(outline.inside_um(CANVAS), 0.2).sum() * 0.01
    assert area == pytest.approx(np.pi * radius**2, rel=0.02)


def test_the_middle_lies_deepest_and_far_away_is_outside():
    inside = Outline(4.0, x_um=2.0, y_um=-1.0).inside_um(CANVAS)
    row, column = np.unravel_index(inside.argmax(), inside.shape)
    assert CANVAS.x_um[row, column] == pytest.approx(2.0, abs=0.06)
    assert CANVAS.y_um[row, column] == pytest.approx(-1.0, abs=0.06)
    assert inside.max() == pytest.approx(4.0, abs=0.1)
    assert inside[0, 0] < 0


def test_waves_fall_with_their_order():
    drawn = np.array(
        [[abs(a) for a, _ in waves(np.random.default_rng(s), 0.1)] for s in range(300)]
    )
    means = drawn.mean(axis=0)
    assert means[0] == pytest.approx(0.08, rel=0.15)
    assert np.all(np.diff(means) < 0)


def test_a_rim_follows_its_outline():
    inside = Outline(4.0).inside_um(CANVAS)
    band = rim(inside, 0.5, 0.3)
    assert inside[band > 0.9].mean() == pytest.approx(0.5, abs=0.05)
    assert band[100, 100] < 1e-6
