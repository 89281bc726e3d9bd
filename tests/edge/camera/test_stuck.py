"""A camera whose picture stands still for good: nobody would be told, and no cell would come."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar

import numpy as np
import pytest

from edge.camera import apart
from edge.camera.apart import ApartCamera
from edge.camera.frame import Frame, RgbImage
from edge.camera.settings import CameraSettings
from edge.camera.stuck import StuckWatch
from edge.errors import CameraLost, LeukoscopeError


def _textured(seed: int) -> RgbImage:
    return np.random.default_rng(seed).integers(60, 220, (96, 128, 3), dtype=np.uint8)


def _told_at(picture_at: Callable[[int], RgbImage], seconds: int = 60) -> list[float]:
    """When it is said, ten pictures a second."""
    watch = StuckWatch(10.0)
    return [i / 10 for i in range(10 * seconds) if watch.see(picture_at(i), i / 10)]


def test_the_same_picture_for_ten_seconds_is_told_once_in_that_time() -> None:
    picture = _textured(1)
    first, *further = _told_at(lambda i: picture)
    assert first == pytest.approx(10, abs=1.1)
    assert len(further) <= 5


@pytest.mark.parametrize(
    "picture_at",
    [
        pytest.param(_textured, id="a sensor's noise"),
        pytest.param(lambda i: _textured(i // 80), id="a slow camera: a picture in eight seconds"),
        pytest.param(lambda i: np.zeros((96, 128, 3), dtype=np.uint8), id="a lens cap"),
        pytest.param(lambda i: np.full((96, 128, 3), 255, dtype=np.uint8), id="too much light"),
    ],
)
def test_a_camera_that_works_is_left_alone(picture_at: Callable[[int], RgbImage]) -> None:
    assert _told_at(picture_at) == []


class _Process:
    """Stands for the camera's process: the first one's sensor hangs, the next one's works."""

    continuous = True
    pid = 0
    started: ClassVar[list[_Process]] = []

    def __init__(self, source: str, start_s: float) -> None:
        self.patience_s = start_s
        self.hangs = not self.started
        self.given = 0
        self.closed = False
        self.started.append(self)

    def frame(self) -> Frame:
        time.sleep(0.01)
        self.given += 1
        return Frame(_textured(0 if self.hangs else self.given), 0.0, self.given, "fake")

    def close(self) -> None:
        self.closed = True


def test_a_live_camera_that_stands_still_is_told_as_lost_and_started_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(apart, "_Child", _Process)
    monkeypatch.setattr(_Process, "started", [])
    told: list[LeukoscopeError | None] = []
    with ApartCamera("v4l2:/dev/video0", CameraSettings(stuck_s=0.3)) as camera:
        camera.on_trouble = told.append
        numbers = []
        for frame in camera.frames():
            numbers.append(frame.number)
            if len(_Process.started) == 2 and _Process.started[1].given == 60:
                break
    first, second = _Process.started
    assert first.closed
    assert second.given == 60, "one that works goes on"
    assert isinstance(told[0], CameraLost)
    assert "very same picture" in told[0].cause
    assert told[-1] is None
    assert numbers == sorted(set(numbers))
