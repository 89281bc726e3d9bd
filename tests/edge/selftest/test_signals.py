"""Lamps and button tried with a person who sees, one who does not, and with nobody there."""

import pytest
from gpiozero.pins.mock import MockFactory

from edge.selftest.board import Board
from edge.selftest.finding import Result
from edge.selftest.signals import Nobody, lamps_and_button
from edge.signals.lamp_test import LampTest
from edge.signals.lamps import mock_factory
from edge.signals.pattern import Lamp
from edge.signals.settings import LampSettings
from edge.signals.timeline import RecordedTimeline
from tests.edge.selftest.test_board import a_pi

SETTINGS = LampSettings()


class Looks:
    """Answers what the pins really show; colour-blind to one lamp if asked to be."""

    def __init__(self, factory, blind_to=""):
        self.factory = factory
        self.blind_to = blind_to
        self.asked = []

    def confirms(self, question):
        self.asked.append(question)
        lit = [x for x in Lamp if self.factory.pin(f"GPIO{SETTINGS.lamp_bcm(x)}").state]
        if "Press" in question:
            self.factory.pin(f"GPIO{SETTINGS.button_bcm}").drive_low()
            return True
        return [x.value for x in lit] == [
            x.value for x in Lamp if x.value in question and x.value != self.blind_to
        ]

    def told(self, sentence):
        pass


def no_wait(_):
    pass


def test_each_lamp_is_lit_alone_and_the_button_felt(tmp_path):
    factory = MockFactory()
    lamps, button = lamps_and_button(SETTINGS, a_pi(tmp_path), Looks(factory), factory, no_wait)
    assert (lamps.result, button.result) == (Result.OK, Result.OK)
    assert not any(factory.pin(f"GPIO{SETTINGS.lamp_bcm(x)}").state for x in Lamp), "left dark"


def test_a_lamp_that_is_not_seen_fails_by_its_name(tmp_path):
    factory = MockFactory()
    person = Looks(factory, blind_to="green")
    lamps, _ = lamps_and_button(SETTINGS, a_pi(tmp_path), person, factory, no_wait)
    assert lamps.result is Result.FAILED
    assert "green" in lamps.told
    assert "red" not in lamps.told


def test_with_nobody_there_lamps_are_driven_and_it_is_said(tmp_path):
    timeline = RecordedTimeline()
    factory = mock_factory(SETTINGS, timeline, lambda: 0.0)
    lamps, button = lamps_and_button(SETTINGS, a_pi(tmp_path), Nobody(), factory, no_wait)
    assert (lamps.result, button.result) == (Result.NOTE, Result.NOTE)
    assert [c.lamp for c in timeline.changes if c.lit] == list(Lamp)


def test_a_button_that_is_stuck_fails(tmp_path):
    class Leans(Nobody):
        def confirms(self, question):
            factory.pin(f"GPIO{SETTINGS.button_bcm}").drive_low()

    factory = MockFactory()
    _, button = lamps_and_button(SETTINGS, a_pi(tmp_path), Leans(), factory, no_wait)
    assert button.result is Result.FAILED


def test_a_button_nobody_presses_fails(tmp_path):
    class Sleeps(Looks):
        def confirms(self, question):
            return True

    factory = MockFactory()
    _, button = lamps_and_button(SETTINGS, a_pi(tmp_path), Sleeps(factory), factory, no_wait)
    assert button.result is Result.FAILED


def test_without_pins_a_pi_fails_and_a_laptop_has_none(tmp_path):
    class NoPins:
        def pin(self, name):
            raise OSError("no such chip")

    lamps, button = lamps_and_button(SETTINGS, Board(tmp_path), Nobody(), NoPins(), no_wait)
    assert (lamps.result, button.result) == (Result.NOT_HERE, Result.NOT_HERE)
    lamps, button = lamps_and_button(SETTINGS, a_pi(tmp_path), Nobody(), NoPins(), no_wait)
    assert (lamps.fault, button.result) == ("E-LMP-01", Result.FAILED)


@pytest.mark.parametrize("pulls_up", [True, False])
def test_the_buttons_polarity_is_a_setting(pulls_up):
    factory = MockFactory()
    settings = LampSettings(button_pulls_up=pulls_up)
    with LampTest(settings, factory) as pins:
        assert not pins.is_pressed()
        pin = factory.pin("GPIO24")
        pin.drive_low() if pulls_up else pin.drive_high()
        assert pins.is_pressed()
