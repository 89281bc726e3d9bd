"""What the device has to say, and which pattern of the lamps says it; pure, no clock, no pin.

Green cannot be asked for by name. `Signal.green` takes a `CompletedExamination`, whose constructor
refuses anything that was not finished, in focus, with enough cells, by a proven model: a green by
accident is a type error for mypy and a `TypeError` or `ValueError` at run time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Literal

from edge.errors import LeukoscopeError
from edge.signals.pattern import Lamp, Pattern, blinking, counted, dark, in_turn, steady


class Indicator(StrEnum):
    """The states a person can tell apart at the lamps."""

    DARK = "DARK"
    READY = "READY"
    KEEP_COUNTING = "KEEP_COUNTING"
    ADVICE = "ADVICE"
    CANNOT_JUDGE = "CANNOT_JUDGE"
    NO_BLASTS_FOUND = "NO_BLASTS_FOUND"
    REVIEW = "REVIEW"
    FAULT = "FAULT"


Unproven = Literal[
    Indicator.DARK,
    Indicator.READY,
    Indicator.KEEP_COUNTING,
    Indicator.ADVICE,
    Indicator.CANNOT_JUDGE,
    Indicator.REVIEW,
]
"""States that anyone may show; green needs a proof and a fault needs its number."""


@dataclass(frozen=True)
class Appearance:
    """How a state looks and what it means, in words for a person.

    Attributes:
        pattern: What the lamps do.
        looks: The pattern in words.
        meaning: What the person should understand and do.
    """

    pattern: Pattern
    looks: str
    meaning: str


# Colours alone tell nothing to one man in twelve, so each rhythm is used once: a person who sees
# only on and off can still read the lamps. The wink of green shows that the processor lives.
APPEARANCES: dict[Indicator, Appearance] = {
    Indicator.DARK: Appearance(
        dark(),
        "all dark for longer than 3 seconds",
        "Not working: no power, not started, or stopped. Nothing can be said about the slide.",
    ),
    Indicator.READY: Appearance(
        blinking(Lamp.AMBER, 0.1, 2.4),
        "amber, one short flash every 2.5 seconds",
        "Ready: no examination is running. Put a slide on the stage and start.",
    ),
    Indicator.KEEP_COUNTING: Appearance(
        blinking(Lamp.AMBER, 1.0, 1.0),
        "amber, slow blinking (1 second on, 1 second off)",
        "Keep counting: move the slide on; more white cells are needed.",
    ),
    Indicator.ADVICE: Appearance(
        blinking(Lamp.AMBER, 0.15, 0.2, 0.15, 0.8),
        "amber, two to six quick flashes",
        "Advice: the screen says what to do. Two flashes: focus; three: light; four: another part "
        "of the smear; five: a steadier hand; six: slide, dirt or objective.",
    ),
    Indicator.CANNOT_JUDGE: Appearance(
        steady(Lamp.AMBER),
        "amber, steady",
        "Cannot judge: the examination ended without a result. Not a negative result.",
    ),
    Indicator.NO_BLASTS_FOUND: Appearance(
        blinking(Lamp.GREEN, 2.8, 0.2),
        "green, on with a short wink every 3 seconds",
        "No blasts found: this slide was examined to the end, in focus, with enough cells, and "
        "showed no sign above the limit stated. Not a diagnosis. Green that never winks is not "
        "valid.",
    ),
    Indicator.REVIEW: Appearance(
        blinking(Lamp.RED, 1.5, 0.3, 0.3, 0.9),
        "red, long and short in turn",
        "Review: a trained person must look at this slide now.",
    ),
}

FAULT_AREAS: tuple[str, ...] = (
    "CAM",
    "BUN",
    "INT",
    "REC",
    "LMP",
    "RUN",
    "SET",
    "SCA",
    "PIC",
    "USE",
    "DAT",
    "CNV",
    "WEB",
    "EXP",
)
"""The middle of a fault's number, ordered so that what a clinic meets has few flashes.

The position (from 1) is the number of red flashes: append only, for people learn the codes."""

_FAULT_NUMBER = re.compile(r"E-([A-Z]{3})-(\d{2})")


@dataclass(frozen=True)
class BlinkCode:
    """A fault's number as flashes to be counted: red for the area, amber for the number in it."""

    red: int
    amber: int


def blink_code(fault_number: str) -> BlinkCode | None:
    """The code of a fault number such as ``E-CAM-03`` (1 red, 3 amber).

    Returns:
        None for a number of no known area: a fault that cannot be counted is still shown as one.
    """
    match = _FAULT_NUMBER.fullmatch(fault_number)
    if match is None or match[1] not in FAULT_AREAS or int(match[2]) == 0:
        return None
    return BlinkCode(FAULT_AREAS.index(match[1]) + 1, int(match[2]))


