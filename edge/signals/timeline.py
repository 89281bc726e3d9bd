"""What lamps did, change by change: kept by mock pins for tests and for the demo."""

from __future__ import annotations

from dataclasses import dataclass

from edge.signals.pattern import Lamp


@dataclass(frozen=True)
class Change:
    """A lamp that was switched.

    Attributes:
        time_s: Seconds on the clock of the lamps.
        lamp: Which.
        lit: Whether it is lit from then on.
    """

    time_s: float
    lamp: Lamp
    lit: bool


class RecordedTimeline:
    """Changes of the lamps in order of time, as their pins made them."""

    def __init__(self) -> None:
        self._changes: list[Change] = []
        self._lit: dict[Lamp, bool] = {}

    def record(self, change: Change) -> None:
        """Add what a pin did; a pin that is set to what it is already adds nothing."""
        if self.is_lit(change.lamp) != change.lit:
            self._lit[change.lamp] = change.lit
            self._changes.append(change)

    @property
    def changes(self) -> tuple[Change, ...]:
        """All changes so far."""
        return tuple(self._changes)

    def of(self, lamp: Lamp) -> list[tuple[float, bool]]:
        """Time in seconds and whether lit, for one lamp."""
        return [(change.time_s, change.lit) for change in self.changes if change.lamp is lamp]

    def is_lit(self, lamp: Lamp) -> bool:
        """Whether a lamp is lit at the end of what was recorded; dark before its first change."""
        return self._lit.get(lamp, False)

    def lines(self, since_s: float = 0.0) -> list[str]:
        """The changes as lines to print, with times counted from ``since_s``."""
        return [
            f"{change.time_s - since_s:8.2f} s  {change.lamp.value:<5}  "
            f"{'on' if change.lit else 'off'}"
            for change in self.changes
        ]
