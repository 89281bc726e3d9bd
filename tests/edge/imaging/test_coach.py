"""The person at the eyepiece is told one thing at a time, in time, and not another each moment."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.imaging.coach import Advice, Coach, CoachSettings, Sight
from edge.imaging.quality import NO_ADVICE, Measures, Trouble

GOOD = Measures(
    light=0.8,
    clipped=0.0,
    contrast=0.7,
    stained_um2=20_000.0,
    glass=0.6,
    blur_um=0.4,
    sharpest_um=0.35,
    motion_um=0.3,
)
USABLE = Sight(measures=GOOD, evenness=0.9)


def blurred(blur_um: float) -> Sight:
    measures = replace(GOOD, blur_um=blur_um, sharpest_um=blur_um)
    return Sight(trouble=Trouble.OUT_OF_FOCUS if blur_um > 0.75 else None, measures=measures)


def told(coach: Coach, *sights: Sight) -> list[Advice | None]:
    return [coach.see(sight) for sight in sights]


def test_a_good_slide_gets_no_advice():
    assert told(Coach(), *[USABLE] * 30) == [None] * 30


def test_a_start_out_of_focus_is_told_at_once():
    assert told(Coach(), blurred(2.0)) == [Advice.OUT_OF_FOCUS]


def test_a_blur_in_passing_is_not_worth_a_word():
    coach = Coach()
    said = told(coach, *[USABLE] * 5, blurred(1.5), blurred(1.5), *[USABLE] * 5)
    assert set(said) == {None}


def test_a_push_to_the_next_field_is_no_reason_to_ask_for_a_steady_hand():
    coach = Coach()
    moving = Sight(trouble=Trouble.MOVING, measures=GOOD)
    assert set(told(coach, *[USABLE] * 3, *[moving] * 7, *[USABLE] * 5)) == {None}
    assert told(coach, *[moving] * 12)[-1] is Advice.MOVING


def test_turned_past_the_best_the_hand_is_sent_back_a_little():
    coach = Coach()
    towards = [blurred(b) for b in (2.4, 2.0, 1.6, 1.3, 1.0, 0.9)]
    beyond = [blurred(b) for b in (1.1, 1.4, 1.7, 2.0, 2.3)]
    assert set(told(coach, *towards)) == {Advice.OUT_OF_FOCUS}
    assert told(coach, *beyond)[-1] is Advice.FOCUS_BACK
    back = [blurred(b) for b in (1.9, 1.5, 1.2, 0.9, 0.6, 0.5)]
    assert told(coach, *back, *[USABLE] * 5)[-1] is None


def test_a_focus_that_drifts_away_is_told_before_the_field_is_lost():
    coach = Coach()
    at_rest = [replace(blurred(b), same_field=True) for b in (0.3, 0.3, 0.4, 0.55, 0.6, 0.6, 0.6)]
    assert told(coach, *at_rest)[-1] is Advice.FOCUS_BACK
    mended = [replace(blurred(0.35), same_field=True)] * 5
    assert told(coach, *mended)[-1] is None


def test_what_was_measured_before_a_push_is_no_best_of_the_next_field():
    coach = Coach()
    sharp = [replace(blurred(0.3), same_field=True)] * 5
    pushed = blurred(0.3)  # not measured anew: the frame before still counts
    softer = [replace(blurred(0.6), same_field=True)] * 20
    assert set(told(coach, *sharp, pushed, *softer)) == {None}


def test_another_field_may_have_softer_cells_without_a_word():
    coach = Coach()
    sharp = [replace(blurred(0.3), same_field=True)] * 5
    elsewhere = [blurred(0.6), *[replace(blurred(0.6), same_field=True)] * 20]
    assert set(told(coach, *sharp, *elsewhere)) == {None}


def test_a_small_field_filled_by_a_white_cell_is_not_crowded():
    """34 um across, as a phone's crop: one large white cell covers a sixth of it."""
    coach = Coach()
    filled = replace(GOOD, glass=0.15, stained_um2=0.85 * 34.0**2)
    assert set(told(coach, *[replace(USABLE, measures=filled)] * 15)) == {None}


def test_without_light_nothing_else_is_said():
    coach = Coach()
    told(coach, *[replace(USABLE, evenness=0.3)] * 5)
    assert coach.advice is Advice.UNEVEN_LIGHT
    dark = Sight(trouble=Trouble.TOO_DARK, measures=GOOD, evenness=0.3)
    assert told(coach, *[dark] * 5)[-1] is Advice.TOO_DARK


@pytest.mark.parametrize(
    ("sight", "advice"),
    [
        (replace(USABLE, evenness=0.5), Advice.UNEVEN_LIGHT),
        (replace(USABLE, dirt=0.03), Advice.DIRT),
        (replace(USABLE, too_fast=True), Advice.SLOWER),
        (replace(USABLE, other_objective=True), Advice.WRONG_OBJECTIVE),
        (replace(USABLE, measures=replace(GOOD, glass=0.98)), Advice.TOO_THIN),
        (
            Sight(
                trouble=Trouble.MOVING,
                measures=replace(GOOD, glass=0.98, motion_um=float("inf")),
            ),
            Advice.TOO_THIN,
        ),
        (replace(USABLE, measures=replace(GOOD, glass=0.2)), Advice.TOO_CROWDED),
        (replace(USABLE, measures=replace(GOOD, clipped=0.4)), Advice.SATURATED),
        (replace(USABLE, red_density=0.08), Advice.PALE_STAIN),
        (
            Sight(trouble=Trouble.TOO_EMPTY, measures=GOOD, red_density=0.04),
            Advice.PALE_STAIN,
        ),
        (Sight(trouble=Trouble.TOO_CROWDED, measures=GOOD), Advice.TOO_CROWDED),
        (Sight(trouble=Trouble.TOO_EMPTY), Advice.TOO_EMPTY),
        (Sight(trouble=Trouble.SATURATED), Advice.SATURATED),
    ],
)
def test_every_fault_is_told_and_no_longer_once_mended(sight, advice):
    coach = Coach()
    told(coach, USABLE)
    assert told(coach, *[sight] * 15)[-1] is advice
    assert coach.lasting
    assert told(coach, *[USABLE] * 8)[-1] is None
    assert not coach.lasting


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([USABLE, blurred(1.5), Sight(trouble=Trouble.TOO_DARK)])))
def test_advice_never_flickers(sights):
    """What was said is said for at least two frames, whatever the frames show."""
    said = told(Coach(), *[USABLE] * 2, *sights)
    changes = [i for i in range(1, len(said)) if said[i] is not said[i - 1]]
    assert all(b - a >= 2 for a, b in pairwise(changes) if said[a])


def test_every_advice_is_one_sentence_with_a_rhythm_of_its_own_kind():
    for advice in Advice:
        assert advice.words.endswith(".")
        assert advice.words.count(".") == 1
        assert advice.words != NO_ADVICE
        assert 2 <= advice.flashes <= 6


@pytest.mark.parametrize(
    "wrong",
    [
        {"raise_frames": 0},
        {"raise_frames": 20},
        {"passed": 1.0},
        {"min_evenness": 1.5},
        {"focus_frames": 2},
    ],
)
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match="must"):
        CoachSettings(**wrong)
