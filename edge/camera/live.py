"""A made-up camera in real time: frames come whether the loop is ready or not, and old ones go.

``pan:`` and ``phantom:`` give a frame whenever they are asked; a sensor does not wait. Here a
thread exposes frame after frame at the sensor's rate into one place, and each takes the place of
the one before.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

from edge.camera.frame import Camera, Frame
from edge.closing import Closing

_CLOSING_S = 10.0


class LiveCamera(Closing):
    """The frames of another camera at a fixed rate, newest only; gaps in the numbers are drops.

    Args:
        camera: Whose frames are shown; closed with this one.
        frames_per_s: The rate.

    Raises:
        ValueError: The rate is not positive.
    """

    def __init__(self, camera: Camera, frames_per_s: float = 15.0) -> None:
        if not frames_per_s > 0:
            raise ValueError("frames_per_s must be above 0")
        self.continuous = camera.continuous
        self._camera = camera
        self._interval_s = 1.0 / frames_per_s
        self._changed = threading.Condition()
        self._newest: Frame | None = None
        self._ended = False
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._expose, name="live camera", daemon=True)
        self._thread.start()

    def frames(self) -> Iterator[Frame]:
        """Each time the newest frame not yet given; waits for one where there is none."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._newest is not None or self._ended)
                frame, self._newest = self._newest, None
                if frame is None:
                    if self._failed is not None:
                        raise self._failed
                    return
            yield frame

    def close(self) -> None:
        """Stop the sensor."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._thread.join(_CLOSING_S)
        self._camera.close()

    def _expose(self) -> None:
        due_s = time.monotonic()
        try:
            for frame in self._camera.frames():
                due_s = max(due_s, time.monotonic() - self._interval_s)
                time.sleep(max(0.0, due_s - time.monotonic()))
                due_s += self._interval_s
                with self._changed:
                    if self._ended:
                        return
                    self._newest = replace(frame, exposed_at_s=time.monotonic())
                    self._changed.notify_all()
        except BaseException as error:
            self._failed = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()
