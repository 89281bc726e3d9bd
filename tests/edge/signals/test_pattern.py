"""Patterns: what is lit at which time."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.signals.pattern import NONE, Lamp, Pattern, Step, blinking, counted, in_turn, steady

RED, AMBER = frozenset({Lamp.RED}), frozenset({Lamp.AMBER})


def test_a_steady_lamp_never_changes():
    assert steady(Lamp.AMBER).at(12345.6) == (AMBER, math.inf)


def test_a_blinking_lamp_begins_lit_and_says_when_it_changes():
    pattern = blinking(Lamp.AMBER, 1.0, 2.0)
    assert pattern.at(0.0) == (AMBER, 1.0)
    assert pattern.at(1.0) == (NONE, 3.0)
    assert pattern.at(3.5) == (AMBER, 4.0)


def test_a_blink_code_can_be_counted():
    pattern = counted(2, 3)
    flashes = [step.lit for step in pattern.steps if step.lit]
    assert flashes == [RED, RED, AMBER, AMBER, AMBER]
    assert all(step.duration_s >= 0.3 for step in pattern.steps)
    assert pattern.steps[-1].duration_s > 2 * max(s.duration_s for s in pattern.steps[:-1])


def test_red_and_amber_in_turn_are_never_dark():
    assert [step.lit for step in in_turn(0.5).steps] == [RED, AMBER]


@pytest.mark.parametrize("flashes", [(0, 1), (1, 0)])
def test_a_code_without_flashes_is_refused(flashes):
    with pytest.raises(ValueError, match="at least one flash"):
        counted(*flashes)


@pytest.mark.parametrize("duration_s", [0.0, -1.0, math.nan])
def test_a_step_without_duration_is_refused(duration_s):
    with pytest.raises(ValueError, match="longer than 0"):
        Step(NONE, duration_s)


def test_a_pattern_without_steps_and_a_time_before_it_are_refused():
    with pytest.raises(ValueError, match="at least one step"):
        Pattern(())
    with pytest.raises(ValueError, match="before its beginning"):
        steady(Lamp.RED).at(-0.1)


@settings(derandomize=True, max_examples=100, deadline=None)
@given(
    st.lists(st.floats(0.01, 5.0), min_size=1, max_size=8),
    st.floats(0, 1e7),
)
def test_the_next_change_always_lies_ahead(durations_s, time_s):
    pattern = blinking(Lamp.RED, *durations_s)
    lit, until_s = pattern.at(time_s)
    assert until_s > time_s
    assert lit in (RED, NONE)
