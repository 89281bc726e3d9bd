"""The sharpest view of a cell, while the slide rests, is the one that is judged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageFilter

from edge.imaging.locate import Candidate, locate
from edge.imaging.stage import Place
from edge.imaging.views import View, Views, cell_sharpness
from tests.edge.imaging.smears import drawn_field

HERE = Place(0, 0.0, 0.0, True, 1.0)
CELL = Candidate(10.0, 10.0, 40.0, 40.0, 60.0, 40.0, False)


def view(cell: int, frame: int, sharpness: float) -> View:
    return View(cell, frame, np.zeros((64, 64, 3), np.uint8), HERE, CELL, sharpness)


def test_the_sharpest_of_the_views_is_given_once():
    views = Views(most=3)
    for frame, sharpness in enumerate((0.2, 0.5, 0.3)):
        views.offer(view(7, frame, sharpness))
        assert 7 in views
        assert frame == 2 or not views.due(resting=True)
    (best,) = views.due(resting=True)
    assert (best.cell, best.frame) == (7, 1)
    assert 7 not in views
    assert views.due(resting=False) == []


def test_when_the_hand_moves_on_no_cell_waits():
    views = Views(most=10)
    views.offer(view(1, 0, 0.2))
    views.offer(view(2, 0, 0.2))
    assert views.due(resting=True) == []
    assert [v.cell for v in views.due(resting=False)] == [1, 2]


def test_the_cells_of_a_crowded_field_are_given_over_a_few_frames_and_none_is_lost():
    views = Views(most=3)
    for cell in range(40):
        views.offer(view(cell, 0, 0.2))
    given = [views.due(resting=False, at_once=12) for _ in range(4)]
    assert [len(some) for some in given] == [12, 12, 12, 4]
    assert [v.cell for some in given for v in some] == list(range(40))


def test_those_still_due_are_all_given_when_frames_end():
    views = Views(most=3)
    for cell in range(40):
        views.offer(view(cell, 0, 0.2))
    views.due(resting=False, at_once=12)
    assert len(views.due(resting=False)) == 28


def test_one_view_is_enough_where_there_is_but_one():
    views = Views(most=1)
    views.offer(view(1, 0, 0.2))
    assert [v.cell for v in views.due(resting=True)] == [1]


def test_a_cell_put_back_keeps_no_pixels_and_is_judged_when_it_is_seen_again():
    views = Views(most=2)
    views.offer(view(4, 0, 0.1))
    (blurred,) = views.due(resting=False)
    views.put_back(blurred)
    assert 4 in views
    assert views.blurred == 1
    assert views.due(resting=False) == [], "no view of it is worth judging"
    (waits,) = views.waiting
    assert waits.rgb.size == 0
    assert waits.candidate == CELL, "so that it is found where it was"
    for frame in (8, 9):
        views.offer(view(4, frame, 0.3))
        assert views.blurred == 0
    assert [v.frame for v in views.due(resting=True)] == [8]
    assert 4 not in views


def test_no_view_at_all_is_no_setting():
    with pytest.raises(ValueError, match="most"):
        Views(0)


@pytest.mark.parametrize("um_per_px", [0.08, 0.2, 0.35])
def test_blur_lowers_the_sharpness_of_a_cell_at_any_magnification(um_per_px):
    rgb = drawn_field(um_per_px, size=(480, 640), nuclei=1, per_mm2=500, seed=3)
    (cell,) = locate(rgb, um_per_px)
    blurred = [
        np.asarray(Image.fromarray(rgb).filter(ImageFilter.GaussianBlur(sigma / um_per_px)))
        for sigma in (0.0, 0.4, 0.8, 1.6)
    ]
    found = [cell_sharpness(picture, cell, um_per_px) for picture in blurred]
    assert found == sorted(found, reverse=True)
    assert found[0] > 1.5 * found[2]


def test_an_even_patch_and_a_box_of_a_pixel_have_no_sharpness():
    grey = np.full((64, 64, 3), 120, np.uint8)
    assert cell_sharpness(grey, CELL, 0.2) == 0.0
    assert cell_sharpness(grey, Candidate(5.0, 5.0, 1.0, 1.0, 1.0, 1.0, False), 0.2) == 0.0


def test_in_a_field_moved_on_the_cell_is_looked_for_where_it_went():
    cell = replace(CELL, nucleus_px=(28.0, 31.0))
    seen = replace(view(1, 0, 0.5), candidate=cell)
    moved = seen.moved_to(Place(0, 2.0, -1.0, False, 1.0), um_per_px=0.2)
    assert moved is not None
    assert (moved.left_px, moved.top_px) == pytest.approx((0.0, 15.0))
    assert moved.anchor_px == pytest.approx((18.0, 36.0))
    assert seen.moved_to(Place(1, 2.0, -1.0, False, 1.0), um_per_px=0.2) is None
