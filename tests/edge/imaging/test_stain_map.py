"""A part of a picture looked at more closely is the same picture."""

from __future__ import annotations

import numpy as np
import pytest

from edge.imaging.stain_map import StainMap
from tests.edge.imaging.smears import drawn_field


@pytest.mark.parametrize("factor", [2, 3, 4, 8])
def test_the_closer_look_reduced_is_the_map(factor):
    rgb = drawn_field(0.8 / factor, size=(320, 400), nuclei=3, noise=0.0)
    map_ = StainMap.of(rgb, 0.8 / factor, factor)
    rows, columns = slice(5, 30), slice(3, 40)
    closer = map_.closer(rows, columns)
    assert closer.shape == (50, 74)
    back = closer.reshape(25, 2, 37, 2).mean(axis=(1, 3))
    assert np.abs(back - map_.stain[rows, columns]).mean() < 0.02


def test_at_the_border_nothing_is_missing():
    rgb = drawn_field(0.2, size=(321, 403), nuclei=3)
    map_ = StainMap.of(rgb, 0.2, 4)
    height, width = map_.stain.shape
    assert map_.closer(slice(0, height), slice(0, width)).shape == (2 * height, 2 * width)


def test_a_picture_that_was_not_reduced_has_nothing_finer():
    map_ = StainMap.of(drawn_field(0.5, size=(100, 120)), 0.5, 1)
    assert map_.detail == 1
    assert map_.closer(slice(0, 50), slice(10, 60)).shape == (50, 50)
