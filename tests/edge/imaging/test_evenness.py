"""Light from one side is told from even light, whatever lies in the field."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench.shifts import crowded
from edge.imaging.coach import CoachSettings
from edge.imaging.evenness import evenness_of
from tests.edge.imaging.smears import drawn_field


@pytest.mark.parametrize("dark", [0.4, 0.6, 0.8, 1.0])
def test_the_dark_side_is_measured(dark):
    shade = np.linspace(1, dark, 800)[None, :, None]
    rgb = (drawn_field(0.2, size=(600, 800), nuclei=3, seed=2) * shade).astype(np.uint8)
    assert evenness_of(rgb) == pytest.approx(dark, abs=0.08)


def test_no_light_and_a_tiny_picture_say_nothing():
    assert math.isnan(evenness_of(np.zeros((400, 400, 3), np.uint8)))
    assert math.isnan(evenness_of(np.full((20, 20, 3), 200, np.uint8)))


@pytest.mark.parametrize("layers", [6, 8])
def test_cells_over_cells_are_not_called_uneven_light(layers):
    """Where no glass is left, dark and bright parts are thick and thin ones, not the lamp's."""
    field = drawn_field(0.2, size=(600, 800), nuclei=3, seed=2, per_mm2=9000.0)
    thick, _ = crowded(layers)(field, 0.2)
    assert not evenness_of(thick) < CoachSettings().min_evenness
