"""A camera in its own process: the same frames, no copies, and a hang that is cured."""

from __future__ import annotations

import gc
import itertools
import os
import signal
import time

import numpy as np
import pytest

from edge.camera.apart import ApartCamera
from edge.camera.settings import CameraSettings
from edge.camera.slots import SLOTS, Slots
from edge.camera.source import is_live, open_camera, open_for_device
from edge.errors import CameraLost, CameraMissing, NoPictures, PictureUnreadable

SOURCE = "phantom:healthy?seed=5&viewport=128x96&frames=12"
QUICK = CameraSettings(patience_s=0.4, start_s=20.0, give_up_s=30.0)


def test_frames_are_those_of_the_camera_itself():
    with open_camera(SOURCE) as here, ApartCamera(SOURCE) as apart:
        assert apart.continuous == here.continuous
        pairs = list(itertools.zip_longest(here.frames(), apart.frames()))
    assert len(pairs) == 12
    for direct, shared in pairs:
        assert (shared.rgb == direct.rgb).all()
        assert (shared.number, shared.exposed_at_s) == (direct.number, direct.exposed_at_s)


def test_a_frame_in_hand_never_changes_and_its_slot_serves_again():
    with ApartCamera(SOURCE) as camera:
        frames = camera.frames()
        held = [next(frames) for _ in range(4)]
        before = [np.array(frame.rgb) for frame in held]
        corner = held[0].rgb[:8, :8]  # a view alone keeps the picture
        del held[0]
        rest = sum(1 for _ in frames)
        assert rest == 8
    for frame, copy in zip(held, before[1:], strict=True):
        assert (frame.rgb == copy).all()
    assert (corner == before[0][:8, :8]).all()


def test_frames_lie_in_the_shared_memory_until_the_loop_holds_many():
    with ApartCamera(SOURCE) as camera:
        frames = camera.frames()
        held = [next(frames) for _ in range(SLOTS + 2)]
    shared = [not frame.rgb.flags.owndata and not frame.rgb.flags.writeable for frame in held]
    assert shared[:3] == [True] * 3, "the first ones were not copied"
    assert not all(shared), "a loop that holds frames back cannot starve the camera"
    assert [frame.number for frame in held] == list(range(SLOTS + 2))


def test_a_slot_is_released_with_the_last_view_of_it():
    released: list[int] = []
    picture = Slots.create(48).picture(2, (4, 4, 3), released.append)
    view = picture[1:, ::2]
    del picture
    gc.collect()
    assert released == []
    del view
    gc.collect()
    assert released == [2]


def told_of(camera):
    told = []
    camera.on_trouble = told.append
    return told


@pytest.mark.parametrize("how", [signal.SIGSTOP, signal.SIGKILL])
def test_a_process_that_hangs_or_dies_is_started_anew_and_frames_go_on(how):
    with ApartCamera(SOURCE, QUICK) as camera:
        told = told_of(camera)
        frames = camera.frames()
        first = [next(frames).number for _ in range(3)]
        lost = camera.pid
        os.kill(lost, how)
        after = [next(frames).number for _ in range(3)]
        assert camera.pid != lost
    assert first == [0, 1, 2]
    # A frame that was taken before the end may still have been on its way.
    assert after == sorted(set(after))
    assert after[0] >= 3
    assert isinstance(told[0], CameraLost)
    assert told[-1] is None, "whoever was told of the loss hears that it is over"
    with pytest.raises(ProcessLookupError):
        os.kill(lost, 0)


def test_a_camera_that_does_not_come_back_is_given_up(monkeypatch):
    settings = CameraSettings(patience_s=0.2, start_s=4, give_up_s=4)
    with ApartCamera(SOURCE, QUICK) as camera:
        frames = camera.frames()
        next(frames)
        monkeypatch.setattr(camera, "_settings", settings)
        monkeypatch.setattr(camera, "_source", "v4l2:/dev/video99")
        told = told_of(camera)
        os.kill(camera.pid, signal.SIGKILL)
        with pytest.raises(CameraLost):
            next(frames)
    assert len(told) >= 2, "lost, and not there when it was looked for again"
    assert {fault.number for fault in told} == {"E-CAM-03"}, "the lamps count one number out"


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("v4l2:/dev/video99", CameraMissing),
        ("replay:/nowhere", NoPictures),
        ("pan:/nowhere.png", PictureUnreadable),
    ],
)
def test_a_source_that_cannot_be_opened_is_the_same_fault_as_without_a_process(source, fault):
    with pytest.raises(fault) as here:
        open_camera(source).close()
    with pytest.raises(fault) as apart:
        ApartCamera(source)
    assert (apart.value.cause, apart.value.action) == (here.value.cause, here.value.action)


def test_no_process_is_left_when_the_loop_is_gone():
    camera = ApartCamera(SOURCE)
    pid = camera.pid
    camera._child._link.close()  # as the end of the loop's process would
    until_s = time.monotonic() + 20
    while camera._child._process.poll() is None:
        assert time.monotonic() < until_s
        time.sleep(0.02)
    camera.close()
    camera.close()
    assert list(camera.frames()) == []
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_settings_say_whether_the_device_uses_a_process():
    with open_for_device(SOURCE, CameraSettings()) as camera:
        assert isinstance(camera, ApartCamera)
    with open_for_device(SOURCE, CameraSettings(own_process=False)) as camera:
        assert not isinstance(camera, ApartCamera)
    assert is_live("picamera")
    assert not is_live(SOURCE)


@pytest.mark.parametrize(
    "wrong", [{"source": " "}, {"patience_s": 0}, {"start_s": 1.0}, {"give_up_s": float("nan")}]
)
def test_settings_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValueError, match=r"must be|names no camera"):
        CameraSettings(**wrong)
