"""A sensor does not wait: the loop gets the newest frame, and the others are dropped."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest

from edge.camera.frame import Frame
from edge.camera.live import LiveCamera
from edge.closing import Closing
from edge.errors import CameraLost


class _Counting(Closing):
    """Numbered frames, as many as are asked for."""

    continuous = True

    def __init__(self, count: int, fails: bool = False) -> None:
        self._count, self._fails = count, fails
        self.closed = False

    def frames(self) -> Iterator[Frame]:
        for number in range(self._count):
            yield Frame(np.zeros((2, 2, 3), dtype=np.uint8), 0.0, number)
        if self._fails:
            raise CameraLost("The cable was pulled.")

    def close(self) -> None:
        self.closed = True


def test_a_slow_loop_gets_the_newest_frame_each_time_and_the_last_one_too() -> None:
    with LiveCamera(_Counting(60), 200.0) as camera:
        seen, ages_s = [], []
        for frame in camera.frames():
            ages_s.append(time.monotonic() - frame.exposed_at_s)
            seen.append(frame.number)
            time.sleep(0.025)  # five frames long
    assert seen == sorted(set(seen))
    assert seen[-1] == 59
    assert len(seen) < 40, "frames were queued"
    assert float(np.median(ages_s)) < 0.015, "an old frame was given"


def test_a_quick_loop_gets_every_frame() -> None:
    with LiveCamera(_Counting(10), 20.0) as camera:
        numbers = [frame.number for frame in camera.frames()]
    assert numbers == list(range(10))


def test_what_stops_the_sensor_stops_the_loop() -> None:
    with LiveCamera(_Counting(2, fails=True), 50.0) as camera, pytest.raises(CameraLost):
        list(camera.frames())


def test_closing_it_closes_what_is_behind_and_ends_the_frames() -> None:
    behind = _Counting(10_000)
    camera = LiveCamera(behind, 100.0)
    frames = camera.frames()
    next(frames)
    camera.close()
    camera.close()
    assert behind.closed
    assert len(list(frames)) <= 1


def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="frames_per_s"):
        LiveCamera(_Counting(1), 0.0)
