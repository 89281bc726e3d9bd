"""Patterns of the three lamps as pure data: what is lit at which time, without a clock or a pin."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum


class Lamp(StrEnum):
    """The three lamps, from top to bottom of the case."""

    RED = "red"
    AMBER = "amber"
    GREEN = "green"


Lit = frozenset[Lamp]
"""The lamps that are lit at one instant; empty is dark."""

NONE: Lit = frozenset()


@dataclass(frozen=True)
class Step:
    """A set of lamps held for a time.

    Attributes:
        lit: The lamps that are lit meanwhile.
        duration_s: How long, seconds; infinite for a lamp that stays as it is.
    """

    lit: Lit
    duration_s: float

    def __post_init__(self) -> None:
        if not self.duration_s > 0:
            raise ValueError(f"a step lasts longer than 0 s, not {self.duration_s}")


@dataclass(frozen=True)
class Pattern:
    """Steps repeated for ever, beginning with the first."""

    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        if not self.steps:
            raise ValueError("a pattern has at least one step")

    @property
    def period_s(self) -> float:
        """Seconds until the pattern begins again; infinite for a steady one."""
        return math.fsum(step.duration_s for step in self.steps)

    @property
    def lamps(self) -> Lit:
        """Every lamp that the pattern ever lights."""
        return frozenset().union(*(step.lit for step in self.steps))

    def at(self, time_s: float) -> tuple[Lit, float]:
        """What is lit at a time, and until when.

        Args:
            time_s: Seconds since the pattern began, 0 or more.

        Returns:
            The lit lamps, and the time in seconds (same origin, later than ``time_s``) at which
            the next step begins; infinite when nothing changes any more.
        """
        if time_s < 0:
            raise ValueError(f"a pattern has no time before its beginning: {time_s} s")
        if math.isinf(self.period_s):
            begun_s = 0.0
        else:
            begun_s = math.floor(time_s / self.period_s) * self.period_s
        for step in self.steps:
            end_s = begun_s + step.duration_s
            if time_s < end_s:
                return step.lit, end_s
            begun_s = end_s
        # Rounding put the end of the last step a hair before time_s: the next round begins.
        return self.steps[0].lit, begun_s + self.steps[0].duration_s


def steady(lamp: Lamp) -> Pattern:
    """A lamp that stays lit."""
    return Pattern((Step(frozenset({lamp}), math.inf),))


def dark() -> Pattern:
    """No lamp at all."""
    return Pattern((Step(NONE, math.inf),))


def blinking(lamp: Lamp, *on_and_off_s: float) -> Pattern:
    """One lamp on and off in turn, for the given durations in seconds, beginning with on."""
    lit = frozenset({lamp})
    return Pattern(
        tuple(Step(NONE if i % 2 else lit, time_s) for i, time_s in enumerate(on_and_off_s))
    )


def counted(
    red_flashes: int,
    amber_flashes: int,
    flash_s: float = 0.3,
    gap_s: float = 0.35,
    turn_s: float = 0.8,
    pause_s: float = 2.0,
) -> Pattern:
    """Red flashes, then amber flashes, each to be counted by a person, then a pause.

    Flashes come at most 1.6 times a second: countable, and below the three a second that can
    trigger seizures (WCAG 2.3.1).
    """
    if red_flashes < 1 or amber_flashes < 1:
        raise ValueError("a blink code has at least one flash of each lamp")

    def flashes(lamp: Lamp, count: int, after_s: float) -> list[Step]:
        steps = [Step(frozenset({lamp}), flash_s), Step(NONE, gap_s)] * count
        return [*steps[:-1], Step(NONE, after_s)]

    return Pattern(
        tuple(flashes(Lamp.RED, red_flashes, turn_s) + flashes(Lamp.AMBER, amber_flashes, pause_s))
    )


def in_turn(duration_s: float) -> Pattern:
    """Red and amber in turn without a pause, each for ``duration_s`` seconds."""
    return Pattern(
        (Step(frozenset({Lamp.RED}), duration_s), Step(frozenset({Lamp.AMBER}), duration_s))
    )
