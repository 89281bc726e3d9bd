"""The control slide: what it is known to be must be found, day after day."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from edge.judgement.control import (
    NOT_ASKED,
    ControlCounts,
    ControlSettings,
    ControlState,
    judge_control,
    with_control,
)
from edge.judgement.differential import Differential
from edge.judgement.slide import Evidence, SlideRules
from edge.judgement.tally import Tally
from edge.judgement.verdict import Judgement, Verdict
from tests.edge.judgement.networks import USUAL

RULES = SlideRules(USUAL)
SETTINGS = ControlSettings(baseline_runs=5)
MISSING = ControlState(True, False, "No control slide has been examined.")
HELD = ControlState(True, True, "The control slide was passed less than an hour ago.")


def seen(flagged: int, cells: int, abstained: int = 0) -> Evidence:
    return Evidence(Tally(cells, flagged, abstained), Differential({"neutrophil": cells}, 0, cells))


def judged(evidence: Evidence, share: float, history=(), passed=None):
    passed = [True] * len(history) if passed is None else passed
    return judge_control(evidence, share, history, passed, RULES, SETTINGS)


def test_a_slide_without_blasts_passes_as_such_and_fails_as_one_full_of_them() -> None:
    assert judged(seen(1, 100), 0.0).passed
    found = judged(seen(1, 100), 0.5)
    assert not found.passed
    assert "known to have 50.0%" in found.reason


def test_a_slide_full_of_blasts_passes_as_such_and_fails_as_one_without() -> None:
    assert judged(seen(48, 100), 0.5).passed
    assert not judged(seen(48, 100), 0.0).passed


def test_too_few_cells_or_too_many_untold_ones_prove_nothing() -> None:
    assert "Only 60 of 100 cells" in judged(seen(0, 60), 0.0).reason
    untold = judged(seen(0, 60, 60), 0.0)
    assert not untold.passed
    assert "could not be told" in untold.reason


def test_the_limits_are_learned_first_and_then_kept() -> None:
    history = [ControlCounts(40 + day % 3, 100, 2) for day in range(3)]
    learning = judged(seen(41, 100, 2), 0.5, history)
    assert learning.passed
    assert "run 4 of 5" in learning.reason
    history = [ControlCounts(40 + day % 3, 100, 2) for day in range(9)]
    settled = judged(seen(41, 100, 2), 0.5, history)
    assert settled.passed
    assert set(settled.limits) == {"flagged", "not told"}
    shifted = judged(seen(65, 100, 2), 0.5, history)
    assert not shifted.passed
    assert "rule 1-3s" in shifted.reason
    untold = judged(seen(41, 100, 25), 0.5, history)
    assert not untold.passed, "a day that hides a quarter of the cells is not like the others"


def test_a_first_outlier_warns_and_a_second_on_the_same_side_rejects() -> None:
    history = [ControlCounts(40, 100, 0)] * 6
    once = judged(seen(51, 100), 0.5, history)
    assert once.passed
    assert "rule 1-2s" in once.warnings[0]
    twice = judged(seen(51, 100), 0.5, [*history, ControlCounts(51, 100, 0)])
    assert not twice.passed
    assert "rule 2-2s" in twice.reason


def test_runs_that_failed_set_no_limits() -> None:
    history = [ControlCounts(5, 100, 0)] * 5
    assert not judged(seen(45, 100), 0.5, history, [False] * 5).limits
    assert judged(seen(45, 100), 0.5, history, [False] * 5).passed


def test_a_sound_device_fails_on_known_content_one_day_in_a_hundred_at_most() -> None:
    rng = np.random.default_rng(5)
    failed = 0
    days = 300
    for _ in range(days):
        sensitivity = rng.beta(USUAL.sensitivity.a, USUAL.sensitivity.b)
        false_rate = rng.beta(USUAL.false_blast_rate.a, USUAL.false_blast_rate.b)
        rate = 0.5 * sensitivity + 0.5 * false_rate
        failed += not judged(seen(int(rng.binomial(100, rate)), 100), 0.5).passed
    print(f"{failed} of {days} days failed")
    assert failed <= days // 100


GREEN = Judgement(Verdict.NO_BLASTS_FOUND, 0.0, (0.0, 0.02), 0, "0 of 200 cells look like blasts.")


@pytest.mark.parametrize("verdict", list(Verdict))
@pytest.mark.parametrize(
    "state", [NOT_ASKED, MISSING, HELD, dataclasses.replace(HELD, holds=False)]
)
def test_only_green_needs_the_control_and_nothing_becomes_greener(verdict, state) -> None:
    before = dataclasses.replace(GREEN, verdict=verdict)
    after = with_control(before, state)
    if verdict is Verdict.NO_BLASTS_FOUND and state.required and not state.holds:
        assert after.verdict is Verdict.CANNOT_JUDGE
        assert state.reason in after.reason
        assert GREEN.reason in after.reason
    else:
        assert after == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"required": "sometimes"},
        {"valid_h": 0},
        {"cells": 5},
        {"baseline_runs": 1},
        {"blast_share": 1.2},
        {"slide": " "},
    ],
)
def test_settings_that_prove_nothing_are_refused(wrong) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ControlSettings(**wrong)
