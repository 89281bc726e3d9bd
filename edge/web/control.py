"""What the page may ask of the loop, and what the loop tells the page: plain data, one protocol."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Phase(StrEnum):
    """How far the device is with the slide on its stage."""

    READY = "READY"
    STARTING = "STARTING"
    COUNTING = "COUNTING"
    ENDED = "ENDED"
    FAULT = "FAULT"


class Mark(StrEnum):
    """How a counted cell is marked in the field."""

    OTHER = "OTHER"
    BLAST = "BLAST"
    UNSURE = "UNSURE"


def mark_of(blast: bool | None) -> Mark:
    """How a call is marked."""
    if blast is None:
        return Mark.UNSURE
    return Mark.BLAST if blast else Mark.OTHER


@dataclass(frozen=True)
class MarkedCell:
    """A counted cell that lies in the field.

    Attributes:
        box: Left, top, width, height, pixels of the field.
        mark: What it was called.
        new: Counted in this very frame.
    """

    box: tuple[float, float, float, float]
    mark: Mark
    new: bool


@dataclass(frozen=True)
class FieldPicture:
    """A field as the camera saw it, with the cells counted in it.

    Attributes:
        rgb: uint8, shape (height, width, 3); never changed once it is given here.
        marks: Cells to be boxed.
        um_per_px: Its scale; None while that is being measured.
    """

    rgb: NDArray[np.uint8]
    marks: tuple[MarkedCell, ...] = ()
    um_per_px: float | None = None


@dataclass(frozen=True)
class Remark:
    """Something to know of an examination that asks for no hand on the microscope at once.

    Attributes:
        key: Of its text in every language.
        words: The same in English, for a text that a language lacks.
        values: What belongs into the text, by name.
    """

    key: str
    words: str
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Progress:
    """How an examination stands.

    Attributes:
        phase: How far the device is.
        slide: Identifier of the slide; empty when there is none.
        examination: Its number in the records; None before it is recorded.
        cells: White cells counted, those not told among them.
        blasts: Those that look like blasts.
        abstained: Those the network would not judge.
        blast_share: Corrected share of blasts, 0-1.
        interval: Interval of the share.
        ruled_out: The smallest share of blasts that is ruled out so far; None where none is.
        cells_needed: Further cells to a verdict; 0 where there is one, None where no one can tell.
        verdict: The verdict; KEEP_COUNTING while there is none.
        reason: Why, in English.
        control: MISSING where green is held back until a control slide is passed, PASSED after
            one was; else empty.
        control_words: How it stands with the control, in English; empty where nothing is known.
        trouble: Name of what is wrong with the picture; empty when nothing is.
        advice: What the person should do, in English; empty when there is nothing to say.
        indicator: Name of the state that the lamps show.
        lamp_words: The lamps' colour and pattern, in English.
        fault: Number, cause and action of a fault; None when there is none.
        remarks: What else a person should know of this examination.
        is_slow: The board is hot or slowed down, and fewer frames are taken.
    """

    phase: Phase
    slide: str = ""
    examination: int | None = None
    cells: int = 0
    blasts: int = 0
    abstained: int = 0
    blast_share: float = 0.0
    interval: tuple[float, float] = (0.0, 1.0)
    ruled_out: float | None = None
    cells_needed: int | None = None
    verdict: str = "KEEP_COUNTING"
    reason: str = ""
    control: str = ""
    control_words: str = ""
    trouble: str = ""
    advice: str = ""
    indicator: str = "READY"
    lamp_words: str = ""
    fault: tuple[str, str, str] | None = None
    remarks: tuple[Remark, ...] = ()
    is_slow: bool = False


class Control(Protocol):
    """Whoever runs examinations, as the page and the button see it; any thread may call."""

    @property
    def progress(self) -> Progress:
        """How it stands now."""
        ...

    def start(self, slide: str) -> None:
        """Ask for an examination to begin.

        Raises:
            AlreadyExamining: One is going on.
            UsageFault: The slide's identifier cannot be one.
        """
        ...

    def start_control(self) -> None:
        """Ask for the daily control, on the control slide of the settings, to begin.

        Raises:
            AlreadyExamining: Something is going on.
        """
        ...

    def end(self) -> None:
        """Ask the one that is going on to end with the verdict that its cells allow."""
        ...
