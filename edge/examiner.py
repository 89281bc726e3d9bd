"""Runs one examination after the other in a thread of its own, at the word of page or button.

The thread owns the loop: nothing in it waits for a viewer. What it has to tell is left on the
boards of a `LiveView`, by reference.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from edge.camera.apart import ApartCamera
from edge.camera.frame import Camera, Frame
from edge.closing import Closing
from edge.controlling import ControlSlide, conclude_control
from edge.errors import AlreadyExamining, ControlNotPassed, ExaminationBroke, LeukoscopeError
from edge.field_marks import FieldMarks
from edge.heartbeats import DISK, FRAME, INFERENCE
from edge.imaging.quality import Trouble
from edge.inference.classifier import Classifier
from edge.inference.golden import replay_golden
from edge.records.audit import EventKind, record_event
from edge.records.fields import FieldKeeper
from edge.records.slide import checked_slide
from edge.records.store import Store
from edge.screening import Screening, Step
from edge.settings import Settings
from edge.signals.indicator import Indicator, Signal
from edge.signals.panel import Lamps
from edge.web.control import FieldPicture, Phase, Progress, Remark
from edge.web.live import LiveView

_IDLE_S = 0.2
"""Between two signs of life while there is nothing to do; well within the shortest lease."""
_CLOSING_S = 10.0
_RECALL_S = 3.0
"""Between two golden crops while no examination asks the network anything."""

Beat = Callable[[str], None]
"""Called with the name of a part that has just shown that it works; see heartbeats.py."""

_log = logging.getLogger("leukoscope.examiner")


class WatchedCamera(Closing):
    """A camera that lets somebody see each frame, and ends when it is asked to.

    Args:
        camera: The camera behind it.
        end: When set, no further frame is given: the loop ends with what it has.
        seen: Called with each frame before the loop gets it.
        interval_s: Least time from one frame to the next, seconds; asked at each frame. What a live
            camera sees meanwhile is dropped.
    """

    def __init__(
        self,
        camera: Camera,
        end: threading.Event,
        seen: Callable[[Frame], None],
        interval_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._camera = camera
        self._end = end
        self._seen = seen
        self._interval_s = interval_s
        self.continuous = camera.continuous

    def frames(self) -> Iterator[Frame]:
        """The camera's frames, until it has no more or is asked to end."""
        for frame in self._camera.frames():
            if self._end.is_set():
                return
            self._seen(frame)
            given_s = time.monotonic()
            yield frame
            rest_s = self._interval_s() - (time.monotonic() - given_s)
            if rest_s > 0:
                self._end.wait(rest_s)

    def close(self) -> None:
        """Release the camera."""
        self._camera.close()


@dataclass(frozen=True)
class Equipment:
    """What examinations are made with.

    Attributes:
        open_camera: Opens the camera anew for each examination.
        source: What the camera is called, for the record.
        classifier: A bundle that passed its golden test in this start.
        home: The data folder.
        settings: All settings.
        lamps: What shows the state.
        um_per_px: Scale; None to have it measured.
    """

    open_camera: Callable[[], Camera]
    source: str
    classifier: Classifier
    home: Path
    settings: Settings
    lamps: Lamps
    um_per_px: float | None = None


@dataclass(frozen=True)
class _Wanted:
    """What was asked for: a slide, which may be the control slide."""

    slide: str
    control: ControlSlide | None = None


