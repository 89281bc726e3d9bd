"""Exposure to lamp by a clock that counts computing only."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from bench.lamp_delay import CountedCamera
from edge.camera.frame import Frame


class _Counting:
    """Ten frames, whenever they are asked for."""

    continuous = True

    def frames(self) -> Iterator[Frame]:
        for number in range(10):
            yield Frame(np.zeros((2, 2, 3), np.uint8), 0.0, number)

    def close(self) -> None:
        """Nothing to close."""


@pytest.mark.parametrize(
    ("takes_periods", "seen", "longest"),
    [
        (0.5, list(range(10)), 0.5),
        (1.0, list(range(10)), 1.0),
        # Frames 0, 2, 5, 7 and the last: the newest one that was exposed when the loop was ready.
        (2.5, [0, 2, 5, 7, 9], 3.5),
    ],
)
def test_a_slow_loop_sees_the_newest_frame_and_the_others_are_dropped(
    takes_periods: float, seen: list[int], longest: float
) -> None:
    camera = CountedCamera(_Counting(), 15.0)
    delays, numbers = [], []
    for frame in camera.frames():
        camera.now_s += takes_periods / 15.0
        numbers.append(frame.number)
        delays.append((camera.now_s - frame.exposed_at_s) * 15.0)
    assert numbers == seen
    assert camera.dropped == 10 - len(seen)
    assert max(delays) == pytest.approx(longest)
