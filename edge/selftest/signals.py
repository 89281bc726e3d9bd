"""Lamps and button tried before the eyes and under the finger of a person, or alone."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Protocol

from edge.errors import LampsMissing
from edge.selftest.board import Board
from edge.selftest.finding import Finding, Result
from edge.signals.lamp_test import LampTest
from edge.signals.pattern import Lamp
from edge.signals.settings import LampSettings

_LIT_S = 1.0
_PRESS_S = 10.0


class Person(Protocol):
    """Whoever sits before the device."""

    def confirms(self, question: str) -> bool | None:
        """Yes or no; None where nobody can be asked."""
        ...

    def told(self, sentence: str) -> None:
        """Show a sentence."""
        ...


class Nobody:
    """No one to ask: `--yes`, or no terminal."""

    def confirms(self, question: str) -> None:
        """Nobody answers."""

    def told(self, sentence: str) -> None:
        """Nobody reads."""


class AtTerminal:
    """A person at the terminal; questions go to stderr, for stdout may be read by a program."""

    def confirms(self, question: str) -> bool:
        """Asked until the answer is yes or no."""
        while True:
            print(f"{question} [y/n] ", end="", file=sys.stderr, flush=True)
            answer = sys.stdin.readline()
            if not answer or answer.strip().lower() in ("n", "no"):
                return False
            if answer.strip().lower() in ("y", "yes"):
                return True

    def told(self, sentence: str) -> None:
        """On stderr."""
        print(sentence, file=sys.stderr, flush=True)


def lamps_and_button(
    settings: LampSettings,
    board: Board,
    person: Person,
    pin_factory: object | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Finding]:
    """Every lamp lit by itself, the button watched."""
    try:
        with LampTest(settings, pin_factory) as pins:
            return [
                _lamps(pins, settings, person, sleep),
                _button(pins, settings, person, sleep),
            ]
    except LampsMissing as fault:
        if not board.is_pi:
            told = "This machine is no Raspberry Pi: no pins for {}."
            return [
                Finding("lamps", Result.NOT_HERE, told.format("lamps")),
                Finding("button", Result.NOT_HERE, told.format("a button")),
            ]
        untried = Finding("button", Result.FAILED, "Not tried: no pins.", "", fault.number)
        return [Finding.failed("lamps", fault), untried]


def _lamps(
    pins: LampTest, settings: LampSettings, person: Person, sleep: Callable[[float], None]
) -> Finding:
    unseen, asked = [], True
    for lamp in Lamp:
        # Green is lit too while a person looks at the test: the timer needs its heartbeat for it.
        with pins.lit(lamp):
            for _ in range(round(_LIT_S / settings.heartbeat_s)):
                pins.beat()
                sleep(settings.heartbeat_s)
            seen = person.confirms(f"Is the {lamp.value} lamp, and no other, lit?")
        asked = asked and seen is not None
        if seen is False:
            unseen.append(lamp.value)
    if unseen:
        action = "Check the wiring in hardware.md: pin, resistor, the LED's direction."
        return Finding(
            "lamps", Result.FAILED, f"Not seen: {', '.join(unseen)}.", action, "E-LMP-01"
        )
    if not asked:
        return Finding(
            "lamps",
            Result.NOTE,
            "Red, amber and green were driven for a second each; nobody was asked.",
            "Run `leukoscope check` at a terminal, and look.",
        )
    return Finding("lamps", Result.OK, "Red, amber and green were seen, each by itself.")


def _button(
    pins: LampTest, settings: LampSettings, person: Person, sleep: Callable[[float], None]
) -> Finding:
    part = "button"
    if not settings.button_bcm:
        return Finding(part, Result.NOT_HERE, "button_bcm = 0: this device has no button.")
    if pins.is_pressed():
        action = "Is somebody leaning on it? Else check its wires: a short, or the wrong polarity."
        return Finding(part, Result.FAILED, "The button is pressed all the time.", action)
    ready = person.confirms(f"Press the button within {_PRESS_S:.0f} s of this answer. Ready?")
    if ready is None:
        return Finding(part, Result.NOTE, "Released; nobody was asked to press it.")
    if not ready:
        return Finding(part, Result.NOTE, "Released; it was not tried.")
    for _ in range(round(_PRESS_S / 0.02)):
        if pins.is_pressed():
            return Finding(part, Result.OK, "It was pressed, and felt.")
        sleep(0.02)
    action = "Check its wires in hardware.md, and `button_bcm` in settings.toml."
    return Finding(part, Result.FAILED, f"No press within {_PRESS_S:.0f} s.", action)
