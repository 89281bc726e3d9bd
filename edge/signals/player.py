"""The lamps' state machine with its lease, as a pure object: times go in, lit lamps come out.

A lease makes a hung loop visible: whoever shows a state must say again and again that it lives
(`LampPlayer.keep_alive`); when it falls silent the player goes over to a fault by itself, and
stays there until a state is shown anew.
"""

from __future__ import annotations

import math

from edge.errors import LoopHung
from edge.signals.indicator import Indicator, Signal
from edge.signals.pattern import Lit

# These say nothing good about a slide, so they may stay without anyone alive behind them.
_NEEDS_NO_LEASE = frozenset({Indicator.DARK, Indicator.FAULT})


class LampPlayer:
    """Which lamps are lit at which time.

    Args:
        lease_s: Seconds without a sign of life after which a state becomes a fault.
        now_s: The present, seconds on any monotonic clock, the same in all calls.
    """

    def __init__(self, lease_s: float, now_s: float) -> None:
        self._lease_s = lease_s
        self._signal = Signal.plain(Indicator.DARK)
        self._begun_s = now_s
        self._alive_until_s = now_s

    @property
    def signal(self) -> Signal:
        """What is being shown."""
        return self._signal

    @property
    def begun_s(self) -> float:
        """Since when it is being shown."""
        return self._begun_s

    def show(self, signal: Signal, now_s: float) -> None:
        """Go over to a state; one that is shown already goes on without starting its rhythm anew.

        Raises:
            TypeError: Something other than a `Signal` was given.
        """
        # Exactly this class: a subclass could light what it likes.
        if type(signal) is not Signal:
            raise TypeError(f"lamps show a Signal, not {type(signal).__name__}")
        self._expire(now_s)
        if signal != self._signal:
            self._signal, self._begun_s = signal, now_s
        self._alive_until_s = now_s + self._lease_s

    def keep_alive(self, now_s: float) -> None:
        """Renew the lease; too late it does nothing, for what was shown is then in doubt."""
        self._expire(now_s)
        if self.is_alive(now_s):
            self._alive_until_s = now_s + self._lease_s

    def is_alive(self, now_s: float) -> bool:
        """Whether a sign of life was given within the lease."""
        return now_s < self._alive_until_s

    def at(self, now_s: float) -> tuple[Lit, float]:
        """The lamps lit now, and the time (same clock) at which to ask again at the latest."""
        self._expire(now_s)
        lit, until_s = self._signal.pattern.at(max(0.0, now_s - self._begun_s))
        until_s += self._begun_s
        if self._signal.indicator not in _NEEDS_NO_LEASE:
            until_s = min(until_s, self._alive_until_s)
        # Rounding must not make "later" equal to "now", or a caller would spin.
        return lit, max(until_s, math.nextafter(now_s, math.inf))

    def _expire(self, now_s: float) -> None:
        if self._signal.indicator in _NEEDS_NO_LEASE or self.is_alive(now_s):
            return
        self._signal, self._begun_s = Signal.fault(LoopHung), self._alive_until_s
