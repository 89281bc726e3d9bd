"""One examination after the other, at the word of the page or the button."""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from edge.camera.frame import Camera, Frame
from edge.camera.source import open_camera
from edge.errors import AlreadyExamining, CameraLost, CameraMissing, UsageFault
from edge.examiner import Equipment, Examiner
from edge.inference.classifier import Classifier
from edge.records.fields import field_of_frame
from edge.records.rows import State
from edge.records.store import Store
from edge.settings import Settings
from edge.signals.indicator import Indicator, Signal
from edge.signals.panel import NoLamps
from edge.web.control import Phase
from edge.web.field_picture import encode_field
from edge.web.live import LiveView
from edge.web.settings import PageSettings

SOURCE = "phantom:leukemic?seed=21&viewport=960x720"


def _examiner(
    classifier: Classifier, home: Path, opener: Callable[[], Camera], verdict_s: float = 600
) -> tuple[Examiner, LiveView, NoLamps]:
    settings = dataclasses.replace(Settings(), page=PageSettings(verdict_s=verdict_s))
    live, lamps = LiveView(settings.page, encode_field), NoLamps()
    equipment = Equipment(opener, SOURCE, classifier, home, settings, lamps, 0.2)
    return Examiner(equipment, live), live, lamps


def _until(met: Callable[[], bool], longest_s: float = 60) -> None:
    until_s = time.monotonic() + longest_s
    while not met():
        assert time.monotonic() < until_s
        time.sleep(0.02)


def test_an_examination_runs_to_its_verdict_and_the_device_is_ready_again(
    classifier: Classifier, tmp_path: Path
) -> None:
    opener = partial(open_camera, SOURCE)
    examiner, live, lamps = _examiner(classifier, tmp_path, opener, verdict_s=1)
    with examiner:
        assert examiner.progress.phase is Phase.READY
        examiner.start("S-1")
        with pytest.raises(AlreadyExamining):
            examiner.start("S-2")
        _until(lambda: examiner.progress.phase is Phase.ENDED)
        ended = examiner.progress
        assert (ended.verdict, ended.indicator) == ("REVIEW", "REVIEW")
        assert live.pictures.newest.value is not None
        _until(lambda: examiner.progress.phase is Phase.READY)
        assert lamps.signal.indicator is Indicator.READY
    with Store.open_to_read(tmp_path) as store:
        (examination,) = store.examinations()
        assert examination.number == ended.examination
        frames = {cell.record.frame for cell in store.cells(examination.number)}
        kept = [f for f in frames if field_of_frame(store, examination.number, f) is not None]
        assert kept, "a reviewer wants to see the neighbours"


def test_ended_by_hand_it_says_what_its_cells_allow(classifier: Classifier, tmp_path: Path) -> None:
    opener = partial(open_camera, "phantom:healthy?seed=3&viewport=960x720")
    examiner, live, _ = _examiner(classifier, tmp_path, opener)
    with examiner:
        examiner.start("S-1")
        _until(lambda: examiner.progress.cells > 0)
        examiner.end()
        _until(lambda: examiner.progress.phase is Phase.ENDED)
        assert examiner.progress.verdict == "CANNOT_JUDGE", "never green by an early end"
    assert live.states.newest.number > 2


def test_switched_off_in_the_middle_it_stays_without_a_verdict(
    classifier: Classifier, tmp_path: Path
) -> None:
    opener = partial(open_camera, "phantom:healthy?seed=3&viewport=960x720")
    examiner, _, _ = _examiner(classifier, tmp_path, opener)
    with examiner:
        examiner.start("S-1")
        _until(lambda: examiner.progress.cells > 0)
    with Store.open_to_read(tmp_path) as store:
        (examination,) = store.examinations()
        assert examination.state is State.INTERRUPTED
        assert examination.verdict is None


class _CapOn:
    """A camera that sees one even grey, again and again, until it is closed."""

    continuous = True

    def __init__(self, grey: int) -> None:
        self._rgb = np.full((720, 960, 3), grey, dtype=np.uint8)
        self._open = True

    def frames(self) -> Iterator[Frame]:
        for number in itertools.count():
            if not self._open:
                return
            time.sleep(0.02)
            yield Frame(self._rgb, number * 0.02, number, "cap")

    def close(self) -> None:
        self._open = False


@pytest.mark.parametrize(
    ("grey", "trouble", "advice"),
    [(2, "too_dark", "Turn up the lamp"), (255, "saturated", "Turn down the lamp")],
)
def test_a_lens_cap_or_too_much_light_is_told_while_the_scale_is_being_measured(
    classifier: Classifier, tmp_path: Path, grey: int, trouble: str, advice: str
) -> None:
    """No red cell is seen, and so no scale: "a thinner part of the smear" would help nobody."""
    settings, lamps = Settings(), NoLamps()
    live = LiveView(settings.page, encode_field)
    opener = partial(_CapOn, grey)
    equipment = Equipment(opener, SOURCE, classifier, tmp_path, settings, lamps)
    with Examiner(equipment, live) as examiner:
        examiner.start("S-1")
        _until(lambda: examiner.progress.trouble == trouble)
        assert examiner.progress.indicator == "ADVICE"
        assert examiner.progress.advice.startswith(advice)
        assert lamps.signal == Signal.advice(3), "the light's flashes, not those of the focus"
        examiner.end()
        _until(lambda: examiner.progress.phase is Phase.ENDED)
        assert examiner.progress.verdict == "CANNOT_JUDGE"
        assert advice in examiner.progress.reason


class _Broken:
    """A camera that fails in one of the ways a camera can."""

    continuous = True

    def __init__(self, error: Exception) -> None:
        self._error = error

    def frames(self) -> Iterator[Frame]:
        raise self._error
        yield

    def close(self) -> None:
        """Nothing to close."""


@pytest.mark.parametrize(
    ("error", "number"),
    [(CameraLost("No frame for 5 s."), "E-CAM-03"), (KeyError("a bug"), "E-RUN-03")],
)
def test_a_fault_is_shown_and_the_next_examination_can_start(
    classifier: Classifier, tmp_path: Path, error: Exception, number: str
) -> None:
    cameras = [_Broken(error), open_camera(SOURCE)]
    examiner, _, lamps = _examiner(classifier, tmp_path, lambda: cameras.pop(0))
    with examiner:
        examiner.start("S-1")
        _until(lambda: examiner.progress.phase is Phase.FAULT)
        assert examiner.progress.fault is not None
        assert examiner.progress.fault[0] == number
        assert lamps.signal.indicator is Indicator.FAULT
        examiner.start("S-1")
        _until(lambda: examiner.progress.phase is Phase.ENDED)


def test_no_camera_and_no_number_are_said(classifier: Classifier, tmp_path: Path) -> None:
    def missing() -> Camera:
        raise CameraMissing("No camera answers.")

    examiner, _, _ = _examiner(classifier, tmp_path, missing)
    with examiner:
        with pytest.raises(UsageFault):
            examiner.start("")
        examiner.start("S-1")
        _until(lambda: examiner.progress.phase is Phase.FAULT)
