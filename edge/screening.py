"""The loop: the way of one frame, in order. It owns the order of the steps and no algorithm."""

from __future__ import annotations

import contextlib
import itertools
import math
import time
from collections import Counter, deque
from collections.abc import Callable, Container, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edge.camera.frame import Camera, Frame
from edge.control_state import control_state
from edge.crops import crop_spec
from edge.errors import ColoursWrong, GoldenTestFailed, LeukoscopeError
from edge.hindrances import Hindrances
from edge.imaging.cell_blur import cell_blur_um
from edge.imaging.chart import Chart
from edge.imaging.coach import Advice, Coach, Sight
from edge.imaging.colour_watch import ColourFault, ColourWatch
from edge.imaging.crop import crop_cell
from edge.imaging.evenness import evenness_of
from edge.imaging.flicker import LampWatch, bands_of
from edge.imaging.known_ground import Ground
from edge.imaging.locate import Candidate, Search, nothing_new
from edge.imaging.looks import Looks
from edge.imaging.objective import ObjectiveWatch, is_of_another_scale
from edge.imaging.objectives import NoteKind, ScaleNote, known_scale
from edge.imaging.quality import LIGHT_TROUBLES, NO_ADVICE, Quality, Trouble, assess
from edge.imaging.red_cells import RedStain, red_stain
from edge.imaging.reduction import overview
from edge.imaging.repeats import Repeats
from edge.imaging.scale import ScaleEstimate, ScaleTracker
from edge.imaging.slide_watch import SlideWatch
from edge.imaging.stage import Place, Stage
from edge.imaging.steadiness import Steadiness
from edge.imaging.views import View, Views, cell_sharpness
from edge.inference.bundle import Bundle
from edge.inference.classifier import Call, Classifier
from edge.judgement.control import NOT_ASKED, ControlState, with_control
from edge.judgement.one_slide import of_one_slide
from edge.judgement.slide import Evidence, SlideRules, judge_slide
from edge.judgement.tally import Tally
from edge.judgement.verdict import Judgement, Verdict
from edge.records.crops import encode_crop
from edge.records.fields import FieldKeeper
from edge.records.rows import CellRecord, VerdictRecord
from edge.records.store import Store
from edge.reviewing import conditions_of
from edge.scale_memory import ScaleMemory, kind_of_picture
from edge.settings import Settings
from edge.signals.indicator import CompletedExamination, Signal, when_completed, while_examining
from edge.signals.panel import Lamps
from edge.stopwatch import NoWatch, Watch
from edge.verdict_tables import ready_tables

_ANY_UM_PER_PX: Final = 0.2
"""Scale by which the light is looked at while none is known: light hardly hangs on it."""

_TRUSTED_FRAMES = 6
"""Frames of a searched field at rest that are taken to be as good as the last one measured."""

_PUSHED_UM: Final = 5.0
"""A field that moved further since the last frame is pushed: tremor and creep stay below 1 um."""

_PASSED_BLURRED: Final = 3
"""Frames of a push in a row of which nothing is known but that they are blurred."""

_JUDGED_AT_ONCE: Final = 8
"""Cells judged after one frame: those of a crowded field are spread over the next ones, so that the
lamps answer in time."""

_JUDGED_BESIDE_SEARCH: Final = 2
"""The same after a frame in which a field was searched."""

_SEARCHED_AT_ONCE: Final = 60_000
"""Work of a search done after one frame (``edge.imaging.locate.Search``), about thirty times
Pillow's ``reduce(4)`` of a frame of 1920x1080: most fields are searched at once, a crowded one in
two frames. Half of it makes the slowest lamps quicker and the median frame dearer
(`bench/README.md`)."""

_FIELD_UM: Final = 60.0
"""A picture with a shorter side may show a single cell and hardly a red one."""

_SAME_FIELD_UM: Final = 15.0
"""Fields no further apart show nearly the same cells."""

_COLOURS_WRONG: Final = {
    ColourFault.GREY: "The pictures have no colour; a stain is judged by its colours.",
    ColourFault.EXCHANGED: "Red and blue seem to be exchanged: nuclei are redder than red cells.",
}

_EVENNESS_EVERY: Final = (15, 30)
"""Frames between two looks at the light and the stain, which change seldom: until the slide is
known by its stain, and from then on."""

_LAMP_LOOKS: Final = 11, (1, 4)
"""Of so many frames these, in which the lamp is looked at whatever they show: three and eight
frames apart, so that bands that come back every second, third or fourth frame differ."""

_SEARCHES_WAITING: Final = 2
"""Fields whose search may wait for that of another; each keeps its frame."""


