"""A device that is hot works more slowly, and goes on: fewer frames a second until it has cooled.

In a closed case in a warm room a Pi's firmware slows the processor down. The loop then works on
fewer frames than the camera gives, and heats the board all the same. `Pacer` leaves it pauses
between two frames instead, longer ones while the heat lasts. Frames are dropped and never queued,
so a slower loop counts more slowly and nothing else: every frame that it does look at is judged as
ever. `HeatWatch` asks the board at a slow pace, in a thread of its own.
"""

from __future__ import annotations

import logging
import threading
from typing import Final, Protocol

from edge.rounds import Rounds
from edge.selftest.board import Throttled

LOOK_S: Final = 10.0
"""Between two looks: a board warms and cools in minutes."""
HOT_C: Final = 78.0
"""Just below 80 °C, from where on a Pi slows its processor down by itself."""
COOL_C: Final = 72.0
INTERVALS_S: Final = (0.0, 0.1, 0.2, 0.4)
"""Least time from one frame to the next, step by step: as they come, 10, 5 and 2.5 a second. Still
slower would lose the way on the slide: a hand moves on meanwhile."""
_CALM_LOOKS: Final = 3
"""Cool looks in a row before it goes a step faster: the board shall not swing to and fro."""

_log = logging.getLogger("leukoscope.heat")


class Thermometer(Protocol):
    """What tells how hot the board is; `edge.selftest.board.Board` does."""

    @property
    def temperature_c(self) -> float | None:
        """The processor's temperature, degrees Celsius; None where nothing measures it."""
        ...

    @property
    def throttled(self) -> Throttled | None:
        """What the firmware says of supply and heat; None where nothing says it."""
        ...


class Pacer:
    """From looks at the board to the pause between two frames; pure.

    Attributes:
        step: Which of `INTERVALS_S` is in force.
    """

    def __init__(self) -> None:
        self.step = 0
        self._calm = 0

    @property
    def interval_s(self) -> float:
        """Least time from one frame to the next, seconds."""
        return INTERVALS_S[self.step]

    def look(self, temperature_c: float | None, throttled: Throttled | None) -> None:
        """Take one look into account.

        Args:
            temperature_c: Degrees Celsius; None where nothing measures it.
            throttled: The firmware's word; None where it says none.
        """
        slowed = throttled is not None and throttled.slowed_now
        if slowed or (temperature_c is not None and temperature_c >= HOT_C):
            self._calm = 0
            self.step = min(self.step + 1, len(INTERVALS_S) - 1)
        elif temperature_c is None or temperature_c < COOL_C:
            self._calm += 1
            if self._calm >= _CALM_LOOKS:
                self._calm = 0
                self.step = max(self.step - 1, 0)
        else:
            self._calm = 0  # neither hot nor cool: as it is


class HeatWatch(Rounds):
    """Looks at the board again and again; the loop asks how long to pause.

    Args:
        board: The board.
        look_s: Seconds from one look to the next.
    """

    def __init__(self, board: Thermometer, look_s: float = LOOK_S) -> None:
        self._board = board
        self._look_s = look_s
        self._pacer = Pacer()
        super().__init__("heat", self._look)

    @property
    def interval_s(self) -> float:
        """Least time from one frame to the next, seconds; from any thread."""
        return self._pacer.interval_s

    def _look(self, _: threading.Event) -> float:
        before = self._pacer.step
        degrees, word = self._board.temperature_c, self._board.throttled
        self._pacer.look(degrees, word)
        if self._pacer.step != before:
            told = "temperature unknown" if degrees is None else f"{degrees:.0f} °C"
            if word is not None:
                told += f", firmware says 0x{word.word:x}"
            if self._pacer.step == 0:
                _log.warning("cool again (%s): all frames are taken", told)
            else:
                rate = 1 / self._pacer.interval_s
                _log.warning("hot or slowed down (%s): at most %g frames a second", told, rate)
        return self._look_s
