"""What the loop's thread says of its own health, and of camera, card and network under it."""

from __future__ import annotations

import os
import signal
import time

import pytest

from edge.camera.apart import ApartCamera
from edge.camera.settings import CameraSettings
from edge.errors import DiskFull
from edge.examiner import Equipment, Examiner
from edge.heartbeats import DISK, FRAME, INFERENCE, Heartbeats
from edge.inference.shelf import open_classifier
from edge.records.audit import audit
from edge.records.store import Store
from edge.settings import Settings
from edge.signals.indicator import Indicator
from edge.signals.panel import NoLamps
from edge.web.control import Phase
from edge.web.field_picture import encode_field
from edge.web.live import LiveView

SOURCE = "phantom:healthy?seed=7&viewport=640x480"


class Watched(NoLamps):
    """Lamps that remember what they showed."""

    def __init__(self):
        super().__init__()
        self.shown = []

    def show(self, signal):
        super().show(signal)
        self.shown.append((signal.indicator, signal.fault_number))


@pytest.fixture
def parts(tmp_path):
    cameras = []

    def opener():
        settings = CameraSettings(patience_s=1.0, start_s=60.0, give_up_s=120.0)
        cameras.append(ApartCamera(SOURCE, settings))
        return cameras[-1]

    lamps, beats, classifier = Watched(), Heartbeats(), open_classifier(threads=1)
    live = LiveView(Settings().page, encode_field)
    equipment = Equipment(opener, SOURCE, classifier, tmp_path, Settings(), lamps, 0.2)
    with Examiner(equipment, live, beat=beats.beat) as examiner:
        yield examiner, lamps, beats, classifier, cameras


def until(met, longest_s=120):
    until_s = time.monotonic() + longest_s
    while not met():
        assert time.monotonic() < until_s
        time.sleep(0.02)


def faults(home):
    with Store.open_to_read(home) as store:
        return [e.details["fault"] for e in audit(store) if e.kind == "FAULT"]


def test_a_full_card_is_shown_while_idle_recorded_once_and_over_when_it_is(parts, tmp_path):
    examiner, lamps, _, _, _ = parts
    examiner.tell_trouble(DiskFull("Only 3 MB are left."))
    until(lambda: examiner.progress.phase is Phase.FAULT)
    time.sleep(0.6)  # some idle rounds more
    assert faults(tmp_path) == ["E-REC-02"]
    assert lamps.signal.fault_number == "E-REC-02"
    examiner.tell_trouble(None)
    until(lambda: examiner.progress.phase is Phase.READY)
    assert lamps.signal.indicator is Indicator.READY


def test_an_idle_loop_beats_for_frame_and_network_and_a_network_gone_wrong_is_a_fault(parts):
    examiner, lamps, _, classifier, _ = parts
    heard = []
    examiner._beat = heard.append
    until(lambda: {FRAME, INFERENCE} <= set(heard))
    assert DISK not in heard, "nothing was written"

    def garbled(batch):
        return batch.reshape(len(batch), -1)[:, : len(classifier.bundle.labels)]

    classifier.interpreter.run = garbled
    until(lambda: lamps.signal.fault_number == "E-BUN-04")
    assert not classifier.proven
    examiner.start("S-1")
    until(lambda: examiner.progress.slide == "S-1" and examiner.progress.phase is Phase.FAULT)
    assert examiner.progress.fault[0] == "E-BUN-04"


def test_a_camera_lost_and_back_is_one_examination_with_a_fault_in_between(parts, tmp_path):
    examiner, lamps, beats, _, cameras = parts
    examiner.start("S-1")
    until(lambda: examiner.progress.examination is not None)
    os.kill(cameras[0].pid, signal.SIGSTOP)
    until(lambda: lamps.signal.fault_number == "E-CAM-03")
    assert examiner.progress.fault is not None
    until(lambda: lamps.signal.indicator in (Indicator.KEEP_COUNTING, Indicator.ADVICE))
    assert examiner.progress.fault is None
    assert beats.overdue() == []
    examiner.end()
    until(lambda: examiner.progress.phase is Phase.ENDED)
    with Store.open_to_read(tmp_path) as store:
        assert [e.slide for e in store.examinations()] == ["S-1"]
    assert Indicator.NO_BLASTS_FOUND not in [indicator for indicator, _ in lamps.shown]
