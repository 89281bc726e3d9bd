"""A device that has seen many slides knows its objectives better than one slide can tell."""

from __future__ import annotations

import numpy as np
import pytest

from edge.imaging.objectives import (
    MOST_OBJECTIVES,
    Objective,
    known_scale,
    narrowed,
    with_examination,
)
from edge.imaging.scale import BETWEEN_SLIDES, ScaleEstimate

DAY = "2026-11-26"
ERROR_MAX = 0.15
FORTY = Objective(0.2, 12, DAY, 12)
HUNDRED = Objective(0.08, 5, DAY, 9)


def reading(um_per_px: float, error: float = 0.085) -> ScaleEstimate:
    return ScaleEstimate(um_per_px, error, 40)


def slides(true: float, count: int, seed: int = 0) -> list[ScaleEstimate]:
    """What slides of different persons measure under one objective."""
    rng = np.random.default_rng(seed)
    return [reading(true * float(np.exp(rng.normal(0, BETWEEN_SLIDES)))) for _ in range(count)]


def test_after_twenty_slides_a_slide_is_measured_better_than_by_its_own_red_cells():
    alone, together = [], []
    for seed in range(40):
        *before, now = slides(0.2, 21, seed)
        known: tuple[Objective, ...] = ()
        for one in before:
            known = with_examination(known, one, DAY)
        most = max(each.examinations for each in known)
        assert most >= 17, "one objective is one, whoever's blood it was"
        found = narrowed(known, now)
        assert found.note is None or abs(now.um_per_px / 0.2 - 1) > 0.2
        alone.append(abs(now.um_per_px / 0.2 - 1))
        together.append(abs(found.estimate.um_per_px / 0.2 - 1))
    print(f"median error alone {np.median(alone):.3f}, remembered {np.median(together):.3f}")
    assert np.median(together) < 0.5 * np.median(alone)


def test_objectives_are_kept_apart_and_each_slide_counts_once():
    known: tuple[Objective, ...] = ()
    for near, far in zip(slides(0.2, 10), slides(0.08, 10, seed=1), strict=True):
        known = with_examination(with_examination(known, near, DAY), far, DAY)
    found = sorted(each.um_per_px for each in known)
    assert found == pytest.approx([0.08, 0.2], rel=0.06)
    assert [each.examinations for each in known] == [10, 10]


def test_a_persons_large_red_cells_do_not_pull_the_scale_of_a_known_objective():
    macrocytic = reading(0.2 / 1.14)
    found = narrowed([FORTY, HUNDRED], macrocytic)
    assert found.estimate.um_per_px == pytest.approx(0.2, rel=0.03)


def test_one_unusual_slide_draws_no_others_to_its_scale():
    unusual = Objective(0.24, 1, DAY, 13)
    found = narrowed([FORTY, unusual], reading(0.225))
    assert found.estimate.um_per_px == pytest.approx(0.2, rel=0.03)
    assert found.estimate.relative_error < 0.03


def test_a_scale_of_no_known_objective_stands_as_measured_and_is_told():
    found = narrowed([FORTY, HUNDRED], reading(0.13))
    assert found.estimate.um_per_px == 0.13
    assert found.note is not None
    assert "0.130" in found.note.words
    assert "0.200, 0.080" in found.note.words, "the one used last comes first"
    assert narrowed([], reading(0.13)).note is None, "the first slide of a device is no surprise"


def test_a_crowded_field_borrows_the_scale_of_the_one_objective_that_it_fits():
    found = known_scale([FORTY, HUNDRED], reading(0.215, error=0.2), ERROR_MAX)
    assert found is not None
    assert found.estimate.um_per_px == pytest.approx(0.2, rel=0.03)
    assert found.note is not None
    assert "12 slides" in found.note.words


@pytest.mark.parametrize(
    ("known", "seen"),
    [
        pytest.param([FORTY, HUNDRED], None, id="an empty field shows nothing to fit"),
        pytest.param([FORTY, HUNDRED], reading(0.13, 0.2), id="fits none well"),
        pytest.param(
            [FORTY, Objective(0.14, 9, DAY, 3)], reading(0.19, 0.2), id="may be the other one"
        ),
        pytest.param([Objective(0.2, 2, DAY, 2)], reading(0.2, 0.2), id="seen twice only"),
        pytest.param([], reading(0.2, 0.2), id="nothing remembered"),
    ],
)
def test_without_proof_nothing_is_borrowed(known, seen):
    assert known_scale(known, seen, ERROR_MAX) is None


def test_memory_is_bounded_and_forgets_what_was_not_used_for_longest():
    known: tuple[Objective, ...] = ()
    for i in range(20):
        known = with_examination(known, reading(0.035 * 1.3 ** (i % 10)), DAY)
    assert len(known) == MOST_OBJECTIVES
    for _ in range(500):
        known = with_examination(known, reading(0.2), DAY)
    newest = max(known, key=lambda each: each.last_used)
    assert newest.relative_error >= 0.01, "no number of slides makes a scale exact"


def test_a_camera_fitted_anew_is_learnt():
    known = (Objective(0.2, 400, DAY, 400),)
    for _ in range(60):
        known = with_examination(known, reading(0.17), DAY)
    newest = max(known, key=lambda each: each.last_used)
    assert newest.um_per_px == pytest.approx(0.17, rel=0.06)


@pytest.mark.parametrize("scale", [0.0, -0.2, float("nan"), 5.0])
def test_what_no_microscope_has_is_no_objective(scale):
    with pytest.raises(ValueError, match="um/px"):
        Objective(scale, 1, DAY, 1)
