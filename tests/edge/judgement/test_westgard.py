"""A control slide read every day: scatter is let pass, a shift is not."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.judgement.westgard import CountedShare, Limits, Rule, broken_rules, limits_of

counts = st.integers(1, 500).flatmap(lambda cells: st.tuples(st.integers(0, cells), st.just(cells)))


def runs_of(rate: float, runs: int, rng: np.random.Generator, cells: int = 100):
    return [CountedShare(int(rng.binomial(cells, rate)), cells) for _ in range(runs)]


def test_a_sound_device_is_rejected_on_fewer_than_two_days_in_a_hundred() -> None:
    rng = np.random.default_rng(1)
    rejected = days = 0
    for _ in range(60):
        rate = rng.uniform(0.0, 0.6)
        limits = limits_of(runs_of(rate, 20, rng))
        found = runs_of(rate, 100, rng)
        for before, today in pairwise(found):
            rejected += any(rule.rejects for rule in broken_rules(today, before, limits))
            days += 1
    print(f"{rejected} of {days} days rejected")
    assert rejected / days < 0.02


def test_a_device_that_misses_a_third_of_the_flags_is_found_within_a_week() -> None:
    rng = np.random.default_rng(2)
    found_by = []
    for _ in range(40):
        limits = limits_of(runs_of(0.45, 20, rng))
        days = runs_of(0.45 * 0.67, 7, rng)
        broken = [
            any(rule.rejects for rule in broken_rules(today, before, limits))
            for before, today in zip([None, *days], days, strict=False)
        ]
        found_by.append(any(broken))
    assert np.mean(found_by) >= 0.9


def test_each_rule_is_broken_by_what_it_names_and_by_nothing_else() -> None:
    limits = Limits(mean=float(np.arcsin(np.sqrt(0.5))), sd=0.05, runs=20)

    def at(deviations: float) -> CountedShare:
        share = np.sin(limits.mean + deviations * limits.sd) ** 2
        return CountedShare(round(share * 100_000), 100_000)

    assert broken_rules(at(1.9), at(1.9), limits) == ()
    assert broken_rules(at(2.1), at(1.9), limits) == (Rule.WARNING_1_2S,)
    assert broken_rules(at(2.1), at(-2.1), limits) == (Rule.WARNING_1_2S,)
    assert broken_rules(at(2.1), at(2.1), limits) == (Rule.REJECTED_2_2S,)
    assert broken_rules(at(-3.1), None, limits) == (Rule.REJECTED_1_3S, Rule.WARNING_1_2S)
    assert not Rule.WARNING_1_2S.rejects


def test_identical_first_runs_do_not_make_tomorrow_impossible() -> None:
    """A rendered smear gives the same counts every day; one cell more is no fault."""
    limits = limits_of([CountedShare(0, 100)] * 20)
    assert limits.sd > 0
    assert broken_rules(CountedShare(1, 100), CountedShare(0, 100), limits) == ()
    assert any(rule.rejects for rule in broken_rules(CountedShare(20, 100), None, limits))


@given(counts)
def test_the_scatter_allowed_is_never_less_than_that_of_counting(found: tuple[int, int]) -> None:
    run = CountedShare(*found)
    limits = limits_of([run, run, run])
    assert limits.sd >= run.counting_error * 0.999
    assert limits.deviations(run) == pytest.approx(0, abs=1e-9)
    lines = limits.lines()
    assert list(lines) == sorted(lines)
    middle = np.sin(run.angle) ** 2
    assert 0 <= lines[0] <= middle + 1e-9
    assert middle - 1e-9 <= lines[-1] <= 1


@given(counts, st.integers(0, 500))
def test_more_flags_never_lie_lower_on_the_chart(found: tuple[int, int], more: int) -> None:
    count, cells = found
    limits = Limits(0.7, 0.05, 20)
    higher = CountedShare(min(cells, count + more), cells)
    assert limits.deviations(higher) >= limits.deviations(CountedShare(count, cells))


@pytest.mark.parametrize(("count", "cells"), [(-1, 5), (6, 5), (0, 0)])
def test_impossible_counts_are_refused(count: int, cells: int) -> None:
    with pytest.raises(ValueError, match="impossible"):
        CountedShare(count, cells)


def test_one_run_sets_no_limits() -> None:
    with pytest.raises(ValueError, match="two runs"):
        limits_of([CountedShare(1, 10)])