class Examiner(Closing):
    """The loop's thread; obeys `edge.web.control.Control`.

    Args:
        equipment: What examinations are made with.
        live: Where pictures and states are left.
        beat: Hears the signs of life.
        interval_s: Least time from one frame to the next, seconds: above 0 while the device is to
            cool down.
    """

    def __init__(
        self,
        equipment: Equipment,
        live: LiveView,
        beat: Beat = lambda part: None,
        interval_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._interval_s = interval_s
        self._equipment = equipment
        self._live = live
        self._beat = beat
        self._wake = threading.Condition()
        self._wanted: _Wanted | None = None
        self._busy = False
        self._closing = False
        self._end = threading.Event()
        self._verdict_until_s = 0.0
        self._trouble: LeukoscopeError | None = None
        self._troubled = False
        self._recalled = 0
        self._recall_at_s = 0.0
        self._thread = threading.Thread(target=self._run, name="examiner", daemon=True)
        self._thread.start()

    @property
    def progress(self) -> Progress:
        """How it stands now."""
        return self._live.states.newest.value

    def start(self, slide: str) -> None:
        """Ask for an examination to begin.

        Raises:
            AlreadyExamining: One is going on.
            UsageFault: The slide's identifier cannot be one.
        """
        self._want(_Wanted(checked_slide(slide)))

    def start_control(self, slide: ControlSlide | None = None) -> None:
        """Ask for the daily control to begin; a long press of the button does.

        Args:
            slide: The control slide; None for that of the settings.

        Raises:
            AlreadyExamining: Something is going on.
            UsageFault: The slide's name cannot be one.
        """
        control = slide or ControlSlide.of_settings(self._equipment.settings)
        self._want(_Wanted(control.on_record, control))

    def _want(self, wanted: _Wanted) -> None:
        with self._wake:
            if self._busy:
                raise AlreadyExamining(f"Slide {self.progress.slide} is being examined.")
            self._busy = True
            self._end.clear()
            self._wanted = wanted
            self._put(Progress(Phase.STARTING, slide=wanted.slide))
            self._wake.notify()

    def end(self) -> None:
        """Ask the one that is going on to end with the verdict that its cells allow."""
        self._end.set()

    def tell_trouble(self, fault: LeukoscopeError | None) -> None:
        """Something outside the loop is wrong, or right again (None): shown between examinations.

        While one goes on it is left alone: what it cannot do it says by itself.
        """
        self._trouble = fault

    def close(self) -> None:
        """Stop the thread; an examination that is going on stays unfinished in the records."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join(_CLOSING_S)

    def _run(self) -> None:
        self._show(Signal.plain(Indicator.READY))
        while True:
            with self._wake:
                if self._wanted is None and not self._closing:
                    self._wake.wait(_IDLE_S)
                if self._closing:
                    return
                wanted, self._wanted = self._wanted, None
            if wanted is None:
                self._idle()
                continue
            try:
                self._examine(wanted)
            except LeukoscopeError as fault:
                self._report(fault, wanted.slide)
            except Exception as error:
                # The page must live to tell it, and the lamps must not go on as if nothing was.
                _log.exception("the examination of a slide broke")
                self._report(ExaminationBroke(f"{type(error).__name__} in the loop."), wanted.slide)
            finally:
                with self._wake:
                    self._busy = False

    def _idle(self) -> None:
        self._beat(FRAME)  # none is wanted, and this thread would take one
        try:
            self._recall()
            self._equipment.lamps.keep_alive()
        except LeukoscopeError as fault:
            self._report_once(fault)
        self._show_trouble()
        if self.progress.is_slow != self._is_slow:
            self._put(self.progress)
        if self.progress.phase is Phase.ENDED and time.monotonic() > self._verdict_until_s:
            self._make_ready()

    def _recall(self) -> None:
        """One golden crop now and then: the network is known to work before it is asked."""
        if time.monotonic() < self._recall_at_s:
            return
        classifier = self._equipment.classifier
        try:
            replay_golden(classifier.bundle, classifier.interpreter, only=self._recalled)
        except LeukoscopeError:
            classifier.proven = False  # no examination may begin with it any more
            raise
        finally:
            self._recall_at_s = time.monotonic() + _RECALL_S
            self._recalled += 1
            self._beat(INFERENCE)

    def _show_trouble(self) -> None:
        """The fault of something outside the loop; ready again when it is over."""
        fault = self._trouble
        if fault is not None:
            self._troubled = True
            self._report_once(fault)
        elif fault is None and self._troubled:
            self._troubled = False
            if self.progress.phase is Phase.FAULT:
                self._make_ready()

    def _make_ready(self) -> None:
        self._show(Signal.plain(Indicator.READY))
        self._put(Progress(Phase.READY, indicator="READY", lamp_words=self._words()))

    def _camera_told(self, fault: LeukoscopeError | None) -> None:
        """The camera is lost and being started anew, or back: its minder works, and says so."""
        self._beat(FRAME)
        self._beat(INFERENCE)  # the loop waits for a frame; nothing is asked of the network
        if fault is None:
            _log.warning("the camera is back")
            self._put(replace(self.progress, fault=None))
            return
        _log.error("%s", fault)
        signal = Signal.fault(fault)
        self._show(signal)
        self._put(
            replace(
                self.progress,
                advice="",
                indicator=signal.indicator.value,
                lamp_words=signal.words,
                fault=(fault.number, fault.cause, fault.action),
            )
        )

    def _open_camera(self) -> Camera:
        camera = self._equipment.open_camera()
        if isinstance(camera, ApartCamera):
            camera.on_trouble = self._camera_told
        return camera

    def _examine(self, wanted: _Wanted) -> None:
        slide = wanted.slide
        tools = self._equipment
        self._troubled = False
        self._beat(FRAME)
        self._beat(INFERENCE)
        marks = FieldMarks()
        measuring = True

        def seen(frame: Frame) -> None:
            self._beat(FRAME)
            if measuring:
                self._beat(INFERENCE)  # no cell is looked for yet
                self._live.pictures.put(FieldPicture(frame.rgb))
                self._tell_lamps(loop.light_trouble)

        with (
            WatchedCamera(self._open_camera(), self._end, seen, self._interval_s) as camera,
            Store.open(tools.home) as store,
            FieldKeeper(tools.home) as fields,
        ):
            loop = Screening(
                camera,
                tools.classifier,
                store,
                tools.lamps,
                tools.settings,
                slide,
                tools.source,
                tools.um_per_px,
                fields=fields,
                control=wanted.control is not None,
            )
            self._put(Progress(Phase.COUNTING, slide=slide, indicator="KEEP_COUNTING"))
            for step in loop.steps():
                measuring = False
                self._beat(INFERENCE)
                if step.cells:
                    self._beat(DISK)
                self._tell(step, marks, slide, loop)
                if self._closing:
                    return
            outcome = loop.outcome
            assert outcome is not None
            if outcome.scale_note:
                _log.warning("slide %s: %s", slide, outcome.scale_note)
            if wanted.control is not None:
                self._conclude(loop, wanted.control, store)
                return
        self._verdict_until_s = time.monotonic() + tools.settings.page.verdict_s
        self._put(
            replace(
                self.progress,
                phase=Phase.ENDED,
                examination=outcome.examination,
                verdict=outcome.verdict,
                reason=outcome.reason,
                cells=outcome.cells,
                blasts=outcome.blasts,
                abstained=outcome.abstained,
                blast_share=outcome.blast_share,
                interval=outcome.interval,
                cells_needed=outcome.cells_needed,
                trouble="",
                advice="",
                remarks=_remarks(loop),
                indicator=tools.lamps.signal.indicator.value,
                lamp_words=self._words(),
            )
        )

    def _conclude(self, loop: Screening, slide: ControlSlide, store: Store) -> None:
        """Record what a control slide proved, and tell it; one not passed is a fault."""
        tools = self._equipment
        stored = conclude_control(
            loop, slide, tools.classifier, store, tools.lamps, tools.settings, tools.source
        )
        if not stored.run.passed:
            raise ControlNotPassed(stored.run.reason)
        self._verdict_until_s = time.monotonic() + tools.settings.page.verdict_s
        told = " ".join((stored.run.reason, *stored.run.warnings))
        self._put(
            replace(
                self.progress,
                phase=Phase.ENDED,
                examination=stored.examination,
                control="PASSED",
                control_words=told,
                cells_needed=0,
                trouble="",
                advice="",
                indicator=tools.lamps.signal.indicator.value,
                lamp_words=self._words(),
            )
        )

    def _tell(self, step: Step, marks: FieldMarks, slide: str, loop: Screening) -> None:
        """Leave a step's picture and figures where the page finds them."""
        boxed = marks.marks(step)
        self._live.pictures.put(FieldPicture(step.frame.rgb, boxed, step.um_per_px))
        judgement = step.judgement
        self._put(
            Progress(
                Phase.COUNTING,
                slide=slide,
                examination=loop.examination,
                cells=step.tally.seen,
                blasts=step.tally.blasts,
                abstained=step.tally.abstained,
                blast_share=judgement.blast_share,
                interval=judgement.interval,
                ruled_out=judgement.share_ruled_out,
                cells_needed=judgement.cells_needed,
                verdict=judgement.verdict.value,
                reason=judgement.reason,
                control="" if loop.control_state.allows_green else "MISSING",
                control_words=loop.control_state.reason,
                trouble="" if step.advised is None else step.advised.value,
                advice=step.advice,
                remarks=_remarks(loop),
                indicator=step.signal.indicator.value,
                lamp_words=step.signal.words,
            )
        )

    def _tell_lamps(self, trouble: Trouble | None) -> None:
        """While the scale is measured there are no steps; lamps and page still say how it goes."""
        signal = self._equipment.lamps.signal
        known = "" if trouble is None else trouble.value
        shown = self.progress
        if (signal.indicator.value, known) != (shown.indicator, shown.trouble):
            told = replace(
                shown,
                trouble=known,
                advice="" if trouble is None else trouble.advice,
                indicator=signal.indicator.value,
                lamp_words=signal.words,
            )
            self._put(told)

    def _report_once(self, fault: LeukoscopeError) -> None:
        """Between examinations: what is shown already is neither shown nor recorded again."""
        shown = self.progress
        if shown.phase is not Phase.FAULT or shown.fault is None or shown.fault[0] != fault.number:
            self._report(fault, shown.slide)

    def _report(self, fault: LeukoscopeError, slide: str) -> None:
        _log.error("%s", fault)
        with contextlib.suppress(LeukoscopeError):
            record_event(self._equipment.home, EventKind.FAULT, fault=fault.number, slide=slide)
        signal = Signal.fault(fault)
        self._show(signal)
        self._put(
            replace(
                self.progress,
                phase=Phase.FAULT,
                slide=slide,
                advice="",
                trouble="",
                indicator=signal.indicator.value,
                lamp_words=signal.words,
                fault=(fault.number, fault.cause, fault.action),
            )
        )

    def _show(self, signal: Signal) -> None:
        """Show it; lamps that fail go dark by themselves, and must not end this thread."""
        try:
            self._equipment.lamps.show(signal)
        except LeukoscopeError as fault:
            _log.error("%s", fault)

    def _words(self) -> str:
        return self._equipment.lamps.signal.words

    @property
    def _is_slow(self) -> bool:
        return self._interval_s() > 0

    def _put(self, progress: Progress) -> None:
        self._live.states.put(replace(progress, is_slow=self._is_slow))


def _remarks(loop: Screening) -> tuple[Remark, ...]:
    """What the page should say of an examination besides its advice."""
    return tuple(Remark(f"scale.{note.kind}", note.words, note.values) for note in loop.scale_notes)
