"""Settings of the lamps are checked where they are made."""

import math

import pytest

from edge.signals.pattern import Lamp
from edge.signals.settings import LampSettings


def test_the_defaults_are_usable():
    settings = LampSettings()
    assert {settings.lamp_bcm(lamp) for lamp in Lamp} == {17, 27, 22}


@pytest.mark.parametrize(
    "wrong",
    [
        {"red_bcm": 1},
        {"red_bcm": 28},
        {"red_bcm": "17"},
        {"red_bcm": True},
        {"red_bcm": 27},
        {"heartbeat_bcm": 17},
        {"active_high": "yes"},
        {"lease_s": 0.0},
        {"lease_s": math.nan},
        {"lease_s": math.inf},
        {"heartbeat_s": 0.0},
        {"heartbeat_s": 0.5},
    ],
)
def test_a_setting_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match=r"\w"):
        LampSettings(**wrong)


def test_heartbeat_and_button_can_be_left_out():
    settings = LampSettings(heartbeat_bcm=0, button_bcm=0)
    assert [name for name, _ in settings.pins()] == ["red_bcm", "amber_bcm", "green_bcm"]
