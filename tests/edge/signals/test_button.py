"""Presses as hands make them: short, long, very long, bouncing, and a button that is leant on."""

import threading
import time

import pytest
from gpiozero.pins.mock import MockFactory
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import AlreadyExamining
from edge.signals.button import LONG_S, SETTLED_S, VERY_LONG_S, ButtonReader, ButtonWatch, Press
from edge.signals.lamps import claim_button
from edge.signals.settings import LampSettings

STEP_S = 0.02


def presses(*spans):
    """What a reader makes of (pressed, seconds) in turn."""
    reader, now_s, found = ButtonReader(), 0.0, []
    for pressed, duration_s in ((False, 0.2), *spans, (False, 0.2)):
        for _ in range(max(1, round(duration_s / STEP_S))):
            press = reader.sample(pressed, now_s)
            if press is not None:
                found.append((press, round(now_s, 2)))
            now_s += STEP_S
    return [press for press, _ in found]


@pytest.mark.parametrize(
    ("held_s", "press"),
    [(0.08, Press.SHORT), (1.9, Press.SHORT), (2.1, Press.LONG), (7.8, Press.LONG)],
)
def test_a_press_is_told_when_it_ends(held_s, press):
    assert presses((True, held_s)) == [press]


def test_a_very_long_press_is_told_once_and_while_it_is_held():
    assert presses((True, VERY_LONG_S + 5)) == [Press.VERY_LONG]


def test_two_short_presses_are_two():
    assert presses((True, 0.2), (False, 0.3), (True, 0.2)) == [Press.SHORT, Press.SHORT]


def test_bouncing_contacts_and_a_brush_with_the_glove_are_no_presses_more():
    bounce = [(i % 2 == 0, STEP_S) for i in range(8)]
    assert presses(*bounce, (True, 0.4), *bounce) == [Press.SHORT]
    assert presses((True, SETTLED_S / 2)) == []


def test_a_button_that_is_down_at_the_start_counts_once_it_was_let_go():
    reader = ButtonReader()
    assert [reader.sample(True, i * STEP_S) for i in range(600)] == [None] * 600
    assert [reader.sample(False, 12 + i * STEP_S) for i in range(10)] == [None] * 10


@given(st.lists(st.tuples(st.booleans(), st.floats(0.01, 12)), max_size=8))
def test_no_sequence_of_contacts_makes_more_presses_than_it_has_releases(spans):
    downs = sum(1 for pressed, _ in spans if pressed)
    found = presses(*spans)
    assert len(found) <= downs
    held_s = sum(duration_s + STEP_S for pressed, duration_s in spans if pressed)
    assert held_s >= found.count(Press.VERY_LONG) * VERY_LONG_S + found.count(Press.LONG) * LONG_S


def test_a_press_on_the_pin_reaches_the_action_and_a_refusal_does_no_harm():
    factory, heard, twice = MockFactory(), [], threading.Event()

    def action(press):
        heard.append(press)
        if len(heard) == 2:
            twice.set()
        raise AlreadyExamining("Slide S is being examined.")

    with ButtonWatch(claim_button(LampSettings(), factory), action):
        pin = factory.pin("GPIO24")
        until_s = time.monotonic() + 20
        while not twice.is_set() and time.monotonic() < until_s:
            pin.drive_low()
            time.sleep(0.15)
            pin.drive_high()
            time.sleep(0.15)
    assert heard[:2] == [Press.SHORT, Press.SHORT]


def test_a_pin_that_cannot_be_read_ends_the_watch_alone():
    class Broken:
        closed = False

        @property
        def is_pressed(self):
            raise OSError("chip gone")

        def close(self):
            self.closed = True

    pin = Broken()
    watch = ButtonWatch(pin, lambda press: None)
    watch._thread.join(5)
    assert not watch.is_alive
    watch.close()
    assert pin.closed
