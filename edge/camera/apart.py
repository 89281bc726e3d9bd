"""Any camera in a process of its own: a hang is seen, killed and started anew.

A driver that hangs inside a system call cannot be stopped from within its process. Here it hangs
alone: the loop waits ``patience_s``, kills it, says so, and starts it again, until a frame comes or
``give_up_s`` have passed. Frames come through shared memory and are not copied; the memory is given
back when neither the loop nor the page holds the picture any more.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from edge.camera.frame import Frame, RgbImage
from edge.camera.settings import CameraSettings
from edge.camera.slots import SLOTS, Slots
from edge.camera.source import is_live
from edge.camera.stuck import StuckWatch
from edge.camera.wire import fault_of, receive, send
from edge.closing import Closing
from edge.errors import CameraLost, CameraMissing, LeukoscopeError

_LENT_MOST = SLOTS - 3
"""Frames in the loop's hands beyond which it gets a copy: the camera needs slots to go on."""
_AGAIN_S = 1.0
"""Between two tries to start a camera that is not there."""

Trouble = Callable[[LeukoscopeError | None], None]
"""Told that the camera is lost, at each try to get it back, and with None when it is back."""


class ApartCamera(Closing):
    """A camera whose frames come from another process.

    Args:
        source: What the camera is called, as `open_camera` takes it.
        settings: How long it is waited for.

    Raises:
        LeukoscopeError: The camera cannot be opened; as `open_camera` raises it.
    """

    def __init__(self, source: str, settings: CameraSettings | None = None) -> None:
        self._source = source
        self._settings = settings or CameraSettings()
        self._closed = False
        self._first_number = 0
        self._number = -1
        self.on_trouble: Trouble = lambda fault: None
        self._stuck = StuckWatch(self._settings.stuck_s) if is_live(source) else None
        self._child = _Child(source, self._settings)
        self.continuous = self._child.continuous

    @property
    def pid(self) -> int:
        """Of the camera's process."""
        return self._child.pid

    def frames(self) -> Iterator[Frame]:
        """Frames in order of exposure, the newest one each time.

        Raises:
            CameraLost: No frame came for ``give_up_s``, however often the camera was started.
            LeukoscopeError: What ended a source of pictures.
        """
        while not self._closed:
            frame = self._next()
            if frame is None:
                return
            yield frame

    def close(self) -> None:
        """End the camera's process; more than one call does no harm."""
        self._closed = True
        self._child.close()

    def _next(self) -> Frame | None:
        last_s = time.monotonic()
        lost: LeukoscopeError | None = None
        while True:
            try:
                frame = self._seen(self._child.frame())
            except (CameraLost, CameraMissing) as fault:
                lost = fault
            else:
                if lost is not None:
                    self.on_trouble(None)
                return None if frame is None else self._numbered(frame)
            self._child.close()
            if time.monotonic() - last_s > self._settings.give_up_s or self._closed:
                raise lost
            self.on_trouble(lost)
            self._start_again(last_s)

    def _seen(self, frame: Frame | None) -> Frame | None:
        """The frame, unless a live camera has given no other one for long."""
        if frame is None or self._stuck is None:
            return frame
        if self._stuck.see(frame.rgb, time.monotonic()):
            said = f"The camera gave the very same picture for {self._settings.stuck_s:g} s."
            raise CameraLost(said)
        return frame

    def _start_again(self, last_s: float) -> None:
        while True:
            try:
                self._child = _Child(self._source, self._settings)
                self._first_number = self._number + 1
            except (CameraLost, CameraMissing) as fault:
                # One that was there is lost, not missing: one number for as long as it is away.
                lost = CameraLost(fault.cause, fault.action)
                if time.monotonic() - last_s > self._settings.give_up_s or self._closed:
                    raise lost from fault
                self.on_trouble(lost)
                time.sleep(_AGAIN_S)
            else:
                return

    def _numbered(self, frame: Frame) -> Frame:
        """Frames of a camera started anew are counted on: a gap means frames that were dropped."""
        self._number = self._first_number + frame.number
        self._child.patience_s = self._settings.patience_s
        if not self._first_number:
            return frame
        return Frame(frame.rgb, frame.exposed_at_s, self._number, frame.name)


class _Child:
    """One process of the camera, from its start to its end."""

    def __init__(self, source: str, settings: CameraSettings) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._link = ours
        self._slots: Slots | None = None
        self._freed: deque[int] = deque()
        self._lent = 0
        # The first frame may have to wait for exposure to settle.
        self.patience_s = settings.start_s
        with theirs:
            which = "live" if is_live(source) else "all"
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "edge.camera.worker"),
                    *(source, str(theirs.fileno()), which, settings.mains),
                ],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )
        try:
            self.continuous = bool(self._answer()["continuous"])
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    def frame(self) -> Frame | None:
        """The newest frame that was not given out yet; None when the source has ended."""
        freed = [self._freed.popleft() for _ in range(len(self._freed))]
        self._lent -= len(freed)
        try:
            send(self._link, {"want": True, "free": freed})
        except OSError as error:
            raise CameraLost("The camera's process is gone.") from error
        message = self._answer()
        if "memory" in message:
            message = self._answer()
        if "end" in message:
            return None
        rgb = self._picture(message["slot"], tuple(message["shape"]))
        return Frame(rgb, message["exposed_at_s"], message["number"], message["name"])

    def _picture(self, slot: int, shape: tuple[int, int, int]) -> RgbImage:
        assert self._slots is not None
        self._lent += 1
        picture = self._slots.picture(slot, shape, self._freed.append)
        # A loop that holds frames back (while it measures the scale) gets its own copies.
        return np.array(picture) if self._lent > _LENT_MOST else picture

    def _answer(self) -> dict[str, Any]:
        self._link.settimeout(self.patience_s)
        try:
            message, descriptor = receive(self._link)
        except TimeoutError as error:
            raise CameraLost(f"The camera gave no frame for {self.patience_s:g} s.") from error
        except (EOFError, OSError) as error:
            raise CameraLost("The camera's process ended.") from error
        if descriptor is not None:
            self._take_memory(descriptor, message["memory"])
        if "fault" in message:
            raise fault_of(message)
        return message

    def _take_memory(self, descriptor: int, slot_bytes: int) -> None:
        self._slots = Slots(descriptor, slot_bytes, writable=False)
        os.close(descriptor)
        # Slots of the memory before are nobody's concern any more.
        self._freed, self._lent = deque(), 0

    def close(self) -> None:
        """Kill the process: one that hangs would not hear anything gentler."""
        with contextlib.suppress(OSError):
            self._link.close()
        self._process.kill()
        # A process stuck in the kernel outlives even that; it is left behind.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(2.0)
