"""A slide whose scores no patient ever had is not green, and that is said."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.judgement.domain import (
    DomainSettings,
    chi_square_quantile,
    distance,
    is_unlike,
    with_domain,
)
from edge.judgement.score_bins import BINS, SCORE_EDGES, ScoreReference, score_bin
from edge.judgement.slide import Evidence, SlideRules, judge_slide
from edge.judgement.verdict import Judgement, Verdict
from tests.edge.judgement.networks import USUAL

SETTINGS = DomainSettings()
HEALTHY, LEUKEMIC = (80, 12, 5, 2, 1, 0), (40, 6, 4, 4, 16, 30)
KNOWN = ScoreReference((HEALTHY, LEUKEMIC, (60, 25, 10, 4, 1, 0)))
GREEN = Judgement(Verdict.NO_BLASTS_FOUND, 0.0, (0.0, 0.02), 0, "None.", 0)
scores = st.lists(st.integers(0, 60), min_size=BINS, max_size=BINS).map(tuple)
rows = scores.filter(any)


def test_a_slide_like_a_known_patient_is_near_and_one_of_the_middle_is_far() -> None:
    assert distance(HEALTHY, KNOWN) == pytest.approx(0, abs=1e-9)
    assert not is_unlike((160, 25, 10, 3, 2, 0), KNOWN, SETTINGS)
    undecided = (2, 10, 60, 60, 8, 0)
    assert is_unlike(undecided, KNOWN, SETTINGS)
    told = with_domain(GREEN, undecided, KNOWN, SETTINGS)
    assert told.verdict is Verdict.CANNOT_JUDGE
    assert told.cells_needed is None
    assert "unlike those of each of the 3 patients and donors" in told.reason


@pytest.mark.parametrize("verdict", list(Verdict))
@pytest.mark.parametrize("final", [False, True])
def test_only_green_is_held_back_and_review_stays(verdict: Verdict, final: bool) -> None:
    before = dataclasses.replace(GREEN, verdict=verdict)
    after = with_domain(before, (2, 10, 60, 60, 8, 0), KNOWN, SETTINGS, final)
    if verdict is Verdict.NO_BLASTS_FOUND or (final and verdict is Verdict.CANNOT_JUDGE):
        assert after.verdict is Verdict.CANNOT_JUDGE
        assert "unlike" in after.reason
    else:
        assert after is before
    assert with_domain(before, (2, 10, 60, 60, 8, 0), None, SETTINGS, final) is before


@given(found=scores, known=st.lists(rows, min_size=1, max_size=4), more=rows)
@settings(max_examples=80, deadline=None)
def test_one_more_known_patient_never_makes_a_slide_stranger(
    found: tuple[int, ...], known: list[tuple[int, ...]], more: tuple[int, ...]
) -> None:
    fewer = distance(found, ScoreReference(tuple(known)))
    assert distance(found, ScoreReference((*known, more))) <= fewer + 1e-9
    assert fewer >= 0


@given(rows, st.integers(1, 5))
def test_more_cells_of_the_same_scores_never_bring_a_slide_nearer(
    found: tuple[int, ...], times: int
) -> None:
    many = tuple(count * times for count in found)
    assert distance(many, KNOWN) >= distance(found, KNOWN) - 1e-9


def test_slides_of_a_known_patient_are_called_unlike_hardly_ever() -> None:
    rng = np.random.default_rng(7)
    shares = np.array([0.62, 0.2, 0.1, 0.05, 0.02, 0.01])
    wrong = 0
    for _ in range(2000):
        patient, slide = rng.multinomial(100, shares), rng.multinomial(150, shares)
        reference = ScoreReference((tuple(map(int, patient)),))
        wrong += is_unlike(tuple(map(int, slide)), reference, SETTINGS)
    print(f"{wrong} of 2000 slides")
    assert wrong <= 8  # 2 expected


def test_few_cells_say_nothing_of_the_domain() -> None:
    assert not is_unlike((0, 0, 20, 20, 0, 0), KNOWN, SETTINGS)
    assert distance((0,) * BINS, KNOWN) == 0


def test_the_loop_s_own_judgement_holds_green_back() -> None:
    usual = SlideRules(USUAL, reference=KNOWN)
    strange, normal = Evidence(), Evidence()
    for number in range(400):
        label = ("neutrophil", "lymphocyte", "neutrophil")[number % 3]
        strange = strange.add(False, label, 0.3)
        normal = normal.add(
            False, label, 0.2 if number % 20 == 0 else (1e-4, 0.02)[number % 6 == 0]
        )
    assert judge_slide(normal, usual).verdict is Verdict.NO_BLASTS_FOUND
    assert judge_slide(strange, usual).verdict is Verdict.CANNOT_JUDGE
    unchecked = dataclasses.replace(usual, reference=None)
    assert judge_slide(strange, unchecked).verdict is Verdict.NO_BLASTS_FOUND


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_higher_score_lies_in_no_lower_bin(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0 <= score_bin(low) <= score_bin(high) < BINS == len(SCORE_EDGES) + 1


@pytest.mark.parametrize(
    ("degrees", "upper", "exact"), [(5, 0.001, 20.515), (5, 0.05, 11.070), (10, 0.01, 23.209)]
)
def test_the_quantile_is_that_of_the_tables(degrees: int, upper: float, exact: float) -> None:
    assert chi_square_quantile(degrees, upper) == pytest.approx(exact, rel=0.012)


@pytest.mark.parametrize("wrong", [(), ((1, 2),), ((0,) * BINS,), ((-1, *(1,) * (BINS - 1)),)])
def test_a_reference_of_nobody_is_refused(wrong: tuple[tuple[int, ...], ...]) -> None:
    with pytest.raises(ValueError, match=r"patient"):
        ScoreReference(wrong)


@pytest.mark.parametrize("wrong", [{"error_rate": 0.0}, {"least_cells": 0}])
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        DomainSettings(**wrong)  # type: ignore[arg-type]
