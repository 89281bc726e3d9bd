"""Stands in for the Picamera2 package: the part used here, with the rules it enforces."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import ClassVar

import numpy as np


class FakeRequest:
    def __init__(self, camera, number):
        self.camera = camera
        self.number = number
        width, height = camera.config["main"]["size"]
        self.buffer = np.zeros((height, width, 3), np.uint8)
        self.buffer[:] = camera.light  # red, green, blue
        if camera.config["main"]["format"] == "RGB888":
            self.buffer = self.buffer[:, :, ::-1]  # the trap in Picamera2's names
        camera.held += 1

    def get_metadata(self):
        return {
            "SensorTimestamp": 1_000_000_000 + self.number * 66_000_000,
            "AeLocked": self.number >= 2,
            "ExposureTime": self.camera.exposure_us(self.number),
            "AnalogueGain": 1.5,
            "ColourGains": (1.9, 1.6),
        }

    def release(self):
        assert self.camera.held > 0, "released twice"
        self.camera.held -= 1
        self.buffer[:] = 0  # the camera fills it anew: whoever kept a view sees it change


class FakeMappedArray:
    def __init__(self, request, stream):
        assert stream == "main"
        self.array = request.buffer

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


class FakePicamera2:
    light: ClassVar[tuple[int, int, int]] = (210, 120, 40)
    cameras: ClassVar[list[dict[str, str]]] = [{"Model": "imx477"}]
    open_error: ClassVar[Exception | None] = None
    start_error: ClassVar[Exception | None] = None
    hangs_after: ClassVar[int | None] = None
    last: ClassVar[FakePicamera2 | None] = None
    # Least, greatest and usual value, as the Pi's libcamera offers them.
    camera_controls: ClassVar[dict[str, tuple[object, object, object]]] = {
        "FrameRate": (1.0, 120.0, 30.0),
        "AeFlickerMode": (0, 1, 0),
        "AeFlickerPeriod": (100, 1_000_000, None),
    }
    light_us: ClassVar[int] = 5000  # what automatic exposure would choose
    # As Picamera2 lists them for the HQ camera (IMX477).
    sensor_modes: ClassVar[list[dict[str, object]]] = [
        {"size": (1332, 990), "bit_depth": 10, "crop_limits": (696, 528, 2664, 1980)},
        {"size": (2028, 1080), "bit_depth": 12, "crop_limits": (0, 440, 4056, 2160)},
        {"size": (2028, 1520), "bit_depth": 12, "crop_limits": (0, 0, 4056, 3040)},
        {"size": (4056, 3040), "bit_depth": 12, "crop_limits": (0, 0, 4056, 3040)},
    ]

    @classmethod
    def global_camera_info(cls):
        return cls.cameras

    def __init__(self):
        if self.open_error:
            raise self.open_error
        self.calls = []
        self.held = 0
        self.taken = 0
        self.flushed_at = []
        self.controls = []
        type(self).last = self

    def create_video_configuration(self, main, buffer_count, queue, controls, raw=None):
        assert buffer_count >= 2
        assert not queue
        for name, value in controls.items():
            if name not in self.camera_controls:
                raise RuntimeError(f"Control {name} is not advertised by libcamera")
            low, high, _ = self.camera_controls[name]
            assert low <= value <= high, name
        if controls.get("AeFlickerMode") == 1:
            assert controls["AeFlickerPeriod"], "a period must be told"
        self.raw = raw
        return {"main": main, "buffer_count": buffer_count, "controls": controls}

    def exposure_us(self, number):
        """Settling, and kept to whole periods of the light where it is weak enough."""
        chosen = self.light_us + number
        period = self.config["controls"].get("AeFlickerPeriod")
        return chosen // period * period if period and chosen >= period else chosen

    def configure(self, config):
        self.config = config

    def start(self):
        if self.start_error:
            raise self.start_error
        self.calls.append("start")

    def set_controls(self, controls):
        assert "start" in self.calls
        self.controls.append(controls)

    def capture_request(self, wait, flush=None):
        assert isinstance(wait, float)
        assert wait > 0
        assert self.held < self.config["buffer_count"], "a request was not given back"
        if self.hangs_after is not None and self.taken >= self.hangs_after:
            raise TimeoutError
        if flush:
            self.flushed_at.append(self.taken)
        self.taken += 1
        return FakeRequest(self, self.taken - 1)

    def stop(self):
        self.calls.append("stop")

    def close(self):
        self.calls.append("close")


def install(monkeypatch, **attributes):
    """Put a fresh fake in place of the package; its class is returned."""
    kind = type("FakePicamera2", (FakePicamera2,), attributes)
    module = ModuleType("picamera2")
    module.Picamera2 = kind
    module.MappedArray = FakeMappedArray
    monkeypatch.setitem(sys.modules, "picamera2", module)
    return kind
