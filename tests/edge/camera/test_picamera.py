"""The Pi's camera, against a stand-in for Picamera2 that keeps its rules."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from edge.camera.mains import Mains
from edge.camera.picamera import PiCamera, PiCameraSettings, whole_field
from edge.camera.settings import CameraSettings
from edge.camera.source import open_for_device
from edge.errors import CameraLost, CameraMissing
from tests.edge.camera.fake_picamera2 import FakePicamera2, install

SMALL = PiCameraSettings(size_px=(64, 48))


def some_frames(camera, count):
    frames = camera.frames()
    return [next(frames) for _ in range(count)]


def test_frames_are_red_green_blue_and_stay_when_the_buffer_is_reused(monkeypatch):
    install(monkeypatch)
    with PiCamera(SMALL) as camera:
        frames = some_frames(camera, 6)
    for frame in frames:
        assert frame.rgb.shape == (48, 64, 3)
        assert frame.rgb.dtype == np.uint8
        assert (frame.rgb == np.array(FakePicamera2.light)).all()
    assert [frame.number for frame in frames] == list(range(6))


def test_the_sensor_mode_sees_the_whole_field(monkeypatch):
    """The optics table of hardware.md holds only then."""
    kind = install(monkeypatch)
    with PiCamera(PiCameraSettings(size_px=(1280, 960))):
        assert kind.last.raw == {"size": (2028, 1520)}
    kind = install(monkeypatch, sensor_modes=[])
    with PiCamera(SMALL):
        assert kind.last.raw is None
    assert whole_field(FakePicamera2.sensor_modes, (4000, 3000)) == {"size": (4056, 3040)}
    assert whole_field(FakePicamera2.sensor_modes, (5000, 3000)) is None


def test_times_are_the_sensors(monkeypatch):
    install(monkeypatch)
    with PiCamera(SMALL) as camera:
        times = [frame.exposed_at_s for frame in some_frames(camera, 3)]
    np.testing.assert_allclose(np.diff(times), 0.066)


def test_exposure_and_white_balance_are_locked_once_settled_and_stale_frames_flushed(monkeypatch):
    kind = install(monkeypatch)
    with PiCamera(SMALL) as camera:
        some_frames(camera, 2)
    assert kind.last.controls == [
        {
            "AeEnable": False,
            "AwbEnable": False,
            "ExposureTime": 5002,
            "AnalogueGain": 1.5,
            "ColourGains": (1.9, 1.6),
        }
    ]
    assert kind.last.flushed_at == [3]


@pytest.mark.parametrize(
    ("mains", "told"),
    [
        (Mains.AUTO, {"AeFlickerMode": 1, "AeFlickerPeriod": 10_000}),
        (Mains.HZ_50, {"AeFlickerMode": 1, "AeFlickerPeriod": 10_000}),
        (Mains.HZ_60, {"AeFlickerMode": 1, "AeFlickerPeriod": 8333}),
        (Mains.OFF, {"AeFlickerMode": 0}),
    ],
)
def test_automatic_exposure_is_told_the_mains(monkeypatch, mains, told):
    kind = install(monkeypatch)
    with PiCamera(replace(SMALL, mains=mains)):
        assert kind.last.config["controls"] == {"FrameRate": 15.0, **told}


def test_the_settings_of_the_device_say_what_the_mains_are(monkeypatch):
    kind = install(monkeypatch)
    with open_for_device("picamera", CameraSettings(own_process=False, mains="60")):
        assert kind.last.config["controls"]["AeFlickerPeriod"] == 8333
    with pytest.raises(ValueError, match="mains must be one of auto, 50, 60, off"):
        CameraSettings(mains="55")


def test_a_camera_that_finds_the_mains_itself_is_left_to_it(monkeypatch):
    offered = {**FakePicamera2.camera_controls, "AeFlickerMode": (0, 2, 0)}
    kind = install(monkeypatch, camera_controls=offered)
    with PiCamera(SMALL):
        assert kind.last.config["controls"] == {"FrameRate": 15.0, "AeFlickerMode": 2}


@pytest.mark.parametrize("offered", [{"FrameRate": (1.0, 120.0, 30.0)}, None])
@pytest.mark.parametrize(
    ("chosen_us", "mains", "locked_us"),
    [
        (23_000, Mains.AUTO, 20_000),
        (27_000, Mains.HZ_50, 30_000),
        (27_000, Mains.HZ_60, 25_000),
        (9_000, Mains.HZ_50, 10_000),
        (5_000, Mains.HZ_50, 5_002),  # too much light even for one period
        (27_000, Mains.OFF, 27_002),
    ],
)
def test_exposure_is_locked_to_whole_periods_of_the_light_and_no_brighter(
    monkeypatch, chosen_us, mains, locked_us, offered
):
    changed = {"light_us": chosen_us}
    if offered is not None:
        changed["camera_controls"] = offered  # an older libcamera: the rounding is ours alone
    kind = install(monkeypatch, **changed)
    with PiCamera(replace(SMALL, mains=mains)):
        (locked,) = kind.last.controls
        brightness = kind.last.exposure_us(2) * 1.5
    if offered is not None:
        assert locked["ExposureTime"] == locked_us
    if mains.period_us is not None and chosen_us > 6_000:
        periods = locked["ExposureTime"] / mains.period_us
        assert periods == pytest.approx(round(periods), abs=2e-3)
    assert locked["ExposureTime"] * locked["AnalogueGain"] == pytest.approx(brightness, rel=1e-3)
    assert locked["AnalogueGain"] >= 1


def test_every_buffer_is_given_back_and_the_camera_freed_once(monkeypatch):
    kind = install(monkeypatch)
    camera = PiCamera(SMALL)
    some_frames(camera, 5)
    camera.close()
    camera.close()
    assert kind.last.held == 0
    assert kind.last.calls == ["start", "stop", "close"]
    assert list(camera.frames()) == []


def test_without_the_library_it_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(CameraMissing, match="picamera2 is not installed") as caught:
        PiCamera()
    assert "apt install python3-picamera2" in caught.value.action
    assert "--system-site-packages" in caught.value.action


def test_without_a_camera_it_says_to_check_the_cable(monkeypatch):
    install(monkeypatch, cameras=[])
    with pytest.raises(CameraMissing, match="No camera was found") as caught:
        PiCamera()
    assert "cable" in caught.value.action


def test_a_camera_in_use_is_said_to_be(monkeypatch):
    install(monkeypatch, open_error=RuntimeError("Device or resource busy"))
    with pytest.raises(CameraMissing, match="busy") as caught:
        PiCamera()
    assert "other programs" in caught.value.action


def test_a_camera_that_does_not_start_is_freed(monkeypatch):
    kind = install(monkeypatch, start_error=RuntimeError("no sensor mode"))
    with pytest.raises(CameraMissing, match="no sensor mode"):
        PiCamera()
    assert kind.last.calls[-1] == "close"


def test_a_camera_that_stops_giving_frames_is_lost(monkeypatch):
    kind = install(monkeypatch, hangs_after=6)
    with PiCamera(SMALL) as camera, pytest.raises(CameraLost, match="no frame for 5 s"):
        some_frames(camera, 10)
    assert kind.last.held == 0


def test_a_camera_that_never_gives_a_frame_is_lost_and_freed(monkeypatch):
    kind = install(monkeypatch, hangs_after=0)
    with pytest.raises(CameraLost):
        PiCamera(SMALL)
    assert kind.last.calls[-1] == "close"


@pytest.mark.parametrize("wrong", [{"buffers": 1}, {"size_px": (0, 960)}, {"patience_s": 0}])
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match="must be"):
        PiCameraSettings(**wrong)