@dataclass(frozen=True)
class CompletedExamination:
    """The proof that a green lamp needs; it cannot be made of anything less.

    Attributes:
        slide: The slide that was examined.
        verdict: The verdict, which must be NO_BLASTS_FOUND.
        golden_test_passed: The model reproduced its golden outputs on this device, this start.
        in_focus: The pictures judged were usable.
        cells: White cells judged.
        cells_required: How many the verdict needed at least, more than 0.
        control_holds: The control slide was passed in time, or none is asked for.
    """

    slide: str
    verdict: str
    golden_test_passed: bool
    in_focus: bool
    cells: int
    cells_required: int
    control_holds: bool

    def __post_init__(self) -> None:
        if verdict_name(self.verdict) != Indicator.NO_BLASTS_FOUND.value:
            raise ValueError(f"a verdict of {verdict_name(self.verdict)} is not shown green")
        # `is True`: a truthy stand-in (a string, a mock, an array) proves nothing.
        if self.golden_test_passed is not True or self.in_focus is not True:
            raise ValueError("green needs a passed golden test and pictures in focus")
        if self.control_holds is not True:
            raise ValueError("green needs a control slide passed in time")
        if not 0 < self.cells_required <= self.cells:
            raise ValueError(f"green needs {self.cells_required} cells, and has {self.cells}")


def verdict_name(verdict: str) -> str:
    """The name of a verdict, given as its enum member or its name."""
    return verdict.name if isinstance(verdict, Enum) else str(verdict)


@dataclass(frozen=True)
class Signal:
    """One thing to show; made by `Signal.plain`, `Signal.green` or `Signal.fault`.

    Attributes:
        indicator: The state.
        proof: What a green lamp rests on; None for all others.
        fault_number: Such as ``E-CAM-03``; empty for all but a fault.
        flashes: Quick flashes of advice, which say what kind it is of; 2 for all but advice.
    """

    indicator: Indicator
    proof: CompletedExamination | None = None
    fault_number: str = ""
    flashes: int = 2

    def __post_init__(self) -> None:
        if self.flashes != 2 and self.indicator is not Indicator.ADVICE:
            raise ValueError("only advice has flashes")
        if not 2 <= self.flashes <= 6:
            raise ValueError("advice has two to six flashes")
        if self.indicator is Indicator.NO_BLASTS_FOUND:
            # Exactly this class: a subclass could have skipped the checks.
            if type(self.proof) is not CompletedExamination:
                raise TypeError("green is shown for a CompletedExamination only")
        elif self.proof is not None:
            raise ValueError("only green carries a proof")
        if (self.indicator is Indicator.FAULT) != bool(self.fault_number):
            raise ValueError("a fault has a number, and nothing else has")

    @classmethod
    def plain(cls, indicator: Unproven) -> Signal:
        """Any state but green and fault."""
        return cls(indicator)

    @classmethod
    def advice(cls, flashes: int) -> Signal:
        """Advice of a kind: so many quick flashes."""
        return cls(Indicator.ADVICE, flashes=flashes)

    @classmethod
    def green(cls, proof: CompletedExamination) -> Signal:
        """Green, for a completed examination."""
        return cls(Indicator.NO_BLASTS_FOUND, proof=proof)

    @classmethod
    def fault(cls, fault: LeukoscopeError | type[LeukoscopeError]) -> Signal:
        """Red and amber in turn, counting out the fault's number."""
        return cls(Indicator.FAULT, fault_number=fault.number)

    @property
    def pattern(self) -> Pattern:
        """What the lamps do for it."""
        if self.indicator is Indicator.ADVICE:
            return blinking(Lamp.AMBER, *(0.15, 0.2) * (self.flashes - 1), 0.15, 0.8)
        if self.indicator is not Indicator.FAULT:
            return APPEARANCES[self.indicator].pattern
        code = blink_code(self.fault_number)
        return in_turn(0.5) if code is None else counted(code.red, code.amber)

    @property
    def words(self) -> str:
        """The lamps' colour and pattern as words, for a screen or a page."""
        if self.indicator is Indicator.ADVICE:
            return f"amber, {self.flashes} quick flashes"
        if self.indicator is not Indicator.FAULT:
            return APPEARANCES[self.indicator].looks
        code = blink_code(self.fault_number)
        if code is None:
            return "red and amber in turn"
        return f"red and amber in turn: {code.red} red, {code.amber} amber ({self.fault_number})"


def while_examining(verdict: str, troubled: bool, flashes: int = 2) -> Signal:
    """What to show in the middle of an examination.

    Never green: an examination that is going on proves nothing yet.

    Args:
        verdict: The verdict so far.
        troubled: The person should do something.
        flashes: What kind of advice it is, as quick flashes.
    """
    if verdict_name(verdict) == Indicator.REVIEW.value:
        return Signal.plain(Indicator.REVIEW)
    return Signal.advice(flashes) if troubled else Signal.plain(Indicator.KEEP_COUNTING)


def when_completed(verdict: str, proof: CompletedExamination | None) -> Signal:
    """What to show when an examination has ended.

    Args:
        verdict: Its final verdict.
        proof: Needed for green; a verdict of NO_BLASTS_FOUND without it is shown as CANNOT_JUDGE.
    """
    name = verdict_name(verdict)
    if name == Indicator.REVIEW.value:
        return Signal.plain(Indicator.REVIEW)
    if name == Indicator.NO_BLASTS_FOUND.value and proof is not None:
        return Signal.green(proof)
    return Signal.plain(Indicator.CANNOT_JUDGE)
