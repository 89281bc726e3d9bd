"""Components of a mask: against scipy, and shapes small enough to see."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from edge.imaging.components import depth, dilate, fill_small_holes, label, label_with_extents

MASKS = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=14))


@settings(derandomize=True, max_examples=150, deadline=None)
@given(MASKS)
def test_components_are_numbered_as_scipy_numbers_them(mask):
    labels, count = label(mask)
    expected, expected_count = ndimage.label(mask, np.ones((3, 3)))
    assert count == expected_count
    np.testing.assert_array_equal(labels, expected)


@settings(derandomize=True, max_examples=100, deadline=None)
@given(MASKS)
def test_extents_are_each_components_bounds_and_area(mask):
    labels, size = label_with_extents(mask)
    bounds = ndimage.find_objects(labels)
    found = list(zip(size.top, size.bottom, size.left, size.right, strict=True))
    assert found == [(r.start, r.stop, c.start, c.stop) for r, c in bounds]
    np.testing.assert_array_equal(size.area, np.bincount(labels.ravel())[1:])


def test_a_spiral_of_many_runs_is_one_component():
    mask = np.zeros((41, 41), dtype=np.bool_)
    for ring in range(0, 20, 2):
        mask[ring, ring : 41 - ring] = mask[40 - ring, ring : 41 - ring] = True
        mask[ring : 41 - ring, ring] = mask[ring : 41 - ring, 40 - ring] = True
        mask[ring + 1, ring] = False
        mask[ring + 2, ring + 1] = True
    assert label(mask)[1] == ndimage.label(mask, np.ones((3, 3)))[1]


def test_small_holes_are_filled_and_large_or_open_ones_kept():
    mask = np.ones((12, 12), dtype=np.bool_)
    mask[2, 2] = False
    mask[5:9, 5:9] = False
    mask[0, 10] = False
    filled = fill_small_holes(mask, 4)
    assert filled[2, 2]
    assert not filled[5:9, 5:9].any()
    assert not filled[0, 10]


@settings(derandomize=True, max_examples=60, deadline=None)
@given(MASKS)
def test_depth_lies_between_chessboard_and_taxicab_distance(mask):
    padded = np.pad(mask, 1)
    chessboard = ndimage.distance_transform_cdt(padded, "chessboard")[1:-1, 1:-1]
    taxicab = ndimage.distance_transform_cdt(padded, "taxicab")[1:-1, 1:-1]
    result = depth(mask)
    assert (result >= chessboard).all()
    assert (result <= taxicab).all()


@pytest.mark.parametrize("steps", [0, 1, 4])
def test_a_point_grows_by_as_many_pixels_as_steps(steps):
    mask = np.zeros((21, 21), dtype=np.bool_)
    mask[10, 10] = True
    grown = dilate(mask, steps)
    assert np.flatnonzero(grown[10]).tolist() == list(range(10 - steps, 11 + steps))