@dataclass(frozen=True)
class CountedCell:
    """One white cell, counted once and recorded.

    Attributes:
        number: In the records, unique on this device.
        frame: Number of the frame it was cut from: its sharpest while the slide rested.
        place: Where that frame lay on the slide.
        candidate: Where it lay in that frame, pixels.
        call: The network's answer.
        crop: uint8, shape (size, size, 3), as the network saw it.
    """

    number: int
    frame: int
    place: Place
    candidate: Candidate
    call: Call
    crop: NDArray[np.uint8]


@dataclass(frozen=True)
class Step:
    """What one frame brought.

    Attributes:
        frame: The frame.
        um_per_px: Its scale.
        place: Where it lies on the slide; None where it was not looked for.
        trouble: Why it could not be used; None when it was.
        advised: What the person should do, by the frames so far; None when nothing is wrong.
        advice: The same as one sentence; the next field where nothing is wrong, and empty once
            there is a verdict.
        cells: White cells that were judged after it, each by its sharpest view.
        tally: The counts so far.
        judgement: The verdict so far.
        signal: What the lamps show.
    """

    frame: Frame
    um_per_px: float
    place: Place | None
    trouble: Trouble | None
    advised: Advice | None
    advice: str
    cells: tuple[CountedCell, ...]
    tally: Tally
    judgement: Judgement
    signal: Signal


@dataclass(frozen=True)
class _Searched:
    """A field that is being searched: it goes on while later frames are followed."""

    frame: Frame
    place: Place
    search: Search


@dataclass(frozen=True)
class Outcome:
    """An examination that has ended; what ``leukoscope screen --json`` prints.

    Attributes:
        slide: Identifier of the slide.
        verdict: REVIEW, NO_BLASTS_FOUND or CANNOT_JUDGE.
        reason: Why, in plain words.
        cells: Unique white cells counted, abstained ones among them.
        blasts: Those the network flagged.
        abstained: Those it would not judge.
        blast_share: Share of blasts corrected by the network's error rates, 0-1.
        interval: Interval of the share (95% unless set otherwise).
        cells_needed: Further cells to a verdict; 0 where there is one, None where no one can tell.
        frames: Frames looked at.
        usable_frames: Those that could be judged.
        blurred: Cells found of which no view was sharp enough to judge them; not among ``cells``.
        seconds: Time it took.
        um_per_px: Scale in use; None when it could not be measured.
        scale_note: What a person should know of the scale; empty where there is nothing to say.
        bundle: Name and version of the model.
        examination: Its number in the records.
    """

    slide: str
    verdict: str
    reason: str
    cells: int
    blasts: int
    abstained: int
    blast_share: float
    interval: tuple[float, float]
    cells_needed: int | None
    frames: int
    usable_frames: int
    blurred: int
    seconds: float
    um_per_px: float | None
    scale_note: str
    bundle: str
    examination: int

    def as_json(self) -> dict[str, Any]:
        """Plain values, ready for ``json.dumps``."""
        return asdict(self)


