"""Another objective turned in is noticed, one odd reading is not believed."""

from __future__ import annotations

import numpy as np
import pytest

from edge.imaging import objective
from edge.imaging.objective import ObjectiveSettings, ObjectiveWatch
from edge.imaging.scale import ScaleEstimate

PICTURE = np.zeros((4, 4, 3), np.uint8)


@pytest.fixture
def readings(monkeypatch):
    """What the scale of the coming frames will be read as; None for no reading."""
    coming: list[float | None] = []

    def measure(_rgb):
        value = coming.pop(0)
        return None if value is None else ScaleEstimate(value, 0.1, 20)

    monkeypatch.setattr(objective, "measure_scale", measure)
    return coming


def watch(every=1):
    return ObjectiveWatch(0.2, ObjectiveSettings(every=every))


def test_the_same_objective_is_looked_at_now_and_then_only(readings):
    readings += [0.19, 0.22]
    stage = watch(every=10)
    assert not any(stage.see(PICTURE) for _ in range(25))
    assert readings == []


def test_another_objective_is_believed_after_three_looks_in_a_row(readings):
    readings += [0.08] * 3
    stage = watch(every=5)
    seen = [stage.see(PICTURE) for _ in range(7)]
    assert seen == [False] * 6 + [True]


def test_one_odd_reading_among_good_ones_changes_nothing(readings):
    readings += [0.5, None, 0.2, 0.5, 0.2]
    stage = watch()
    assert not any(stage.see(PICTURE) for _ in range(5))


def test_the_right_objective_turned_back_in_is_taken_at_its_first_reading(readings):
    readings += [0.08, 0.08, 0.08, None, 0.21]
    stage = watch()
    assert [stage.see(PICTURE) for _ in range(5)] == [False, False, True, True, False]


def test_after_a_jump_it_is_looked_at_once_and_nothing_is_counted_while_in_doubt(readings):
    readings += [0.08, 0.08, 0.08]
    stage = watch(every=1000)
    assert not stage.see(PICTURE)
    stage.look_soon()
    assert [(stage.see(PICTURE), stage.doubted) for _ in range(3)] == [
        (False, True),
        (False, True),
        (True, True),
    ]
    readings += [0.2]
    assert (stage.see(PICTURE), stage.doubted) == (False, False)


@pytest.mark.parametrize("wrong", [{"every": 0}, {"looks": 0}, {"factor": 1.0}])
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match="must"):
        ObjectiveSettings(**wrong)
