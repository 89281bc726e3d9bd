"""Each cell is counted once, however often it is seen."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.imaging.chart import Chart, ChartSettings
from edge.imaging.stage import Join, Place

HERE = Place(0, 0.0, 0.0, True, 1.0)
coordinates = st.floats(-1e4, 1e4, allow_nan=False)
centres = st.lists(st.tuples(coordinates, coordinates), max_size=30)
quickly = settings(derandomize=True, max_examples=60, deadline=None)


def place(number=0, confidence=1.0, joins=()):
    return Place(number, 0.0, 0.0, False, confidence, joins)


def test_a_cell_is_new_once():
    chart = Chart()
    assert chart.new_cells(HERE, [(10.0, 10.0), (40.0, 10.0)]) == [0, 1]
    assert chart.new_cells(HERE, [(41.0, 11.0), (90.0, 10.0), (9.0, 8.5)]) == [1]
    assert [(cell.x_um, cell.sightings) for cell in chart.cells] == [
        (10.0, 2),
        (40.0, 2),
        (90.0, 1),
    ]


def test_blasts_that_touch_are_two():
    assert Chart().new_cells(HERE, [(0.0, 0.0), (9.0, 0.0)]) == [0, 1]


def test_a_cell_found_twice_in_one_field_is_one():
    chart = Chart()
    assert chart.new_cells(HERE, [(0.0, 0.0), (3.0, 0.0)]) == [0]
    assert chart.cells[0].sightings == 1


def test_other_places_are_other_cells():
    chart = Chart()
    chart.new_cells(place(0), [(10.0, 10.0)])
    assert chart.new_cells(place(1), [(10.0, 10.0)]) == [0]


@pytest.mark.parametrize("confidence", [0.0, 0.3, 0.5])
def test_a_field_whose_position_is_rough_counts_nothing(confidence):
    chart = Chart()
    assert chart.new_cells(place(confidence=confidence), [(10.0, 10.0)]) == []
    assert len(chart) == 0


def test_when_two_places_become_one_no_cell_is_counted_again():
    chart = Chart()
    chart.new_cells(place(0), [(10.0, 10.0)])
    chart.new_cells(place(1), [(5.0, 5.0), (50.0, 50.0)])
    joins = (Join(1, 0, 100.0, -20.0),)
    assert chart.new_cells(place(0, joins=joins), [(105.0, -15.0), (150.0, 30.0)]) == []
    assert chart.new_cells(place(0, joins=joins), [(5.0, 5.0), (10.0, 11.0)]) == [0]


def test_a_place_joined_twice_over_arrives_where_it_belongs():
    chart = Chart()
    chart.new_cells(place(2), [(1.0, 1.0)])
    joins = (Join(2, 1, 10.0, 0.0), Join(1, 0, 0.0, 20.0))
    assert chart.new_cells(place(0, joins=joins), [(11.0, 21.0)]) == []


@quickly
@given(centres)
def test_seen_again_nothing_is_new(found):
    chart = Chart()
    chart.new_cells(HERE, found)
    assert chart.new_cells(HERE, found) == []
    assert chart.new_cells(HERE, found[::-1]) == []


@quickly
@given(centres, st.floats(1.0, 20.0))
def test_counted_cells_are_never_nearer_than_the_tolerance(found, tolerance_um):
    chart = Chart(ChartSettings(tolerance_um))
    new = chart.new_cells(HERE, found)
    kept = np.array([found[i] for i in new]).reshape(-1, 2)
    apart = np.hypot(*(kept[:, None] - kept[None]).transpose(2, 0, 1))
    assert (apart[~np.eye(len(kept), dtype=bool)] >= tolerance_um).all()
    for x, y in found:
        assert np.hypot(kept[:, 0] - x, kept[:, 1] - y).min() < tolerance_um


@quickly
@given(st.integers(0, 2**32 - 1), st.floats(0, 2.0))
def test_cells_well_apart_are_counted_rightly_through_many_shaky_sightings(seed, shake_um):
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(np.arange(6), np.arange(6)), -1).reshape(-1, 2) * 12.0
    chart = Chart()
    for _ in range(8):
        angle, length = rng.uniform(0, 2 * np.pi, 36), rng.uniform(0, shake_um, 36)
        seen = grid + np.stack([np.cos(angle), np.sin(angle)], -1) * length[:, None]
        chart.new_cells(HERE, [tuple(at) for at in seen[rng.permutation(36)[:20]]])
    assert len(chart) <= 36
    chart.new_cells(HERE, [tuple(at) for at in grid])
    assert len(chart) == 36


def test_asking_costs_the_same_however_many_were_counted():
    chart = Chart()
    rng = np.random.default_rng(0)
    looked_at = []
    original = chart._near
    chart._near = lambda *at: (looked_at.append(1) or cell for cell in original(*at))
    for _ in range(200):
        chart.new_cells(HERE, [tuple(at) for at in rng.uniform(0, 20_000, (50, 2))])
    started = time.perf_counter()
    looked_at.clear()
    chart.new_cells(HERE, [tuple(at) for at in rng.uniform(0, 20_000, (50, 2))])
    print(
        f"{len(chart)} cells counted; a field of 50 compares {len(looked_at)}, "
        f"{(time.perf_counter() - started) * 1e3:.2f} ms"
    )
    assert len(chart) > 9_000
    assert len(looked_at) < 50


@pytest.mark.parametrize("wrong", [(float("nan"), 0.0), (0.0, float("inf"))])
def test_a_centre_that_is_nowhere_is_refused_and_nothing_counted(wrong):
    chart = Chart()
    with pytest.raises(ValueError, match="finite"):
        chart.new_cells(HERE, [(0.0, 0.0), wrong])
    assert len(chart) == 0


@pytest.mark.parametrize("tolerance_um", [0.0, -1.0, float("nan"), float("inf")])
def test_a_tolerance_that_makes_no_sense_is_refused(tolerance_um):
    with pytest.raises(ValueError, match="positive"):
        ChartSettings(tolerance_um)
