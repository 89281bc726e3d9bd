"""The header's pins are those that gpiozero knows."""

import pytest

from edge.signals.settings import LampSettings
from edge.signals.wiring import GROUND_PINS, HEADER_PIN, wires


@pytest.mark.parametrize("revision", ["a02082", "c03111", "d04170", "902120"])
def test_header_pins_are_those_of_real_boards(revision):
    from gpiozero.pins.mock import MockFactory

    board = MockFactory(revision=revision).board_info
    named = {pin.name: number for number, pin in board.headers["J8"].pins.items()}
    for bcm, header_pin in HEADER_PIN.items():
        assert named[f"GPIO{bcm}"] == header_pin
    grounds = [n for n, pin in board.headers["J8"].pins.items() if pin.name == "GND"]
    assert sorted(grounds) == sorted(GROUND_PINS)


def test_every_pin_that_settings_allow_is_on_the_header():
    assert set(HEADER_PIN) == set(range(2, 28))
    assert len(set(HEADER_PIN.values())) == 26


def test_wires_follow_the_settings():
    moved = {wire.setting: wire for wire in wires(LampSettings(red_bcm=5, button_bcm=0))}
    assert (moved["red_bcm"].bcm, moved["red_bcm"].header_pin) == (5, 29)
    assert moved["red_bcm"].ground_pin == 30
    assert "button_bcm" not in moved
