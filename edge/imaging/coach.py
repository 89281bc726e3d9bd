"""What the person at the eyepiece should do: one thing at a time, and not another with each frame.

Each frame gives evidence for some advice and against all other. A piece of advice is given once its
evidence lasted a few frames, and kept until the evidence is gone: a push to the next field blurs a
frame or two, and a hand cannot follow words that change ten times a second. Of several, the one
that hinders most comes first: without light nothing else can be told.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from math import inf, isfinite, isinf
from typing import Final

from edge.imaging.quality import LIGHT_TROUBLES, Measures, Trouble


class Advice(StrEnum):
    """What to do; in the order in which one is given before another."""

    TOO_DARK = "too_dark"
    SATURATED = "saturated"
    FLICKERING_LAMP = "flickering_lamp"
    UNEVEN_LIGHT = "uneven_light"
    WRONG_OBJECTIVE = "wrong_objective"
    OTHER_SLIDE = "other_slide"
    TOO_EMPTY = "too_empty"
    SLOWER = "slower"
    MOVING = "moving"
    FOCUS_BACK = "focus_back"
    OUT_OF_FOCUS = "out_of_focus"
    TOO_CROWDED = "too_crowded"
    TOO_THIN = "too_thin"
    PALE_STAIN = "pale_stain"
    DIRT = "dirt"

    @property
    def words(self) -> str:
        """One plain sentence."""
        return _WORDS[self]

    @property
    def flashes(self) -> int:
        """Quick flashes of the amber lamp: 2 focus, 3 light, 4 place, 5 hand, 6 slide or optics."""
        return _FLASHES[self]


_WORDS: Final = {
    **{Advice(trouble.value): trouble.advice for trouble in Trouble},
    Advice.WRONG_OBJECTIVE: "Turn the objective back to the one this slide was begun with.",
    Advice.OTHER_SLIDE: "If this is another slide, end this examination and start a new one.",
    Advice.SLOWER: "Move the slide more slowly.",
    Advice.FOCUS_BACK: "Turn the fine focus back a little: it was sharper a moment ago.",
    Advice.TOO_THIN: "Move towards the thick end of the smear: cells are few here.",
    Advice.PALE_STAIN: "The stain is too pale: stain the slide again or take another.",
    Advice.UNEVEN_LIGHT: "Centre the lamp and the condenser: one side is darker than the other.",
    Advice.DIRT: "Clean the eyepiece and the camera: some dirt does not move with the slide.",
}

_FLASHES: Final = {
    Advice.OUT_OF_FOCUS: 2,
    Advice.FOCUS_BACK: 2,
    Advice.TOO_DARK: 3,
    Advice.SATURATED: 3,
    Advice.FLICKERING_LAMP: 3,
    Advice.UNEVEN_LIGHT: 3,
    Advice.TOO_EMPTY: 4,
    Advice.TOO_CROWDED: 4,
    Advice.TOO_THIN: 4,
    Advice.MOVING: 5,
    Advice.SLOWER: 5,
    Advice.PALE_STAIN: 6,
    Advice.DIRT: 6,
    Advice.WRONG_OBJECTIVE: 6,
    Advice.OTHER_SLIDE: 6,
}


WHITE_CELL_UM2: Final = 200.0
"""Area of a large white cell, 16 um across."""


@dataclass(frozen=True)
class CoachSettings:
    """When advice is given and taken back.

    Attributes:
        raise_frames: Frames of evidence until advice is given.
        lasting_frames: Until the lamps give it too; as many without it take it back.
        passed: Focus: now this many times as blurred as at its best means the best was passed.
        softened: The same within one field that can still be used: it is told before the field is
            lost. Fields of one slide differ by as much, so only one and the same field counts.
        focus_frames: How many frames the best is remembered.
        min_evenness: Darkest part of the glass over the brightest.
        max_dirt: Share of the field under dirt that does not move.
        thin_glass: Share of the picture without cells from which it is thin; fields of four
            laboratories have 0.15 to 0.86.
        crowded_glass: The same below which it is thick, a white cell's area not counted; the same
            fields have 0.32 and more.
        clipped_glass: Share of the glass that the light drowns.
        pale_red: Density of red cells below which the stain is too pale; fields of four
            laboratories have 0.15 (thalassemia) to 0.75.
    """

    raise_frames: int = 3
    lasting_frames: int = 10
    passed: float = 1.3
    softened: float = 1.5
    focus_frames: int = 40
    min_evenness: float = 0.62
    max_dirt: float = 0.01
    thin_glass: float = 0.88
    crowded_glass: float = 0.31
    clipped_glass: float = 0.25
    pale_red: float = 0.14

    def __post_init__(self) -> None:
        if not 1 <= self.raise_frames <= self.lasting_frames or self.focus_frames < 3:
            raise ValueError("raise_frames must be 1 to lasting_frames, focus_frames at least 3")
        if min(self.passed, self.softened) <= 1:
            raise ValueError("passed and softened must be above 1")
        shares = ("min_evenness", "max_dirt", "thin_glass", "crowded_glass", "clipped_glass")
        for name in shares:
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be a share between 0 and 1")
        if not 0 <= self.pale_red < 3:
            raise ValueError("pale_red must be a density, 0 to 3")


@dataclass(frozen=True)
class Sight:
    """What is known of one frame.

    Attributes:
        trouble: Why it cannot be used, or None.
        measures: What that rests on, or None.
        evenness: Darkest part of the glass over the brightest; nan where not measured.
        red_density: Green density of the red cells; nan where not measured.
        dirt: Share of the field under dirt that does not move.
        too_fast: The slide moved further since the last frame than can be followed well.
        other_objective: Its scale is not the one the examination began with.
        other_slide: It seems to be of another slide than those before.
        same_field: It shows what the frame before showed: what changed is not the slide.
    """

    trouble: Trouble | None = None
    measures: Measures | None = None
    evenness: float = float("nan")
    red_density: float = float("nan")
    dirt: float = 0.0
    too_fast: bool = False
    other_objective: bool = False
    other_slide: bool = False
    same_field: bool = False


class Coach:
    """Turns what frames show into one piece of advice; one coach for one examination."""

    def __init__(self, settings: CoachSettings | None = None) -> None:
        self._settings = settings or CoachSettings()
        self._evidence = dict.fromkeys(Advice, 0)
        self._focus = _Focus(self._settings)
        self._fresh = True
        self.advice: Advice | None = None

    @property
    def lasting(self) -> bool:
        """Whether the advice has been due for so long that the lamps should give it."""
        return self.advice is not None and (
            self._evidence[self.advice] >= self._settings.lasting_frames
        )

    def see(self, sight: Sight) -> Advice | None:
        """Take in one frame; the advice now, or None where there is nothing to say."""
        due = self._due(sight)
        most = self._settings.lasting_frames
        for advice in Advice:
            if advice in due:
                # Nothing was said before the first frame: what it shows is said at once.
                gained = self._settings.raise_frames if self._fresh else 1
                self._evidence[advice] = min(most, self._evidence[advice] + gained)
            else:
                # Forgotten twice as quickly as learnt: praise for a mended fault comes soon.
                self._evidence[advice] = max(0, self._evidence[advice] - 2)
        self._fresh = False
        if self.advice is not None and self._evidence[self.advice] == 0:
            self.advice = None
        ready = [advice for advice in Advice if self._evidence[advice] >= self._needed(advice)]
        if ready and (self.advice is None or _before(ready[0], self.advice)):
            self.advice = ready[0]
        return self.advice

    def _needed(self, advice: Advice) -> int:
        """Frames of evidence; a push to the next field is no reason to ask for a steady hand."""
        limits = self._settings
        return limits.lasting_frames if advice is Advice.MOVING else limits.raise_frames

    def _due(self, sight: Sight) -> set[Advice]:
        """All advice that this one frame calls for."""
        limits, measures = self._settings, sight.measures
        due = set()
        passed = self._focus.passed(sight)
        if sight.trouble is Trouble.OUT_OF_FOCUS:
            due.add(Advice.FOCUS_BACK if passed else Advice.OUT_OF_FOCUS)
        elif sight.trouble is None and self._focus.softened:
            due.add(Advice.FOCUS_BACK)
        elif sight.trouble is not None and not (self._is_bare(sight) or self._is_pale(sight)):
            due.add(Advice(sight.trouble.value))
        if sight.too_fast:
            due.add(Advice.SLOWER)
        if sight.other_objective:
            due.add(Advice.WRONG_OBJECTIVE)
        if sight.other_slide:
            due.add(Advice.OTHER_SLIDE)
        if sight.evenness < limits.min_evenness:
            due.add(Advice.UNEVEN_LIGHT)
        if sight.dirt > limits.max_dirt:
            due.add(Advice.DIRT)
        if self._is_pale(sight):
            due.add(Advice.PALE_STAIN)
        elif self._is_bare(sight):
            due.add(Advice.TOO_THIN)
        if sight.trouble is None and measures is not None:
            due |= self._of_the_place(measures)
        return due

    def _is_pale(self, sight: Sight) -> bool:
        """Cells so pale that they may pass for glass."""
        pale = sight.red_density < self._settings.pale_red
        return pale and sight.trouble in (None, Trouble.TOO_EMPTY)

    def _is_bare(self, sight: Sight) -> bool:
        """Few cells: too few edges, it may be, to tell whether they move."""
        measures = sight.measures
        if measures is None or measures.glass <= self._settings.thin_glass:
            return False
        unclear = sight.trouble is Trouble.MOVING and isinf(measures.motion_um)
        return sight.trouble is None or unclear

    def _of_the_place(self, measures: Measures) -> set[Advice]:
        """What light and cells of a field say that can be used."""
        limits = self._settings
        if measures.clipped > limits.clipped_glass * measures.glass:
            return {Advice.SATURATED}
        # A field may be chosen for its white cell: it takes no glass from the red ones.
        room = WHITE_CELL_UM2 / measures.field_um2 if measures.field_um2 > 0 else 0.0
        return {Advice.TOO_CROWDED} if measures.glass + room < limits.crowded_glass else set()


def _before(one: Advice, other: Advice) -> bool:
    order = list(Advice)
    return order.index(one) < order.index(other)


class _Focus:
    """Whether the hand that turns the focus has passed its best."""

    def __init__(self, settings: CoachSettings) -> None:
        self._settings = settings
        self._blurs: deque[float] = deque(maxlen=settings.focus_frames)
        self._best_here = inf  # of the field that is in view, um
        self.softened = False
        """Whether the field in view was clearly sharper before."""

    def passed(self, sight: Sight) -> bool:
        """Take in one frame; True when it was clearly sharper before and does not get sharper."""
        blur = sight.measures.sharpest_um if sight.measures is not None else float("nan")
        unfit = (Trouble.MOVING, Trouble.TOO_EMPTY, *LIGHT_TROUBLES)
        if not sight.same_field:
            self._best_here = inf
        if not isfinite(blur) or sight.trouble in unfit:
            self.softened = False
            return False
        self.softened = blur > self._settings.softened * self._best_here
        # The first frame of a field may still be told by what was measured before the push.
        if sight.same_field:
            self._best_here = min(self._best_here, blur)
        before = list(self._blurs)
        self._blurs.append(blur)
        if len(before) < 3:
            return False
        best, lately = min(before), min(before[-3:])
        return blur > self._settings.passed * best and blur > 0.95 * lately
