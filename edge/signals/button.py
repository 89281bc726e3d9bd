"""The one button: short, long and very long presses told apart, however its contact bounces.

`ButtonReader` is pure: samples and times go in, presses come out. `ButtonWatch` samples the pin in
a thread of its own; the loop is never waited for.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from enum import StrEnum

from edge.errors import LeukoscopeError
from edge.rounds import Rounds
from edge.signals.lamps import Input

SETTLED_S = 0.04
"""A contact that is the same for so long has stopped bouncing."""
LONG_S = 2.0
VERY_LONG_S = 8.0
SAMPLE_S = 0.02

_log = logging.getLogger("leukoscope.button")


class Press(StrEnum):
    """What a person did."""

    SHORT = "SHORT"
    """Start an examination, or end the one that is going on."""
    LONG = "LONG"
    """Held for 2 seconds: the next slide is a control slide."""
    VERY_LONG = "VERY_LONG"
    """Held for 8 seconds: shut down safely. Told while it is still held."""


class ButtonReader:
    """From samples of a contact to presses.

    A button that is down when the reader begins is stuck or leant on: it counts once it has been
    let go.
    """

    def __init__(self) -> None:
        self._stable = True
        self._sample: bool | None = None
        self._since_s = 0.0
        self._down_s = 0.0
        self._told = True

    def sample(self, pressed: bool, now_s: float) -> Press | None:
        """Add one sample.

        Args:
            pressed: Whether the contact is closed.
            now_s: When, seconds on a monotonic clock.

        Returns:
            A press that has just become certain.
        """
        if pressed is not self._sample:
            self._sample, self._since_s = pressed, now_s
        if now_s - self._since_s < SETTLED_S:
            return None
        if pressed is not self._stable:
            self._stable = pressed
            if not pressed:
                return self._went_up()
            self._down_s, self._told = self._since_s, False
        if pressed and not self._told and now_s - self._down_s >= VERY_LONG_S:
            self._told = True
            return Press.VERY_LONG
        return None

    def _went_up(self) -> Press | None:
        if self._told:
            return None
        self._told = True
        return Press.LONG if self._since_s - self._down_s >= LONG_S else Press.SHORT


class ButtonWatch(Rounds):
    """Samples a button's pin and calls an action for each press.

    Args:
        button: The pin; it is closed with the watch.
        action: Called in the watch's thread; what it raises on purpose is logged.
        clock: Seconds, monotonic.
        sample_s: Seconds between two samples.
    """

    def __init__(
        self,
        button: Input,
        action: Callable[[Press], None],
        clock: Callable[[], float] = time.monotonic,
        sample_s: float = SAMPLE_S,
    ) -> None:
        self._button = button
        self._action = action
        self._clock = clock
        self._sample_s = sample_s
        self._reader = ButtonReader()
        super().__init__("button", self._look, sample_s)

    def close(self) -> None:
        """Watch no more; release the pin."""
        super().close()
        self._button.close()

    def _look(self, _: threading.Event) -> float | None:
        try:
            press = self._reader.sample(self._button.is_pressed, self._clock())
        except Exception as error:
            # A pin that cannot be read: pages and lamps go on without the button.
            _log.error("the button cannot be read: %s", error)
            return None
        if press is not None:
            self._act(press)
        return self._sample_s

    def _act(self, press: Press) -> None:
        try:
            self._action(press)
        except LeukoscopeError as fault:
            _log.warning("%s press: %s", press.value, fault)
