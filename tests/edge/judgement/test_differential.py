"""A slide full of monocytes is looked at, a normal one is left alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.judgement.differential import (
    Differential,
    DifferentialSettings,
    excess_evidence,
    with_differential,
)
from edge.judgement.verdict import Judgement, Verdict

SETTINGS = DifferentialSettings()
COUNTING = Judgement(Verdict.KEEP_COUNTING, 0.02, (0.0, 0.1), 80, "Not settled yet.")


GREEN = Judgement(Verdict.NO_BLASTS_FOUND, 0.0, (0.0, 0.02), 0, "None.")


def slide(untold: dict[str, int] | None = None, blasts: int = 0, **labels: int) -> Differential:
    """So many told cells of each label, blasts flagged, and untold ones."""
    found = Differential()
    for label, count in labels.items():
        for _ in range(count):
            found = found.add(False, label)
    for _ in range(blasts):
        found = found.add(True, "blast")
    for label, count in (untold or {}).items():
        for _ in range(count):
            found = found.add(None, label)
    return found


def test_a_field_of_monocytes_calls_for_review_in_words() -> None:
    told = with_differential(COUNTING, slide(monocyte=55, neutrophil=15, blasts=4), SETTINGS)
    assert told.verdict is Verdict.REVIEW
    assert told.cells_needed == 0
    assert "59 of 74 cells look like monocytes or blasts" in told.reason


def test_cells_between_monocyte_and_blast_speak_although_the_network_does_not_tell() -> None:
    untold = {"monocyte": 20, "blast": 14, "neutrophil": 2}
    told = with_differential(COUNTING, slide(untold, 9, monocyte=31, lymphocyte=26), SETTINGS)
    assert told.verdict is Verdict.REVIEW
    assert "74 of 102 cells" in told.reason
    only_told = slide({}, 9, monocyte=31, lymphocyte=62)
    assert with_differential(COUNTING, only_told, SETTINGS) is COUNTING


def test_untold_cells_of_other_kinds_do_not_speak() -> None:
    """Blur makes the network silent on everything: that is no sign of monocytic blasts."""
    silent = slide({"neutrophil": 60, "lymphocyte": 30, "basophil": 20}, monocyte=5, neutrophil=20)
    assert with_differential(COUNTING, silent, SETTINGS) is COUNTING


@pytest.mark.parametrize("monocytes", [0, 6, 12, 25, 35])
def test_shares_that_blood_can_have_change_nothing(monocytes: int) -> None:
    found = slide(monocyte=monocytes, neutrophil=100 - monocytes)
    assert with_differential(COUNTING, found, SETTINGS) is COUNTING


def test_the_first_cells_do_not_decide() -> None:
    assert with_differential(COUNTING, slide(monocyte=19), SETTINGS) is COUNTING


def test_review_for_blasts_keeps_its_own_reason() -> None:
    review = Judgement(Verdict.REVIEW, 0.5, (0.3, 0.7), 0, "Blasts.")
    assert with_differential(review, slide(monocyte=90), SETTINGS) is review


def test_a_green_slide_of_monocytes_is_no_longer_green() -> None:
    told = with_differential(GREEN, slide(monocyte=80, neutrophil=40), SETTINGS)
    assert told.verdict is Verdict.REVIEW


def test_granules_do_not_hide_promyelocytes() -> None:
    told = with_differential(GREEN, slide(immature_granulocyte=45, neutrophil=158), SETTINGS)
    assert told.verdict is Verdict.REVIEW
    assert "45 of 203 cells look like immature granulocytes" in told.reason
    shift = slide(immature_granulocyte=12, neutrophil=88)
    assert with_differential(GREEN, shift, SETTINGS) is GREEN


@pytest.mark.parametrize(
    ("label", "many", "few", "words"),
    [
        ("erythroblast", 60, 4, "nucleated red cells"),
        ("lymphocyte", 106, 80, "lymphoblasts"),
        ("basophil", 30, 3, "basophils"),
        ("eosinophil", 70, 30, "eosinophils"),
    ],
)
def test_what_no_healthy_blood_has_is_not_green_and_said(
    label: str, many: int, few: int, words: str
) -> None:
    told = with_differential(GREEN, slide(**{label: many, "neutrophil": 110 - many}), SETTINGS)
    assert told.verdict is Verdict.CANNOT_JUDGE
    assert told.cells_needed is None
    assert words in told.reason
    usual = slide(**{label: few, "neutrophil": 110 - few})
    assert with_differential(GREEN, usual, SETTINGS) is GREEN
    assert with_differential(COUNTING, slide(**{label: many}), SETTINGS).verdict is not (
        Verdict.CANNOT_JUDGE
    ), "while counting goes on nothing is settled"


def test_normal_blood_is_left_alone() -> None:
    normal = slide(neutrophil=240, lymphocyte=120, monocyte=24, eosinophil=12, basophil=4)
    assert with_differential(GREEN, normal, SETTINGS) is GREEN


def test_the_differential_is_judged_in_the_middle_of_counting_too() -> None:
    told = with_differential(COUNTING, slide(immature_granulocyte=60, neutrophil=60), SETTINGS)
    assert told.verdict is Verdict.REVIEW
    assert told.cells_needed_95 == 0


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
