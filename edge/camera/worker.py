"""The camera's own process: takes frames without pause, and gives the newest when asked.

    python -m edge.camera.worker SOURCE DESCRIPTOR live|all MAINS

Started by `edge.camera.apart`. It ends when the loop's end of the socket is closed, however the
loop ended.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge.camera.frame import Frame, RgbImage
from edge.camera.slots import SLOTS, Slots
from edge.camera.source import open_camera
from edge.camera.wire import receive, send, told_fault
from edge.errors import CameraLost, LeukoscopeError


@dataclass(frozen=True)
class _Ready:
    """A frame that lies in a slot and was not given out yet."""

    slot: int
    message: dict[str, Any]


class Publisher:
    """Puts frames into shared memory and hands out the newest.

    Args:
        link: To the loop.
        every_frame: Whether a frame waits until it was taken (files, rendered smears); a real
            camera's is replaced by the next.
    """

    def __init__(self, link: socket.socket, every_frame: bool) -> None:
        self._link = link
        self._every_frame = every_frame
        self._changed = threading.Condition()
        self._slots: Slots | None = None
        self._free: deque[int] = deque()
        self._memory_told = True
        self._filling: tuple[int, RgbImage] | None = None
        self._ready: _Ready | None = None
        self._last: dict[str, Any] | None = None

    def new_frame(self, shape: tuple[int, int, int]) -> RgbImage:
        """Where a camera may write its next frame: no copy is needed then."""
        with self._changed:
            slot = self._free_slot(shape)
            assert self._slots is not None
            self._filling = (slot, self._slots.picture(slot, shape))
            return self._filling[1]

    def publish(self, frame: Frame) -> None:
        """Offer a frame; one that lies in no slot yet is copied into one."""
        if self._filling is None or frame.rgb is not self._filling[1]:
            np.copyto(self.new_frame(frame.rgb.shape), frame.rgb)  # type: ignore[arg-type]
        with self._changed:
            assert self._filling is not None
            slot, self._filling = self._filling[0], None
            if self._ready is not None:
                self._free.append(self._ready.slot)
            message = {
                "slot": slot,
                "shape": list(frame.rgb.shape),
                "number": frame.number,
                "exposed_at_s": frame.exposed_at_s,
                "name": frame.name,
            }
            self._ready = _Ready(slot, message)
            self._changed.notify_all()
            if self._every_frame:
                self._changed.wait_for(lambda: self._ready is None)

    def end(self, message: dict[str, Any]) -> None:
        """Answer with this from now on, once what is ready was taken."""
        with self._changed:
            self._last = message
            self._changed.notify_all()

    def serve(self) -> None:
        """Answer the loop until it is gone."""
        while True:
            asked, _ = receive(self._link)
            with self._changed:
                self._free.extend(asked["free"])
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._ready is not None or self._last is not None)
                self._answer()
                self._changed.notify_all()

    def _answer(self) -> None:
        if self._ready is None:
            assert self._last is not None
            send(self._link, self._last)
            return
        if not self._memory_told:
            assert self._slots is not None
            send(self._link, {"memory": self._slots.slot_bytes}, self._slots.descriptor)
            self._memory_told = True
        send(self._link, self._ready.message)
        self._ready = None

    def _free_slot(self, shape: tuple[int, int, int]) -> int:
        size = shape[0] * shape[1] * shape[2]
        if self._slots is None or size > self._slots.slot_bytes:
            # What lies unseen in the smaller memory is let go: a newer frame is on its way.
            self._slots, self._memory_told = Slots.create(size), False
            self._free, self._ready, self._filling = deque(range(SLOTS)), None, None
        if self._filling is not None:
            return self._filling[0]
        if not self._free and self._ready is not None:
            # The loop holds all others: the frame that nobody took makes room.
            self._free.append(self._ready.slot)
            self._ready = None
        self._changed.wait_for(lambda: bool(self._free))
        return self._free.popleft()


def main(arguments: list[str]) -> int:
    """Open the camera, say hello, and serve frames until nobody wants any."""
    source, descriptor, which, mains = arguments
    # Ctrl-C at a terminal reaches both processes: the loop ends in order, and this one with it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    link = socket.socket(fileno=int(descriptor))
    try:
        camera = open_camera(source, mains)
    except LeukoscopeError as fault:
        send(link, told_fault(fault))
        return 1
    send(link, {"hello": True, "continuous": camera.continuous})
    publisher = Publisher(link, every_frame=which == "all")
    threading.Thread(target=_serve, args=(publisher,), daemon=True).start()
    with camera:
        if hasattr(camera, "new_frame"):
            camera.new_frame = publisher.new_frame
        try:
            for frame in camera.frames():
                publisher.publish(frame)
            publisher.end({"end": True})
        except LeukoscopeError as fault:
            publisher.end(told_fault(fault))
        except Exception as error:
            # A driver's own error: this process ends, and the loop starts another one.
            publisher.end(told_fault(CameraLost(f"The camera failed ({error!r}).")))
    threading.Event().wait()
    return 0


def _serve(publisher: Publisher) -> None:
    try:
        publisher.serve()
    except (EOFError, OSError):
        pass
    finally:
        # The loop is gone. The camera may hang: nothing is to be waited for.
        os._exit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
