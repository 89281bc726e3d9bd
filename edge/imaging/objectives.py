"""Objectives known by their scales: what many slides say together is surer than one slide.

Red cells differ from person to person by some 8%, which no number of frames of one slide averages
away; the objective stays the same from slide to slide. So the scales of earlier examinations narrow
a new one that agrees with them, and a person's large red cells are then seen as large.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import exp, hypot, isfinite, log, sqrt
from typing import Final

from edge.imaging.scale import BETWEEN_SLIDES, MAX_UM_PER_PX, MIN_UM_PER_PX, ScaleEstimate

MOST_OBJECTIVES: Final = 8
"""Objectives remembered for one kind of picture; a microscope has four or five."""

_MOST_WEIGHT: Final = 50
"""Examinations that count at most, so that a camera fitted anew is learnt within as many."""

_FLOOR: Final = 0.01
"""Relative error that no number of slides takes away: our outlines are no better."""

_SIGMAS: Final = 2.5
_SAME: Final = log(1.25)
"""Scales further apart are of two objectives, however uncertain: steps are 1.5 (40 to 60) and
more."""

_TRUSTED: Final = 3
"""Examinations from which an objective may stand in for a slide that measures badly."""


@dataclass(frozen=True)
class Objective:
    """What is remembered of one objective.

    Attributes:
        um_per_px: Its scale, geometric mean over examinations.
        examinations: On how many slides it was measured.
        last_seen: Date of the last one by the device's clock, ``YYYY-MM-DD``.
        last_used: Counts up with every examination; the greatest was used last.
    """

    um_per_px: float
    examinations: int
    last_seen: str
    last_used: int

    def __post_init__(self) -> None:
        if not (isfinite(self.um_per_px) and MIN_UM_PER_PX <= self.um_per_px <= MAX_UM_PER_PX):
            raise ValueError(f"{self.um_per_px} um/px is no objective's scale")
        if self.examinations < 1 or self.last_used < 0:
            raise ValueError("an objective was measured at least once")

    @property
    def relative_error(self) -> float:
        """One standard deviation, relative."""
        return hypot(BETWEEN_SLIDES / sqrt(min(self.examinations, _MOST_WEIGHT)), _FLOOR)


class NoteKind(StrEnum):
    """What there is to say of a scale."""

    NEW_OBJECTIVE = "new_objective"
    STAND_IN = "stand_in"
    NOT_REMEMBERED = "not_remembered"


@dataclass(frozen=True)
class ScaleNote:
    """What a person should know of a scale.

    Attributes:
        kind: What it is about; the page has words for each in its languages.
        words: The same in English, in full.
        values: Numbers that belong into the words, by name.
    """

    kind: NoteKind
    words: str
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class KnownScale:
    """The scale to work with.

    Attributes:
        estimate: The scale and its error.
        note: What a person should know of it; None where there is nothing to say.
    """

    estimate: ScaleEstimate
    note: ScaleNote | None = None


def agreeing(known: Sequence[Objective], reading: ScaleEstimate) -> list[Objective]:
    """Objectives that a measured scale may be of, the best known first.

    An unusual slide may have left a scale of its own beside that of its objective: it must not
    draw others to it.
    """

    def away(objective: Objective) -> float:
        return abs(log(objective.um_per_px / reading.um_per_px))

    def may_be(objective: Objective) -> bool:
        error = hypot(objective.relative_error, reading.relative_error)
        return away(objective) <= min(_SAME, _SIGMAS * error)

    best = sorted(filter(may_be, known), key=away)
    return sorted(best, key=lambda each: -min(each.examinations, _MOST_WEIGHT))


def known_scale(
    known: Sequence[Objective], measured: ScaleEstimate | None, error_max: float
) -> KnownScale | None:
    """The scale to work with: as measured and as remembered; None where neither proves one.

    Args:
        known: What is remembered of such pictures.
        measured: The slide's own scale.
        error_max: A slide's own scale with a greater relative error is none.
    """
    if measured is None:
        return None
    certain = measured.relative_error <= error_max
    return narrowed(known, measured) if certain else stand_in(known, measured)


def narrowed(known: Sequence[Objective], reading: ScaleEstimate) -> KnownScale:
    """A measured scale together with what is remembered.

    One that agrees with a remembered objective is averaged with it, each by its error. One that
    agrees with none stands as it was measured, and that is told: another objective, another camera
    setting, or red cells of an unusual size.
    """
    near = agreeing(known, reading)
    if near:
        return KnownScale(_mean(near[0], reading))
    if not known:
        return KnownScale(reading)
    before = ", ".join(f"{each.um_per_px:.3f}" for each in by_use(known))
    scale = f"{reading.um_per_px:.3f}"
    words = (
        f"The scale measured, {scale} um/px, is of no objective used here before ({before}): "
        "see that the right objective is in."
    )
    values = (("scale", scale), ("before", before.replace(", ", "; ")))
    return KnownScale(reading, ScaleNote(NoteKind.NEW_OBJECTIVE, words, values))


def stand_in(known: Sequence[Objective], reading: ScaleEstimate) -> KnownScale | None:
    """A remembered scale for a slide whose own is too uncertain; None where there is no proof.

    What was seen must fit one objective that is well known, and no other one: an uncertain scale
    that fits two, or none at all, proves nothing.
    """
    near = agreeing(known, reading)
    possible = [
        each
        for each in known
        if abs(log(each.um_per_px / reading.um_per_px))
        <= _SIGMAS * hypot(each.relative_error, reading.relative_error)
    ]
    if len(near) != 1 or len(possible) != 1 or near[0].examinations < _TRUSTED:
        return None
    scale, slides = f"{near[0].um_per_px:.3f}", str(near[0].examinations)
    words = (
        "The red cells of this slide give no certain scale; they fit the objective of "
        f"{scale} um/px ({slides} slides before), which is used."
    )
    values = (("scale", scale), ("n", slides))
    return KnownScale(_mean(near[0], reading), ScaleNote(NoteKind.STAND_IN, words, values))


def with_examination(
    known: Sequence[Objective], measured: ScaleEstimate, date: str
) -> tuple[Objective, ...]:
    """What is remembered after one more examination.

    Args:
        known: What was remembered.
        measured: The slide's own scale, not narrowed: what is remembered must not prove itself.
        date: Of the examination.
    """
    order = 1 + max((each.last_used for each in known), default=0)
    near = agreeing(known, measured)
    if near:
        old = near[0]
        weight = min(old.examinations, _MOST_WEIGHT)
        step = log(measured.um_per_px / old.um_per_px) / (weight + 1)
        new = Objective(old.um_per_px * exp(step), old.examinations + 1, date, order)
        return tuple(new if each is old else each for each in known)
    # The least used for longest makes room.
    kept = by_use(known)[: MOST_OBJECTIVES - 1]
    return (*kept, Objective(measured.um_per_px, 1, date, order))


def by_use(known: Sequence[Objective]) -> list[Objective]:
    """The one used last comes first."""
    return sorted(known, key=lambda each: -each.last_used)


def _mean(objective: Objective, reading: ScaleEstimate) -> ScaleEstimate:
    """Mean of two independent scales, each weighted by its own error."""
    ours, theirs = objective.relative_error**-2, reading.relative_error**-2
    step = log(objective.um_per_px / reading.um_per_px) * ours / (ours + theirs)
    return replace(
        reading,
        um_per_px=reading.um_per_px * exp(step),
        relative_error=1.0 / sqrt(ours + theirs),
    )
