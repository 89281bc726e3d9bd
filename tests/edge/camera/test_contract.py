"""What every camera must obey, whichever it is: stand-ins, rendered ones, and a real one if named.

On a device: LEUKOSCOPE_REAL_CAMERA=picamera (or v4l2:/dev/video0) pytest tests/edge/camera.
"""

from __future__ import annotations

import itertools
import os

import numpy as np
import pytest

from edge.camera.apart import ApartCamera
from edge.camera.picamera import PiCamera, PiCameraSettings
from edge.camera.source import open_camera
from edge.camera.v4l2 import V4l2Camera, V4l2Settings
from tests.edge.camera.fake_picamera2 import install
from tests.edge.camera.fake_video import FakeVideo

PHANTOM = "phantom:healthy?seed=5&viewport=128x96&frames=12"
REAL = os.environ.get("LEUKOSCOPE_REAL_CAMERA", "")


def _picamera(monkeypatch):
    install(monkeypatch)
    return PiCamera(PiCameraSettings(size_px=(64, 48)))


def _real(monkeypatch):
    if not REAL:
        pytest.skip("no real camera is named: LEUKOSCOPE_REAL_CAMERA=picamera")
    return open_camera(REAL)


def _real_apart(monkeypatch):
    if not REAL:
        pytest.skip("no real camera is named: LEUKOSCOPE_REAL_CAMERA=picamera")
    return ApartCamera(REAL)


CAMERAS = {
    "picamera, stand-in": _picamera,
    "v4l2, stand-in": lambda _: V4l2Camera(
        "/dev/video0", V4l2Settings(size_px=(64, 48), settle_s=0.0), FakeVideo()
    ),
    "phantom": lambda _: open_camera(PHANTOM),
    "phantom in its own process": lambda _: ApartCamera(PHANTOM),
    "real": _real,
    "real in its own process": _real_apart,
}


@pytest.fixture(params=list(CAMERAS))
def camera(request, monkeypatch):
    with CAMERAS[request.param](monkeypatch) as opened:
        yield opened


def test_frames_are_whole_numbered_in_order_and_never_change_afterwards(camera):
    frames = list(itertools.islice(camera.frames(), 4))
    copies = [np.array(frame.rgb) for frame in frames]
    assert len(frames) == 4
    for frame in frames:
        height, width, channels = frame.rgb.shape
        assert frame.rgb.dtype == np.uint8
        assert channels == 3
        assert min(height, width) >= 32
    numbers = [frame.number for frame in frames]
    assert numbers[0] == 0
    assert numbers == sorted(set(numbers))
    times = [frame.exposed_at_s for frame in frames]
    assert times == sorted(times)
    list(itertools.islice(camera.frames(), 3))  # the camera goes on
    for frame, copy in zip(frames, copies, strict=True):
        assert (frame.rgb == copy).all()


def test_it_says_whether_neighbouring_frames_overlap(camera):
    assert isinstance(camera.continuous, bool)


def test_closed_twice_it_gives_no_more_frames_and_no_fault(camera):
    next(iter(camera.frames()))
    camera.close()
    camera.close()
    if not type(camera).__name__.startswith("Phantom"):
        assert list(camera.frames()) == []
