"""The hand moves on by half a field: only what no earlier field showed whole is looked for."""

from __future__ import annotations

import numpy as np
import pytest

from edge.imaging.known_ground import Ground, KnownGround
from edge.imaging.locate import Candidate, Search, locate, nothing_new
from tests.edge.imaging.smears import real_pictures
from tests.edge.imaging.test_locate import NUCLEUS, SCALE, disc, lymphocyte, smear


def _found(rgb: np.ndarray, *known: Ground, um_per_px: float = SCALE) -> list[Candidate]:
    return Search(rgb, um_per_px, known=known).finish()


def _ground_um(left: float, top: float, right: float, bottom: float) -> Ground:
    return Ground(*(side / SCALE for side in (left, top, right, bottom)))


def test_cells_deep_in_known_ground_are_left_out_and_the_others_found_as_ever() -> None:
    picture = smear(200.0, 80.0)
    for x in (20.0, 70.0, 105.0, 150.0):
        lymphocyte(picture, x, 45.0)
    rgb = np.asarray(picture)
    every = locate(rgb, SCALE)
    assert len(every) == 4
    assert _found(rgb) == every
    # The left half was seen from further left: the second cell lay whole in it, the third not.
    assert _found(rgb, _ground_um(-60, 0, 104, 80)) == every[2:]
    assert _found(rgb, _ground_um(-60, 0, 260, 80)) == []


def test_a_cell_that_the_border_cut_before_is_found_now() -> None:
    """The hand settled by 3 um: next to no new ground, but a cell is whole that was not."""
    picture = smear(120.0, 80.0)
    lymphocyte(picture, 60.0, 45.0)
    lymphocyte(picture, 112.0, 45.0)
    rgb = np.asarray(picture)
    (cut,) = _found(rgb, _ground_um(-3.0, 0.0, 117.0, 80.0))
    assert cut == locate(rgb, SCALE)[1]


def test_a_field_back_where_it_was_holds_nothing_new_at_its_borders_either() -> None:
    picture = smear(120.0, 80.0)
    for x in (7.0, 60.0, 113.0):
        lymphocyte(picture, x, 45.0)
    rgb = np.asarray(picture)
    assert len(locate(rgb, SCALE)) == 3
    assert _found(rgb, _ground_um(0.5, -0.5, 120.5, 79.5)) == []


def test_lobes_on_both_sides_of_the_border_are_one_cell() -> None:
    """The lobe in known ground is looked into again: it belongs to a cell that is new."""
    picture = smear(120.0, 80.0)
    for x in (52.0, 58.5):
        disc(picture, x, 45.0, 2.8, NUCLEUS)
    rgb = np.asarray(picture)
    (whole,) = locate(rgb, SCALE)
    assert _found(rgb, _ground_um(-60.0, 0.0, 56.0, 80.0)) == [whole]


def test_cells_between_two_known_grounds_are_not_lost() -> None:
    picture = smear(200.0, 80.0)
    lymphocyte(picture, 100.0, 45.0)
    rgb = np.asarray(picture)
    left, right = _ground_um(0, 0, 100, 80), _ground_um(100, 0, 200, 80)
    assert _found(rgb, left, right) == locate(rgb, SCALE)


def test_pieces_beside_new_ones_are_told_from_those_far_away() -> None:
    known = KnownGround(np.array([[-40.0, 0.0, 60.0, 50.0]]), (50, 100), around=8.0, slack=1.0)
    boxes = np.array([[70, 20, 75, 25], [45, 20, 50, 25], [5, 20, 10, 25], [48, 20, 54, 25]])
    new, beside = known.news(boxes)
    assert new.tolist() == [True, False, False, True]
    assert beside.tolist() == [False, True, False, False]


def test_a_field_made_of_parts_of_others_is_not_searched_at_all() -> None:
    rgb = np.asarray(smear(200.0, 120.0))
    above, below = _ground_um(-1, -60, 199, 75), _ground_um(1, 15, 201, 150)
    assert not nothing_new(rgb, SCALE, [])
    assert not nothing_new(
        rgb, SCALE, [_ground_um(-100, 0, 100, 120), _ground_um(100, 0, 300, 120)]
    )
    assert nothing_new(rgb, SCALE, [_ground_um(1, 1, 201, 121)])
    assert not nothing_new(rgb, SCALE, [_ground_um(3, 0, 203, 120)])
    assert not nothing_new(rgb, SCALE, [above])
    assert not nothing_new(rgb, SCALE, [below])
    assert nothing_new(rgb, SCALE, [below, above])
    assert not nothing_new(rgb, SCALE, [_ground_um(1, 30, 201, 150), above]), "a cell between them"


def test_in_real_fields_what_is_new_is_found_as_in_a_whole_search() -> None:
    """Two fields that share half of their ground, as a hand leaves them. Nuclei that touch in known
    ground stay one: what is typical of the field differs by a hair, and an area by a pixel."""
    expected = 0
    for _, wide in real_pictures("jhu_wide_fields", 4):
        rgb = wide[400:1480, 1000:2920]
        known = Ground(-1000, -380, 920, 700)
        whole, part = locate(rgb, 0.24), _found(rgb, known, um_per_px=0.24)
        new = {_box(cell): cell for cell in whole if not _whole_in(cell, known)}
        again = {_box(cell): cell for cell in part}
        assert new.keys() <= again.keys() <= {_box(cell) for cell in whole}
        for box, cell in new.items():
            assert again[box].area_um2 == pytest.approx(cell.area_um2, abs=1.1)
        expected += len(new)
    assert expected > 40


def _box(cell: Candidate) -> tuple[float, ...]:
    return cell.left_px, cell.top_px, cell.width_px, cell.height_px, cell.nucleus_area_um2


def _whole_in(cell: Candidate, ground: Ground) -> bool:
    right, bottom = cell.left_px + cell.width_px, cell.top_px + cell.height_px
    clear = cell.left_px > ground.left and cell.top_px > ground.top
    return clear and right < ground.right and bottom < ground.bottom
