"""Cells are judged when the slide rests, by the measure of its own optic."""

from __future__ import annotations

import pytest

from edge.imaging.steadiness import Steadiness


@pytest.mark.parametrize("still_um", [0.5, 1.0, 1.6])
def test_a_push_between_two_stops_is_not_counted_whatever_the_optic(still_um: float) -> None:
    slide = Steadiness()
    stop, push = [still_um, still_um + 0.2, still_um + 0.1], [still_um + 1.0, still_um + 2.0]
    told = [slide.rests(um) for um in stop + push + stop]
    assert told == [True, True, True, False, False, True, True, True]


def test_a_hand_that_never_pauses_is_still_counted() -> None:
    slide = Steadiness()
    assert sum(slide.rests(2.5 + 0.1 * (i % 3)) for i in range(40)) == 40


def test_after_a_push_at_the_start_rest_is_recognised() -> None:
    slide = Steadiness()
    told = [slide.rests(um) for um in (3.0, 2.6, 0.7, 0.8, 0.7, 3.1)]
    assert told[2:] == [True, True, True, False]


def test_a_frame_without_edges_says_nothing_of_motion() -> None:
    assert Steadiness().rests(float("nan"))
