"""What every camera keeps to, whatever stands behind it."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from PIL import Image

from edge.camera.picamera import PiCamera, PiCameraSettings
from edge.camera.source import open_camera
from tests.edge.camera.fake_picamera2 import install


@pytest.fixture(params=["replay", "pan", "phantom", "picamera"])
def camera(request, tmp_path, monkeypatch):
    rng = np.random.default_rng(3)
    for i in range(4):
        pixels = rng.integers(0, 255, (200, 240, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{i}.png")
    if request.param == "picamera":
        install(monkeypatch)
        made = PiCamera(PiCameraSettings(size_px=(96, 64)))
    elif request.param == "replay":
        made = open_camera(f"replay:{tmp_path}")
    elif request.param == "phantom":
        made = open_camera("phantom:healthy?viewport=320x240&seed=1&frames=5")
    else:
        made = open_camera(f"pan:{tmp_path}/0.png?viewport=96x64&seed=1")
    with made:
        yield made


def test_frames_are_rgb_bytes_of_one_owner(camera):
    frames = list(islice(camera.frames(), 4))
    assert len(frames) == 4
    for frame in frames:
        assert frame.rgb.dtype == np.uint8
        assert frame.rgb.ndim == 3
        assert frame.rgb.shape[2] == 3
        assert frame.rgb.flags.c_contiguous
    before = frames[1].rgb.copy()
    frames[0].rgb[:] = 0
    np.testing.assert_array_equal(frames[1].rgb, before)


def test_numbers_and_times_grow(camera):
    frames = list(islice(camera.frames(), 4))
    assert [frame.number for frame in frames] == sorted({frame.number for frame in frames})
    assert frames[0].number == 0
    times = [frame.exposed_at_s for frame in frames]
    assert times == sorted(set(times))


def test_closing_ends_the_frames_and_may_be_repeated(camera):
    frames = camera.frames()
    next(frames)
    camera.close()
    camera.close()
    assert list(frames) == []


def test_it_says_whether_frames_overlap(camera):
    assert isinstance(camera.continuous, bool)
