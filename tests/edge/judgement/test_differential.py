"""A slide full of monocytes is looked at, a normal one is left alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.judgement.differential import DifferentialSettings, excess_evidence, with_differential
from edge.judgement.verdict import Judgement, Verdict

SETTINGS = DifferentialSettings()
COUNTING = Judgement(Verdict.KEEP_COUNTING, 0.02, (0.0, 0.1), 80, "Not settled yet.")


def test_a_field_of_monocytes_calls_for_review_in_words() -> None:
    told = with_differential(COUNTING, {"monocyte": 55, "neutrophil": 15, "blast": 4}, SETTINGS)
    assert told.verdict is Verdict.REVIEW
    assert told.cells_needed == 0
    assert "55 of 74 cells look like monocytes" in told.reason


@pytest.mark.parametrize("monocytes", [0, 6, 12, 25, 35])
def test_shares_that_blood_can_have_change_nothing(monocytes: int) -> None:
    labels = {"monocyte": monocytes, "neutrophil": 100 - monocytes}
    assert with_differential(COUNTING, labels, SETTINGS) is COUNTING


def test_the_first_cells_do_not_decide() -> None:
    assert with_differential(COUNTING, {"monocyte": 19}, SETTINGS) is COUNTING


def test_review_for_blasts_keeps_its_own_reason() -> None:
    review = Judgement(Verdict.REVIEW, 0.5, (0.3, 0.7), 0, "Blasts.")
    assert with_differential(review, {"monocyte": 90}, SETTINGS) is review


def test_a_green_slide_of_monocytes_is_no_longer_green() -> None:
    green = Judgement(Verdict.NO_BLASTS_FOUND, 0.0, (0.0, 0.02), 0, "None.")
    assert with_differential(green, {"monocyte": 80, "neutrophil": 40}, SETTINGS).verdict is (
        Verdict.REVIEW
    )


def test_a_hundred_overlapping_red_cells_are_no_hundred_white_cells() -> None:
    green = Judgement(Verdict.NO_BLASTS_FOUND, 0.0, (0.0, 0.02), 0, "None.")
    told = with_differential(green, {"erythroblast": 60, "neutrophil": 50}, SETTINGS)
    assert told.verdict is Verdict.CANNOT_JUDGE
    assert "nucleated red cells" in told.reason
    few = with_differential(green, {"erythroblast": 4, "neutrophil": 100}, SETTINGS)
    assert few is green


def test_false_alarms_stay_below_the_error_rate_however_often_one_looks() -> None:
    rng = np.random.default_rng(11)
    slides, alarms = 3000, 0
    for _ in range(slides):
        running = np.cumsum(rng.random(200) < SETTINGS.monocyte_limit)
        alarms += any(
            excess_evidence(int(running[n - 1]), n, SETTINGS.monocyte_limit) >= 100
            for n in range(SETTINGS.least_cells, 201, 5)
        )
    print(f"false alarms at an error rate of 1%: {alarms / slides:.2%}")
    assert alarms / slides <= 0.01 + 3 * np.sqrt(0.01 / slides)


@given(count=st.integers(0, 300), cells=st.integers(1, 300), limit=st.floats(0.05, 0.9))
def test_one_more_monocyte_never_weakens_the_evidence(count: int, cells: int, limit: float) -> None:
    if count + 1 <= cells:
        fewer, more = (excess_evidence(c, cells, limit) for c in (count, count + 1))
        assert more >= fewer * (1 - 1e-9)


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="impossible"):
        excess_evidence(5, 4, 0.3)


@pytest.mark.parametrize(
    "wrong", [{"monocyte_limit": 0.0}, {"error_rate": 1.0}, {"least_cells": 0}]
)
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"must (lie between|be at least)"):
        DifferentialSettings(**wrong)  # type: ignore[arg-type]
