"""The meter: how many more cells, and what is ruled out already."""

from __future__ import annotations

import dataclasses
import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.judgement.sequential import boundaries
from edge.judgement.share import share_ruled_out
from edge.judgement.simulation import draw_rates
from edge.judgement.sufficiency import cells_needed
from edge.judgement.tally import Tally
from edge.judgement.verdict import Verdict, VerdictSettings, judge
from tests.edge.judgement.networks import CERTAIN, GOOD, GRID, NOISY, USELESS, USUAL

SETTINGS = VerdictSettings()
PLAN = SETTINGS.plan


def test_on_a_clear_slide_both_figures_only_fall() -> None:
    for name in ("good", "usual", "noisy"):
        ways = [cells_needed(n, 0, GRID[name], PLAN) for n in range(20, 117)]
        for figure in ("expected", "most"):
            told = [getattr(way, figure) for way in ways]
            known = [x for x in told if x is not None]
            assert told == [None] * (len(told) - len(known)) + known, (name, figure)
            assert all(b <= a for a, b in pairwise(known)), (name, figure)


def test_the_meter_is_right_about_slides_like_the_one_in_hand() -> None:
    """Slides of the meter's own mixture, taken up after 60 cells with one flagged."""
    told = cells_needed(60, 1, GOOD, PLAN)
    ways = np.array([_way(GOOD, rate, 60, 1) for rate in _rates_after(GOOD, 60, 1, 3000)])
    reached = np.isfinite(ways)
    expected, most = float(ways[reached].mean()), float(np.quantile(ways, 0.95))
    print(f"told {told}; simulated {expected:.0f} and {most:.0f} ({reached.mean():.1%} end)")
    assert told.expected == pytest.approx(expected, rel=0.1)  # 3 standard errors are 6%
    assert told.most == pytest.approx(most, rel=0.15)


def _rates_after(point, cells, blasts, count):
    """Rates of slides that showed these counts, a tenth of them with some share of blasts."""
    rng = np.random.default_rng(8)
    shares = np.geomspace(0.01, 1.0, 8)
    drawn = [draw_rates(point, 0.0, 18000 * 8, rng).flagged]
    drawn += [draw_rates(point, s, 2000, rng).flagged for s in shares]
    rates = np.concatenate(drawn)
    return rates[rng.binomial(cells, rates) == blasts][:: max(1, rates.size // count // 4)]


def _way(point, rate, cells, blasts):
    limits = boundaries(point, PLAN)
    rng = np.random.default_rng(int(rate * 1e9))
    counted = np.arange(cells + 1, PLAN.max_cells + 1)
    flagged = blasts + np.cumsum(rng.random(counted.size) < rate)
    ends = (flagged >= limits.review[counted]) | (flagged <= limits.green[counted])
    return float(ends.argmax() + 1) if ends.any() else np.inf


def test_a_useless_network_asks_for_no_cells_because_none_would_help() -> None:
    judgement = judge(Tally(50, 10), USELESS)
    assert judgement.cells_needed is None
    assert judgement.cells_needed_95 is None
    assert judgement.share_ruled_out is None


def test_the_95_figure_is_no_smaller_and_rarer_than_the_expected_one() -> None:
    for n in range(0, 1000, 13):
        for k in range(0, n + 1, max(1, n // 7)):
            way = cells_needed(n, k, USUAL, PLAN)
            if way.most is not None:
                assert way.expected is not None
                assert way.most >= way.expected - 1
            assert way.most is None or way.most <= PLAN.max_cells - n


@given(st.integers(1, 999), st.floats(0, 1), st.sampled_from([GOOD, USUAL, NOISY]))
@settings(derandomize=True, max_examples=120, deadline=None)
def test_what_is_ruled_out_follows_the_cells_as_a_person_expects(cells, part, point):
    blasts = int(cells * part**3)
    now = _ruled_out(cells, blasts, point)
    assert _ruled_out(cells + 1, blasts, point) <= now  # a clear cell more rules out no less
    assert _ruled_out(cells + 1, blasts + 1, point) >= now  # a flagged one no more
    if blasts < cells:
        assert _ruled_out(cells, blasts + 1, point) >= now


def _ruled_out(cells, blasts, point):
    share = share_ruled_out(cells, blasts, point, 0.01)
    return 1.1 if share is None else share


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3])
def test_a_true_share_is_ruled_out_in_at_most_one_slide_of_a_hundred_however_often_one_looks(
    share,
):
    slides, wrong = 300, 0
    rng = np.random.default_rng(21)
    for rate in draw_rates(USUAL, share, slides, rng).flagged:
        flagged = np.cumsum(rng.random(600) < rate)
        looks = range(20, 601, 20)
        wrong += any(_ruled_out(n, int(flagged[n - 1]), USUAL) <= share for n in looks)
    print(f"{share:.0%}: ruled out wrongly on {wrong} of {slides} slides")
    assert wrong / slides <= 0.01 + 3 * (0.01 * 0.99 / slides) ** 0.5


def test_green_rules_out_the_limit_it_states() -> None:
    rng = random.Random(2)
    for _ in range(20):
        tally = Tally()
        while judge(tally, USUAL).verdict is Verdict.KEEP_COUNTING and tally.cells < 400:
            tally = tally.add(rng.random() < 0.003)
        judgement = judge(tally, USUAL)
        if judgement.verdict is Verdict.NO_BLASTS_FOUND:
            assert judgement.share_ruled_out <= SETTINGS.share_limit
            assert judgement.cells_needed == judgement.cells_needed_95 == 0


def test_the_certain_sign_leaves_the_meter_as_it_is_but_for_its_part_of_alpha() -> None:
    plain = dataclasses.replace(CERTAIN, certain=None)
    a, b = (cells_needed(80, 1, point, PLAN).expected for point in (CERTAIN, plain))
    assert a == pytest.approx(b, rel=0.1)