class Screening:
    """One examination, from its first frame to its verdict.

    Args:
        camera: Where frames come from.
        classifier: A verified bundle that passed its golden test.
        store: Where cells are recorded before they are counted.
        lamps: What the person sees.
        settings: All settings.
        slide: Identifier of the slide.
        source: What the camera was called, for the record.
        um_per_px: Scale of the frames; None to have it measured.
        clock: Seconds, monotonic.
        fields: Keeps pictures of the fields in which cells were counted; None keeps none.
        control: The slide is a control: a fixed number of cells is counted whatever they show,
            and the lamps tell of no verdict.
        watch: Hears when each step begins and ends.
        until_verdict: End at the verdict; False: go on to the last frame, to measure the loop.

    Attributes:
        evidence: What was counted so far.
        control_state: Whether the device was proven by its control slide when this began.
        scale_notes: What a person should know of the scale.
        light_trouble: Why no scale can be measured, where it is the light.

    Raises:
        GoldenTestFailed: The classifier was never proven on this device.
    """

    def __init__(
        self,
        camera: Camera,
        classifier: Classifier,
        store: Store,
        lamps: Lamps,
        settings: Settings,
        slide: str,
        source: str,
        um_per_px: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        fields: FieldKeeper | None = None,
        control: bool = False,
        watch: Watch | None = None,
        until_verdict: bool = True,
    ) -> None:
        if not classifier.proven:
            raise GoldenTestFailed("The model has not passed its golden test in this start.")
        self._camera = camera
        self._classifier = classifier
        self._store = store
        self._lamps = lamps
        self._settings = settings
        self._slide = slide
        self._source = source
        self._um_per_px = um_per_px
        self._clock = clock
        self._fields = fields
        self._watch = watch or NoWatch()
        self._until_verdict = until_verdict
        self._crop = crop_spec(classifier.bundle.input)
        self._is_control = control
        self.control_state: ControlState = NOT_ASKED
        self.evidence = Evidence()
        self._rules = slide_rules(classifier.bundle, settings)
        self._steadiness = Steadiness()
        self._judged: Judgement | None = None
        self._chart = Chart()
        self._looks = Looks()
        self._scaled_otherwise = False  # the newest picture of a folder
        self._other_scale_pictures = 0
        self._searched: deque[_Searched] = deque()
        self.scale_notes: tuple[ScaleNote, ...] = ()
        self._memory = ScaleMemory(store.path.parent)
        self.light_trouble: Trouble | None = None
        self._measured: tuple[str | None, ScaleEstimate] | None = None
        self._views = Views(settings.screening.views if camera.continuous else 1)
        self._coach = Coach(settings.coach)
        self._evenness = math.nan
        self._lamp = LampWatch()
        self._red_stain: RedStain | None = None
        self._stain_due = True
        self._colours = ColourWatch()
        self._slide_watch = SlideWatch()
        self._jumped = False  # to new ground, where the objective was not looked at yet
        self._resting_at: Place | None = None
        self._trusted: Quality | None = None  # of a field at rest, not measured in every frame
        self._trusted_frames = 0
        self._last: tuple[Place, Quality] | None = None  # of the frame before, where followed
        self._push_measured = False  # a frame of the push was measured
        self._passed = 0  # frames of it only followed since
        self._troubles: Counter[Trouble] = Counter()
        self._frames = 0
        self._usable_frames = 0
        self._unusable_in_a_row = 0
        self._signal = while_examining(Verdict.KEEP_COUNTING, troubled=False)
        self.examination: int | None = None  # its number in the records, once it has one
        self.outcome: Outcome | None = None

    def run(self) -> Outcome:
        """Go through all steps to the outcome."""
        for _ in self.steps():
            pass
        assert self.outcome is not None
        return self.outcome

    def steps(self) -> Iterator[Step]:
        """One step a frame, until a verdict is reached or frames end; then ``outcome`` is set.

        Raises:
            LeukoscopeError: What stopped it; the lamps show the fault, cells counted are kept.
        """
        started_s = self._clock()
        try:
            self._lamps.show(self._signal)
            self.control_state = control_state(
                self._store,
                self._settings.control,
                self._source,
                self._classifier.bundle.sha256,
            )
            with self._watch.step("tables"):
                ready_tables(self._store.path.parent, self._rules.point, self._rules.verdict)
            told = self._um_per_px is not None
            frames = self._measured_frames(self._watched(self._camera.frames()))
            self.examination = self._examination = self._store.begin_examination(
                slide=self._slide,
                bundle_name=self.bundle_name,
                bundle_sha256=self._classifier.bundle.sha256,
                source=self._source,
                um_per_px=self._um_per_px,
                conditions=conditions_of(self._classifier.bundle, self._settings),
            )
            if self._um_per_px is not None:
                stage = Stage(self._um_per_px)
                self._repeats = Repeats(self._um_per_px)
                self._objective = ObjectiveWatch(self._um_per_px, self._settings.objective)
                if told:
                    # Nobody has measured it on this slide: the scale may be another objective's.
                    self._objective.look_soon()
                step = None
                for frame in frames:
                    with self._watch.step("frame"):
                        step = self._step(frame, self._um_per_px, stage)
                    yield step
                    if self._enough and self._until_verdict:
                        break
                if step is not None and not (self._enough and self._until_verdict):
                    # Frames have ended while a field was searched and cells waited for a better
                    # view.
                    while self._search_on(self._um_per_px, step.place):
                        pass
                    last = self._judge_views(self._um_per_px, resting=False)
                    if last:
                        tally, judgement = self.evidence.tally, self._judgement
                        yield replace(step, cells=last, tally=tally, judgement=judgement)
            self.outcome = self._finish(started_s)
        except LeukoscopeError as fault:
            # Lamps that fail too must not hide what failed first; they go dark by themselves.
            with contextlib.suppress(LeukoscopeError):
                self._lamps.show(Signal.fault(fault))
            raise

    @property
    def bundle_name(self) -> str:
        """Name and version of the model in use."""
        return f"{self._classifier.bundle.name} {self._classifier.bundle.version}"

    def _judge(self, final: bool) -> Judgement:
        with self._watch.step("judge"):
            judgement = judge_slide(self.evidence, self._rules, final)
        if self._is_control:
            return judgement
        proven = with_control(judgement, self.control_state)
        return of_one_slide(proven, self._slide_watch.doubtful)

    @property
    def _judgement(self) -> Judgement:
        """The verdict so far; the same cells are not judged twice."""
        if self._judged is None:
            self._judged = self._judge(final=False)
        return self._judged

    @property
    def _enough(self) -> bool:
        """Whether no further cell is wanted."""
        if self._is_control:
            return self.evidence.tally.seen >= self._settings.control.cells
        return self._judgement.verdict is not Verdict.KEEP_COUNTING

    @property
    def _told(self) -> Verdict:
        """The verdict so far as the lamps tell it: of a control they tell none."""
        return Verdict.KEEP_COUNTING if self._is_control else self._judgement.verdict

    def _watched(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        """The camera's frames, the waiting for each put down to the camera."""
        while True:
            with self._watch.step("camera"):
                frame = next(frames, None)
            if frame is None:
                return
            yield frame

    def _measured_frames(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        """All frames, the scale being known from the first one given on.

        Where it is to be measured, frames are held back until it is certain enough, or until
        there are so many that the best estimate must do. Only while there is none at all are the
        oldest frames dropped: they could not have been judged.
        """
        if self._um_per_px is not None:
            return frames
        limits = self._settings.screening
        tracker = ScaleTracker()
        held: deque[Frame] = deque()
        estimate = None
        for frame in frames:
            self._lamps.keep_alive()
            held.append(frame)
            with self._watch.step("scale"):
                estimate = tracker.add(frame.rgb)
            usable = estimate is not None and estimate.relative_error <= limits.scale_error_max
            certain = estimate is not None and estimate.relative_error <= limits.scale_error
            full = sum(kept.rgb.nbytes for kept in held) > limits.held_bytes
            if certain or (usable and (full or len(held) >= limits.scale_frames)):
                break
            if full and len(held) > 1:
                held.popleft()
                self._frames += 1
            waiting = len(held) + self._frames >= limits.patience_frames
            if waiting:
                self.light_trouble = self._light_trouble(frame)
            flashes = Advice(self.light_trouble.value).flashes if self.light_trouble else 2
            self._show(while_examining(Verdict.KEEP_COUNTING, troubled=waiting, flashes=flashes))
        scale = self._known_scale(estimate, held[-1]) if held else None
        if scale is None:
            self._frames += len(held)
            return iter(())
        self._um_per_px = scale
        return itertools.chain(_emptying(held), frames)

    def _light_trouble(self, frame: Frame) -> Trouble | None:
        """What is wrong with the light, where the scale is not known: no red cell can be seen."""
        trouble = assess(frame.rgb, _ANY_UM_PER_PX, self._settings.quality).trouble
        if trouble in LIGHT_TROUBLES:
            return trouble
        return None if bands_of(frame.rgb) is None else Trouble.FLICKERING_LAMP

    def _known_scale(self, measured: ScaleEstimate | None, frame: Frame) -> float | None:
        """The scale to work with, um/px, by the slide's red cells and by earlier examinations."""
        height, width = frame.rgb.shape[:2]
        kind = kind_of_picture(self._source, width, height)
        error_max = self._settings.screening.scale_error_max
        found = known_scale(self._memory.known(kind), measured, error_max)
        if measured is not None and measured.relative_error <= error_max:
            self._measured = kind, measured
        self._say_of_memory()
        if found is not None and found.note is not None:
            self.scale_notes += (found.note,)
        return None if found is None else found.estimate.um_per_px

    def _remember_scale(self) -> None:
        """After an examination that saw its field in focus, by the slide's own red cells alone."""
        if self._measured is None or self._usable_frames == 0 or self._objective.other:
            return
        self._memory.add(*self._measured)
        self._say_of_memory()

    def _say_of_memory(self) -> None:
        trouble = self._memory.trouble
        if trouble and trouble not in self.scale_note:
            self.scale_notes += (ScaleNote(NoteKind.NOT_REMEMBERED, trouble),)

    @property
    def scale_note(self) -> str:
        """What a person should know of the scale; empty where there is nothing to say."""
        return " ".join(note.words for note in self.scale_notes)

    def _step(self, frame: Frame, um_per_px: float, stage: Stage) -> Step:
        self._frames += 1
        self._lamps.keep_alive()
        with self._watch.step("stage"):
            follow = self._camera.continuous
            place = (
                stage.locate_field(frame.rgb)
                if follow
                else self._repeats.place_of(frame.rgb, stage.new_place())
            )
        passing = follow and self._passes(place)
        searched = not passing and follow and place.countable and self._looks.enough(place)
        if passing and self._last is not None:
            quality = _in_push(self._last[1], place.blurred)
        else:
            quality = self._quality(frame, um_per_px, searched)
        quality = self._by_lamp(frame, um_per_px, quality, unseen=not (passing or searched))
        self._last = place, quality
        if not follow and quality.usable:
            self._scaled_otherwise = self._is_scaled_otherwise(frame, um_per_px)
            self._other_scale_pictures += self._scaled_otherwise
        with self._watch.step("advice"):
            sight = self._sight(frame, quality, place, stage, passing)
        worked = self._search_on(um_per_px, place, _SEARCHED_AT_ONCE)
        resting = False
        if quality.usable and not (self._objective.doubted or self._scaled_otherwise):
            self._usable_frames += 1
            resting = searched or (not passing and self._rests(quality))
            if searched and self._looks.enough(place, quality.sharpness):
                self._look_again(frame, um_per_px, place)
            elif resting:
                self._look(frame, um_per_px, place, quality)
                work = _SEARCHED_AT_ONCE if follow else None
                worked = worked or self._search_on(um_per_px, place, work)
        elif quality.trouble is not None:
            self._troubles[quality.trouble] += 1
        self._unusable_in_a_row = 0 if quality.usable else self._unusable_in_a_row + 1
        at_once = _JUDGED_BESIDE_SEARCH if worked else _JUDGED_AT_ONCE
        cells = self._judge_views(um_per_px, resting, at_once if follow else None)
        advised = self._coach.see(sight)
        # A push to the next field blurs a few frames: no reason to call the person.
        troubled = self._unusable_in_a_row >= self._settings.screening.patience_frames
        flashes = 2 if advised is None else advised.flashes
        self._show(while_examining(self._told, troubled or self._coach.lasting, flashes))
        words = NO_ADVICE if advised is None else advised.words
        return Step(
            frame=frame,
            um_per_px=um_per_px,
            place=place,
            trouble=quality.trouble,
            advised=advised,
            advice="" if self._enough else words,
            cells=cells,
            tally=self.evidence.tally,
            judgement=self._judgement,
            signal=self._signal,
        )

    def _passes(self, place: Place) -> bool:
        """Whether a frame is only followed: of a push from field to field.

        A slide in motion is judged nowhere. Most frames of a push are blurred, which is seen where
        they are followed, and of the others what spoils one spoils the next as well.
        """
        pushed = self._last is not None and _moved_um(self._last[0], place) > _PUSHED_UM
        if not pushed:
            self._passed, self._push_measured = 0, False
            return False
        most = _PASSED_BLURRED if place.blurred else int(self._push_measured)
        passing = self._passed < most
        self._passed = self._passed + 1 if passing else 0
        self._push_measured |= not passing
        return passing

    def _quality(self, frame: Frame, um_per_px: float, searched: bool) -> Quality:
        """Of the frame itself; of one shortly before where the hand rests on a searched field.

        There no cell will be judged, and a focus that is lost is told a few frames later.
        """
        if searched and self._trusted is not None and self._trusted_frames < _TRUSTED_FRAMES:
            self._trusted_frames += 1
            return self._trusted
        with self._watch.step("quality"):
            quality = assess(frame.rgb, um_per_px, self._settings.quality)
        self._trusted = quality if searched and quality.usable else None
        self._trusted_frames = 0
        return quality

    def _by_lamp(self, frame: Frame, um_per_px: float, quality: Quality, unseen: bool) -> Quality:
        """What is known of a frame, by the lamp as well: under one that flickers it is of no use.

        Args:
            frame: The frame.
            um_per_px: Its scale.
            quality: What was measured of it.
            unseen: It may show ground that is searched next: of such a frame the lamp is known.
        """
        with self._watch.step("light"):
            if not self._camera.continuous:
                wide = min(frame.rgb.shape[:2]) * um_per_px >= _FIELD_UM
                flickers = wide and bands_of(frame.rgb) is not None
            elif self._lamp.flickers or unseen or self._frames % _LAMP_LOOKS[0] in _LAMP_LOOKS[1]:
                flickers = self._lamp.see(frame.rgb)
            else:
                flickers = self._lamp.flickers
        if not flickers or quality.trouble in LIGHT_TROUBLES:
            return quality
        trouble = Trouble.FLICKERING_LAMP
        return replace(quality, usable=False, trouble=trouble, advice=trouble.advice, sharpness=0.0)

    def _rests(self, quality: Quality) -> bool:
        """A slide in motion is only followed: its cells are judged when it rests."""
        motion_um = quality.measures.motion_um if quality.measures else math.nan
        return not self._camera.continuous or self._steadiness.rests(motion_um)

    def _sight(
        self, frame: Frame, quality: Quality, place: Place, stage: Stage, passing: bool
    ) -> Sight:
        """What the coach is told of a frame."""
        seen_rgb = frame.rgb
        if self._frames % _EVENNESS_EVERY[self._slide_watch.knows] == 1:
            self._stain_due = True  # where this frame is one of a push, in the next that is none
            seen_rgb = overview(frame.rgb)
            if quality.trouble is not Trouble.FLICKERING_LAMP:
                self._evenness = evenness_of(seen_rgb)
        other = self._scaled_otherwise
        if self._camera.continuous:
            seen = quality.trouble not in (*LIGHT_TROUBLES, Trouble.MOVING)
            self._jumped |= place.new_place and self._frames > 1
            if self._jumped and quality.usable:
                self._objective.look_soon()
                self._jumped = False
            other = self._objective.see(frame.rgb) if seen else self._objective.other
        # Through another objective the same red cells may look otherwise.
        doubted = passing or self._objective.doubted
        stain = None if doubted else self._stain_of(seen_rgb, quality)
        other_slide = not doubted and self._sees_other_slide(quality, place, stain)
        return Sight(
            trouble=quality.trouble,
            measures=quality.measures,
            evenness=self._evenness,
            red_density=self._red_stain.density if self._red_stain else math.nan,
            dirt=stage.dirt_share,
            too_fast=place.confidence == 0.0 and quality.trouble in (None, Trouble.MOVING),
            other_objective=other,
            other_slide=other_slide,
            same_field=self._same_field(place),
        )

    def _stain_of(self, rgb: NDArray[np.uint8], quality: Quality) -> RedStain | None:
        """Of the red cells, where it is to be measured in this frame or its overview."""
        self._stain_due |= self._slide_watch.asks or self._colours.eager
        if not self._stain_due or quality.trouble not in (None, Trouble.TOO_EMPTY):
            return None
        self._red_stain, self._stain_due = red_stain(rgb), False
        fault = self._colours.see(self._red_stain)
        if fault is not None:
            raise ColoursWrong(_COLOURS_WRONG[fault])
        return self._red_stain

    def _sees_other_slide(self, quality: Quality, place: Place, stain: RedStain | None) -> bool:
        """Whether the slide seems to have been changed; then no green is given any more."""
        if not self._camera.continuous:
            return False
        doubtful = self._slide_watch.doubtful
        seen = self._slide_watch.see(quality.usable, place.place, stain)
        if self._slide_watch.doubtful != doubtful:
            self._judged = None
        return seen

    def _same_field(self, place: Place) -> bool:
        """Whether a field is about the one come to last; else it is that one from now on."""
        last = self._resting_at
        same = (
            last is not None
            and place.place == last.place
            and math.hypot(place.x_um - last.x_um, place.y_um - last.y_um) < _SAME_FIELD_UM
        )
        if not same:
            self._resting_at = place
        return same and self._camera.continuous

    def _look(self, frame: Frame, um_per_px: float, place: Place, quality: Quality) -> None:
        """Begin to search a field for cells, if it shows ground that was not searched before."""
        if place.countable:
            known = self._known_ground(frame, um_per_px, place, quality.sharpness)
            if nothing_new(frame.rgb, um_per_px, known):
                self._look_again(frame, um_per_px, place)
            else:
                search = Search(frame.rgb, um_per_px, known=known)
                self._searched.append(_Searched(frame, place, search))
            self._looks.note(place, quality.sharpness)
            self._trusted, self._trusted_frames = quality, 0

    def _is_scaled_otherwise(self, frame: Frame, um_per_px: float) -> bool:
        """Whether a picture of a folder was taken through another objective, or made smaller since.

        Nobody watched it being taken, so that each is looked at, but for those of single cells:
        around them there are too few red cells.
        """
        if min(frame.rgb.shape[:2]) * um_per_px < _FIELD_UM:
            return False
        with self._watch.step("scale"):
            factor = self._settings.objective.factor
            return is_of_another_scale(frame.rgb, um_per_px, factor) is True

    def _known_ground(
        self, frame: Frame, um_per_px: float, place: Place, sharpness: float
    ) -> list[Ground]:
        """What of a frame was searched in others, no less sharp."""
        height, width = frame.rgb.shape[:2]
        known = self._looks.known(place, sharpness, width * um_per_px, height * um_per_px)
        at_px = [(x_um / um_per_px, y_um / um_per_px) for x_um, y_um in known]
        return [Ground(x, y, x + width, y + height) for x, y in at_px]

    def _search_on(
        self, um_per_px: float, now: Place | None = None, work: int | None = None
    ) -> bool:
        """Search on in the oldest field begun, if there is one; whether there was.

        Args:
            um_per_px: Scale.
            now: Where the newest frame lies; None where there is none.
            work: So much of it, see ``Search.go_on``; None for all that is left.
        """
        if not self._searched:
            return False
        field = self._searched[0]
        # Fields that wait keep their frames: where the hand is too quick, more is done at once.
        if len(self._searched) > _SEARCHES_WAITING:
            work = None
        with self._watch.step("locate"):
            found = field.search.finish() if work is None else field.search.go_on(work)
        if found is not None:
            self._searched.popleft()
            place = field.place if now is None else field.place.joined(now.joins)
            self._chart_cells(field.frame, um_per_px, place, found)
        return True

    def _chart_cells(
        self, frame: Frame, um_per_px: float, place: Place, found: list[Candidate]
    ) -> None:
        """Chart the cells found in a field; new ones, and all that wait, are offered this view."""
        height, width = frame.rgb.shape[:2]
        # A cell whose box meets the border is left for the next field, never counted half.
        found = [c for c in found if _inside(c, width, height)]
        on_slide = [_on_slide_um(place, c, um_per_px) for c in found]
        with self._watch.step("chart"):
            new = set(self._chart.new_cells(place, on_slide))
            numbers = self._chart.numbers(place, on_slide)
        offered = set()
        for i, number in enumerate(numbers):
            if number is not None and (i in new or number in self._views):
                self._offer(number, frame, um_per_px, place, found[i])
                offered.add(number)
        self._look_again(frame, um_per_px, place, offered)

    def _look_again(
        self, frame: Frame, um_per_px: float, place: Place, offered: Container[int] = ()
    ) -> None:
        """In ground that was searched cells that wait are where they were, moved with the field."""
        height, width = frame.rgb.shape[:2]
        for view in self._views.waiting:
            if view.cell in offered:
                continue
            moved = view.moved_to(place, um_per_px)
            if moved is not None and _inside(moved, width, height):
                self._offer(view.cell, frame, um_per_px, place, moved)

    def _offer(
        self, cell: int, frame: Frame, um_per_px: float, place: Place, found: Candidate
    ) -> None:
        with self._watch.step("view"):
            sharpness = cell_sharpness(frame.rgb, found, um_per_px)
        self._views.offer(View(cell, frame.number, frame.rgb, place, found, sharpness))

    def _judge_views(
        self, um_per_px: float, resting: bool, at_once: int | None = None
    ) -> tuple[CountedCell, ...]:
        """Cells that wait for no better view: judged, recorded durably, and only then counted."""
        views = self._sharp(self._views.due(resting, at_once), um_per_px)
        if not views:
            return ()
        with self._watch.step("crop"):
            crops = np.stack(
                [crop_cell(v.rgb, v.candidate.centre_px, um_per_px, self._crop) for v in views]
            )
        with self._watch.step("classify"):
            calls = self._classifier.classify(crops)
        judged = list(zip(views, crops, calls, strict=True))
        white = [(view, crop, call) for view, crop, call in judged if call.white_cell]
        with self._watch.step("records"):
            records = [_record(view, um_per_px, call, crop) for view, crop, call in white]
            numbers = self._store.add_cells(self._examination, records)
        if self._fields is not None:
            for frame, rgb in {view.frame: view.rgb for view, _, _ in white}.items():
                self._fields.offer(self._examination, frame, rgb)
        for _, _, call in white:
            certain = self._rules.is_certain(call.p_blast)
            self.evidence = self.evidence.add(call.blast, call.label, call.p_blast, certain)
        if white:
            self._judged = None
        return tuple(
            CountedCell(number, view.frame, view.place, view.candidate, call, crop)
            for number, (view, crop, call) in zip(numbers, white, strict=True)
        )

    def _sharp(self, views: list[View], um_per_px: float) -> list[View]:
        """The views sharp enough to judge by; cells of the others wait until they are seen again.

        Whether a cell is judged hangs on its edges alone, never on what it would be called.
        """
        sharp = []
        for view in views:
            with self._watch.step("view"):
                blur_um = cell_blur_um(view.rgb, view.candidate, um_per_px)
            if blur_um > self._settings.quality.max_cell_blur_um:
                self._views.put_back(view)
            else:
                sharp.append(view)
        return sharp

    def _show(self, signal: Signal) -> None:
        # Lamps may have gone over to a fault by themselves while the camera was lost.
        if signal != self._signal or signal != self._lamps.signal:
            self._signal = signal
            with self._watch.step("lamps"):
                self._lamps.show(signal)

    def _finish(self, started_s: float) -> Outcome:
        self._judged = judgement = self._judge(final=True)
        self._remember_scale()
        reason = self._reason(judgement)
        outcome = Outcome(
            slide=self._slide,
            verdict=judgement.verdict.value,
            reason=reason,
            cells=self.evidence.tally.seen,
            blasts=self.evidence.tally.blasts,
            abstained=self.evidence.tally.abstained,
            blast_share=round(judgement.blast_share, 4),
            interval=(round(judgement.interval[0], 4), round(judgement.interval[1], 4)),
            cells_needed=judgement.cells_needed,
            frames=self._frames,
            usable_frames=self._usable_frames,
            blurred=self._views.blurred,
            seconds=round(self._clock() - started_s, 3),
            um_per_px=None if self._um_per_px is None else round(self._um_per_px, 5),
            scale_note=self.scale_note,
            bundle=self.bundle_name,
            examination=self._examination,
        )
        self._store.finish(
            self._examination,
            VerdictRecord(
                verdict=outcome.verdict,
                reason=reason,
                cells=outcome.cells,
                blasts=outcome.blasts,
                abstained=outcome.abstained,
                blast_share=outcome.blast_share,
                interval=outcome.interval,
                frames=outcome.frames,
                cells_needed=outcome.cells_needed,
                seconds=outcome.seconds,
                um_per_px=outcome.um_per_px,
            ),
        )
        # Recorded first: a lamp must not say what the record does not.
        if not self._is_control:
            self._show(when_completed(judgement.verdict, self._proof(judgement)))
        return outcome

    def _reason(self, judgement: Judgement) -> str:
        """The judgement's reason, or what kept the device from seeing enough."""
        measured = self._um_per_px is not None
        hindrances = Hindrances(
            frames=self._frames,
            um_per_px=self._um_per_px,
            light_trouble=self.light_trouble,
            other_objective=measured and self._objective.other,
            other_scale_pictures=self._other_scale_pictures,
            repeated_pictures=self._repeats.count if measured else 0,
            troubles=self._troubles,
        )
        return hindrances.reason(judgement, self._settings.screening.trouble_share_max)

    def _proof(self, judgement: Judgement) -> CompletedExamination | None:
        if judgement.verdict is not Verdict.NO_BLASTS_FOUND:
            return None
        return CompletedExamination(
            slide=self._slide,
            verdict=judgement.verdict.value,
            golden_test_passed=self._classifier.proven,
            in_focus=self._usable_frames > 0,
            cells=self.evidence.tally.cells,
            cells_required=self._settings.verdict.least_cells_green,
            control_holds=self.control_state.allows_green,
        )


def slide_rules(bundle: Bundle, settings: Settings) -> SlideRules:
    """What slides are judged by with a bundle and settings."""
    return SlideRules(
        bundle.operating_point,
        settings.verdict,
        settings.differential,
        settings.domain,
        bundle.score_reference,
        bundle.certain_threshold,
    )


def _moved_um(one: Place, other: Place) -> float:
    """How far one field lies from the other; 0 where nobody knows."""
    if one.place != other.place:
        return 0.0
    return math.hypot(other.x_um - one.x_um, other.y_um - one.y_um)


def _in_push(last: Quality, blurred: bool) -> Quality:
    """What is known of a frame that is only followed, by the one before.

    How long its smear is nobody measured, and on bare glass no motion can be told.
    """
    if not (blurred and last.usable):
        return last
    trouble = Trouble.MOVING
    measures = None if last.measures is None else replace(last.measures, motion_um=math.inf)
    return Quality(False, trouble, trouble.advice, 0.0, measures)


def _inside(candidate: Candidate, width_px: int, height_px: int) -> bool:
    """Whether a candidate's box lies within the frame, a pixel clear of its border."""
    right = candidate.left_px + candidate.width_px
    bottom = candidate.top_px + candidate.height_px
    clear = candidate.left_px >= 1 and candidate.top_px >= 1
    return clear and right <= width_px - 1 and bottom <= height_px - 1


def _emptying(held: deque[Frame]) -> Iterator[Frame]:
    """Frames held back, each let go of as it is given out."""
    while held:
        yield held.popleft()


def _on_slide_um(place: Place, candidate: Candidate, um_per_px: float) -> tuple[float, float]:
    x_px, y_px = candidate.anchor_px
    return place.x_um + x_px * um_per_px, place.y_um + y_px * um_per_px


def _record(view: View, um_per_px: float, call: Call, crop: NDArray[np.uint8]) -> CellRecord:
    found = view.candidate
    x_um, y_um = _on_slide_um(view.place, found, um_per_px)
    return CellRecord(
        frame=view.frame,
        place=view.place.place,
        x_um=x_um,
        y_um=y_um,
        box=(found.left_px, found.top_px, found.width_px, found.height_px),
        label=call.label,
        blast=call.blast,
        p_blast=call.p_blast,
        abstained=call.abstained,
        reason=call.reason,
        crop_webp=encode_crop(crop),
    )
