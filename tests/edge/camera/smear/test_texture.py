"""Textures: known spread, known coarseness, nothing twice."""

from __future__ import annotations

import numpy as np
import pytest

from edge.camera.smear.canvas import Canvas
from edge.camera.smear.texture import dots, grain, strands

CANVAS = Canvas(201, 0.1)


@pytest.mark.parametrize("texture", [grain, strands])
def test_a_texture_has_unit_spread_around_about_zero(texture):
    pieces = np.array(
        [texture(np.random.default_rng(seed), CANVAS, 0.2, 0.6) for seed in range(12)]
    )
    assert pieces.std() == pytest.approx(1.0, abs=0.15)
    assert abs(pieces.mean()) < 0.25


def test_a_coarser_grain_changes_more_slowly():
    def steepness(fine, coarse):
        return np.diff(grain(np.random.default_rng(1), CANVAS, fine, coarse), axis=1).std()

    assert steepness(0.1, 0.3) > 2 * steepness(0.4, 1.2)


def test_the_same_chance_gives_the_same_piece_and_another_gives_another():
    same = [strands(np.random.default_rng(5), CANVAS, 0.1, 0.3) for _ in range(2)]
    np.testing.assert_array_equal(*same)
    other = strands(np.random.default_rng(6), CANVAS, 0.1, 0.3)
    assert abs(np.corrcoef(same[0].ravel(), other.ravel())[0, 1]) < 0.2


def test_granules_are_as_many_as_asked_for():
    where = np.zeros((201, 201), dtype=np.float32)
    where[50:150, 50:150] = 1
    strewn = dots(np.random.default_rng(2), CANVAS, where, 3.0, 0.2)
    one = dots(np.random.default_rng(2), CANVAS, where * 0, 3.0, 0.2)
    assert one.max() == 0
    # A soft ball of radius r and height 1 has the volume 2.806 r^2 (of exp(-(x/r)^3)).
    count = strewn.sum() * 0.01 / (2.806 * 0.2**2)
    print("granules asked for 300, strewn about", round(float(count)))
    assert count == pytest.approx(300, rel=0.2)
