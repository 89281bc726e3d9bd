"""Pictures of one cell."""

from __future__ import annotations

import numpy as np
import pytest

from edge.camera.smear.single import examples, render_cell


def dark_centre(rgb):
    """Centre of what is darker than red cells, pixels."""
    dark = rgb[..., 0] < 0.55 * np.percentile(rgb[..., 0], 95)
    rows, columns = np.nonzero(dark)
    return columns.mean() + 0.5, rows.mean() + 0.5, int(dark.sum())


def test_the_same_seed_gives_the_same_cell_and_another_another():
    np.testing.assert_array_equal(render_cell("monocyte", 3), render_cell("monocyte", 3))
    assert not np.array_equal(render_cell("monocyte", 3), render_cell("monocyte", 4))


@pytest.mark.parametrize(("um_per_px", "size_px"), [(0.1, 360), (0.2, 180), (0.3, 120)])
def test_the_cell_lies_in_the_middle_at_every_scale(um_per_px, size_px):
    rgb = render_cell("lymphocyte", 5, um_per_px, size_px)
    assert rgb.shape == (size_px, size_px, 3)
    assert rgb.dtype == np.uint8
    x, y, pixels = dark_centre(rgb)
    assert (x, y) == pytest.approx((size_px / 2, size_px / 2), abs=1.0 / um_per_px)
    diameter = 2 * np.sqrt(pixels / np.pi) * um_per_px
    assert 7.0 < diameter < 12.0


def test_examples_differ_from_each_other():
    cells = examples("blast", 3, 10)
    assert len(cells) == 3
    assert not np.array_equal(cells[0], cells[1])
    np.testing.assert_array_equal(cells[1], render_cell("blast", 11))


def test_an_unknown_kind_is_an_error():
    with pytest.raises(KeyError):
        render_cell("fish", 1)
