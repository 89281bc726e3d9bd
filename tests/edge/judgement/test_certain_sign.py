"""A few cells of very high score call for REVIEW, and alpha pays for it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.judgement.operating_point import BetaSpread, CertainSign
from edge.judgement.sequential import boundaries
from edge.judgement.simulation import simulate
from edge.judgement.tally import Tally
from edge.judgement.verdict import Verdict, VerdictSettings, judge
from tests.edge.judgement.networks import CERTAIN, USUAL

SETTINGS = VerdictSettings()
SLIDES = 4000
NOISE = 3 * (0.01 * 0.99 / SLIDES) ** 0.5


def test_four_cells_beyond_doubt_call_for_review_where_the_count_does_not() -> None:
    told = judge(Tally(60, 4, 0, certain=4), CERTAIN)
    assert told.verdict is Verdict.REVIEW
    assert told.reason.startswith("4 of 60 cells look like blasts beyond doubt")
    assert judge(Tally(60, 4), CERTAIN).verdict is Verdict.KEEP_COUNTING
    # A bundle that does not tell the rates of such cells has no such rule.
    assert judge(Tally(60, 4, 0, certain=4), USUAL).verdict is Verdict.KEEP_COUNTING


def test_one_or_two_of_them_never_do() -> None:
    for cells in range(10, 1001, 45):
        for certain in (1, 2):
            verdict = judge(Tally(cells, certain, 0, certain), CERTAIN).verdict
            assert verdict is not Verdict.REVIEW


def test_both_rules_together_keep_alpha_by_sum_and_by_simulation() -> None:
    limits = boundaries(CERTAIN, SETTINGS.plan)
    clear = simulate(CERTAIN, 0.0, slides=SLIDES, seed=6)
    print(
        f"false reviews: count {limits.false_review:.4f} + certain {limits.false_certain:.4f}, "
        f"simulated together {clear.review:.4f} +- {NOISE / 3:.4f}"
    )
    assert limits.false_review + limits.false_certain <= SETTINGS.alpha
    assert clear.review <= SETTINGS.alpha + NOISE


def test_rare_blasts_are_found_far_more_often_with_it() -> None:
    plain = dataclasses.replace(SETTINGS, certain_part=0.0)
    for share, gain in ((0.05, 0.3), (0.1, 0.3)):
        without = simulate(CERTAIN, share, plain, slides=1000, seed=4)
        with_it = simulate(CERTAIN, share, slides=1000, seed=4)
        print(f"{share:.0%} blasts: REVIEW {without.review:.3f} without, {with_it.review:.3f} with")
        assert with_it.review >= without.review + gain
        assert with_it.mean_cells < without.mean_cells


def test_a_network_sure_of_healthy_cells_too_gets_a_rule_that_hardly_speaks() -> None:
    careless = dataclasses.replace(
        CERTAIN,
        certain=CertainSign(BetaSpread(6, 4), BetaSpread.from_mean_sd(0.03, 0.05)),
    )
    careful, loose = (boundaries(p, SETTINGS.plan).certain for p in (CERTAIN, careless))
    assert np.all(loose >= careful)
    assert judge(Tally(100, 10, 0, certain=10), careless).verdict is not Verdict.REVIEW


@given(st.integers(10, 1000), st.integers(0, 12), st.integers(0, 12), st.booleans())
@settings(derandomize=True, max_examples=200, deadline=None)
def test_one_more_certain_cell_never_makes_it_greener(cells, certain, others, final):
    blasts = min(cells, certain + others)
    tally = Tally(cells, blasts, 0, min(certain, blasts))
    was_review = judge(tally, CERTAIN, final=final).verdict is Verdict.REVIEW
    more = judge(tally.add(True, certain=True), CERTAIN, final=final).verdict
    assert not was_review or more is Verdict.REVIEW
    fewer = judge(tally.add(False), CERTAIN, final=final).verdict
    assert was_review or fewer is not Verdict.REVIEW


@pytest.mark.parametrize("counts", [(10, 2, 0, 3), (10, 2, 0, -1)])
def test_more_certain_cells_than_flagged_ones_are_refused(counts) -> None:
    with pytest.raises(ValueError, match="impossible"):
        Tally(*counts)


def test_only_a_flagged_cell_is_certain() -> None:
    assert Tally().add(False, certain=True) == Tally(1, 0, 0, 0)
    assert Tally().add(None, certain=True) == Tally(0, 0, 1, 0)
    assert Tally().add(True, certain=True) == Tally(1, 1, 0, 1)


@pytest.mark.parametrize(("field", "value"), [("certain_part", 1.0), ("least_certain", 0)])
def test_settings_out_of_range_are_refused(field, value) -> None:
    with pytest.raises(ValueError, match=field):
        VerdictSettings(**{field: value})
