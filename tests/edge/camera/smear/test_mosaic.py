"""Views of the slide fit together, whatever is looked at first."""

from __future__ import annotations

import numpy as np

from edge.camera.smear.layout import Layout
from edge.camera.smear.mosaic import Mosaic
from edge.camera.smear.recipe import KINDS
from edge.camera.smear.sensor import LIGHT_SCALE
from edge.camera.smear.stain import Stain


def mosaic(tile_px=200, kind="leukemic"):
    settings = KINDS[kind]
    return Mosaic(Layout(settings, kind, 5), settings, 0.2, Stain(), settings.optics, 9, tile_px)


def test_overlapping_views_agree():
    slide = mosaic()
    first, second = slide.view(0, 0, 400, 300), mosaic().view(150, 120, 250, 180)
    np.testing.assert_array_equal(first[120:300, 150:400], second)


def test_seams_of_tiles_are_not_seen():
    np.testing.assert_array_equal(
        mosaic(200).view(30, 40, 500, 300), mosaic(313).view(30, 40, 500, 300)
    )


def test_empty_glass_lets_all_light_through():
    view = mosaic(kind="empty").view(0, 0, 400, 400)
    assert np.median(view) == LIGHT_SCALE


def test_a_cell_lies_where_the_layout_says():
    settings = KINDS["leukemic"]
    slide = mosaic()
    cell = Layout(settings, "leukemic", 5).white_cells(20, 20, 120, 120)[0]
    x, y = int(slide.snap_um(cell.x_um) / 0.2), int(slide.snap_um(cell.y_um) / 0.2)
    view = slide.view(x - 40, y - 40, 81, 81)
    dark = (view[..., 1] < 0.5 * LIGHT_SCALE).astype(float)
    rows, columns = np.indices(dark.shape)
    assert abs((rows * dark).sum() / dark.sum() - 40) < 12
    assert abs((columns * dark).sum() / dark.sum() - 40) < 12
