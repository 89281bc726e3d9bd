"""USB microscope cameras through Video4Linux2: streaming by mapped buffers, newest frame only.

Pictures come as MJPEG, which nearly every such camera offers in its larger sizes, or as YUYV.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import io
import mmap
import os
import select
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edge.camera import videodev
from edge.camera.frame import Frame, NewFrame, RgbImage
from edge.camera.mains import Mains
from edge.camera.videodev import Buffer
from edge.closing import Closing
from edge.errors import CameraLost, CameraMissing


@dataclass(frozen=True)
class V4l2Settings:
    """How the camera is driven.

    Attributes:
        size_px: Width and height asked for; the nearest in area that the camera offers is taken.
        buffers: Frames in flight.
        settle_s: Time given to exposure and white balance before they are locked.
        patience_s: A frame that takes longer means that the camera is lost.
        mains: What the microscope's lamp hangs on: exposure keeps to its periods.
    """

    size_px: tuple[int, int] = (1280, 960)
    buffers: int = 4
    settle_s: float = 2.0
    patience_s: float = 5.0
    mains: Mains = Mains.AUTO


class Kernel(Protocol):
    """The calls of the operating system that a camera is driven by."""

    def open(self, path: str) -> int:
        """A descriptor for reading and writing, which never waits."""
        ...

    def ioctl(self, descriptor: int, request: int, argument: bytearray) -> None:
        """Ask for something; the answer is in the argument."""
        ...

    def map(self, descriptor: int, length: int, offset: int) -> memoryview:
        """A buffer of the driver, to be read."""
        ...

    def wait(self, descriptor: int, seconds: float) -> bool:
        """Wait for a frame; whether there is one."""
        ...

    def close(self, descriptor: int) -> None:
        """Give the camera back."""
        ...


class Linux:
    """The calls themselves."""

    def open(self, path: str) -> int:
        """See `Kernel`."""
        return os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def ioctl(self, descriptor: int, request: int, argument: bytearray) -> None:
        """See `Kernel`."""
        fcntl.ioctl(descriptor, request, argument, True)

    def map(self, descriptor: int, length: int, offset: int) -> memoryview:
        """See `Kernel`."""
        return memoryview(
            mmap.mmap(descriptor, length, mmap.MAP_SHARED, mmap.PROT_READ, offset=offset)
        )

    def wait(self, descriptor: int, seconds: float) -> bool:
        """See `Kernel`."""
        ready, _, _ = select.select([descriptor], [], [], seconds)
        return bool(ready)

    def close(self, descriptor: int) -> None:
        """See `Kernel`."""
        os.close(descriptor)


class V4l2Camera(Closing):
    """Frames of a camera under ``/dev/video*``, newest only, colours locked after settling.

    Raises:
        CameraMissing: It is not there, in use, no camera, or offers no format known here.
        CameraLost: (from ``frames``) It was unplugged, or gave no frame for ``patience_s``.
    """

    continuous = True

    def __init__(
        self, path: str, settings: V4l2Settings | None = None, kernel: Kernel | None = None
    ) -> None:
        self._path = path
        self._settings = settings or V4l2Settings()
        self._kernel = kernel or Linux()
        self.new_frame: NewFrame = lambda shape: np.empty(shape, dtype=np.uint8)
        self._descriptor: int | None = self._open()
        self._buffers: list[memoryview] = []
        self._streaming = False
        try:
            self._check_camera()
            self._format, self._width, self._height, self._row = self._set_format()
            self._tell_mains()
            self._start()
            self._settle()
        except OSError as error:
            self.close()
            if isinstance(error, CameraMissing | CameraLost):
                raise
            raise CameraMissing(f"The camera {path} does not start ({error.strerror}).") from error
        except BaseException:
            self.close()
            raise

    def frames(self) -> Iterator[Frame]:
        """Frames until closed; where the loop was slow, the frames between are gone."""
        number = 0
        until_s = time.monotonic() + self._settings.patience_s
        while self._descriptor is not None:
            buffer = self._newest(max(0.0, until_s - time.monotonic()))
            try:
                rgb = self._decoded(buffer)
            finally:
                self._queue(buffer.index)
            if rgb is None:
                # Damaged on the USB cable: the next one is on its way.
                continue
            yield Frame(rgb, buffer.exposed_at_s or time.monotonic(), number)
            number += 1
            until_s = time.monotonic() + self._settings.patience_s

    def close(self) -> None:
        """Stop streaming and free the camera for other programs."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        if self._streaming:
            with contextlib.suppress(OSError):
                argument = bytearray(videodev.STREAM.pack(videodev.CAPTURE))
                self._kernel.ioctl(descriptor, videodev.STREAM_OFF, argument)
        self._buffers = []
        self._kernel.close(descriptor)

    def _open(self) -> int:
        try:
            return self._kernel.open(self._path)
        except OSError as error:
            action = None
            if error.errno == errno.EACCES:
                action = "Add the user to the group video, or install the service."
            elif error.errno == errno.EBUSY:
                action = "End other programs that use the camera."
            raise CameraMissing(
                f"The camera {self._path} cannot be opened ({error.strerror}).", action
            ) from error

    def _ask(self, request: int, argument: bytes | bytearray) -> bytearray:
        if self._descriptor is None:
            raise CameraLost(f"The camera {self._path} was closed.")
        answer = bytearray(argument)
        self._kernel.ioctl(self._descriptor, request, answer)
        return answer

    def _check_camera(self) -> None:
        empty = bytes(videodev.CAPABILITY.size)
        try:
            answer = videodev.CAPABILITY.unpack(self._ask(videodev.QUERY_CAPABILITY, empty))
        except OSError as error:
            raise CameraMissing(f"{self._path} is no camera ({error.strerror}).") from error
        _, _, _, _, all_nodes, this_node = answer
        can = this_node if all_nodes & videodev.HAS_DEVICE_CAPS else all_nodes
        if not (can & videodev.CAN_CAPTURE and can & videodev.CAN_STREAM):
            raise CameraMissing(
                f"{self._path} gives no pictures.",
                "A camera has several nodes; use its first, such as /dev/video0.",
            )

    def _set_format(self) -> tuple[int, int, int, int]:
        """Pixel format, width, height and bytes of a row that the camera agreed to."""
        offered = self._formats()
        # MJPEG first: over USB 2 a large YUYV picture comes twice a second.
        known = [f for f in (videodev.MJPEG, videodev.JPEG, videodev.YUYV) if f in offered]
        if not known:
            raise CameraMissing(f"The camera {self._path} offers neither MJPEG nor YUYV.")
        width, height = self._nearest_size(known[0])
        wanted = videodev.FORMAT.pack(
            videodev.CAPTURE, width, height, known[0], 1, 0, 0, 0, 0, 0, 0, 0, 0
        )
        agreed = videodev.FORMAT.unpack(self._ask(videodev.SET_FORMAT, wanted))
        _, width, height, pixels, _, row, *_ = agreed
        if pixels not in known or min(width, height) < 32:
            raise CameraMissing(f"The camera {self._path} does not keep to a format it offers.")
        return pixels, width, height, row or 2 * width

    def _formats(self) -> list[int]:
        found: list[int] = []
        while True:
            asked = videodev.FORMAT_NAME.pack(len(found), videodev.CAPTURE, 0, b"", 0)
            try:
                answer = videodev.FORMAT_NAME.unpack(self._ask(videodev.NAME_FORMAT, asked))
            except OSError as error:
                if error.errno == errno.EINVAL:  # there are no more
                    return found
                raise
            found.append(answer[4])

    def _nearest_size(self, pixels: int) -> tuple[int, int]:
        """The offered size nearest in area to the one asked for, and that one where none is."""
        wanted = self._settings.size_px
        sizes: list[tuple[int, int]] = []
        with contextlib.suppress(OSError):
            while True:
                asked = videodev.FRAME_SIZE.pack(len(sizes), pixels, *[0] * 7)
                answer = videodev.FRAME_SIZE.unpack(self._ask(videodev.NAME_SIZE, asked))
                if answer[2] != videodev.DISCRETE:
                    break  # any size within a range
                sizes.append((answer[3], answer[4]))
        area = wanted[0] * wanted[1]
        return min(sizes, key=lambda size: abs(size[0] * size[1] - area), default=wanted)

    def _start(self) -> None:
        asked = videodev.REQUEST_BUFFERS.pack(
            self._settings.buffers, videodev.CAPTURE, videodev.MAPPED, 0
        )
        answer = videodev.REQUEST_BUFFERS.unpack(self._ask(videodev.REQUEST, asked))
        given = answer[0]
        if given < 2:
            raise CameraMissing(f"The camera {self._path} has no memory for frames.")
        assert self._descriptor is not None
        for index in range(given):
            buffer = Buffer.of(self._ask(videodev.QUERY_BUFFER, Buffer(index).packed()))
            mapped = self._kernel.map(self._descriptor, buffer.length, buffer.offset)
            self._buffers.append(mapped)
            self._queue(index)
        self._ask(videodev.STREAM_ON, videodev.STREAM.pack(videodev.CAPTURE))
        self._streaming = True

    def _tell_mains(self) -> None:
        """Before exposure settles: automatic exposure then keeps to whole periods of the light."""
        for value in videodev.POWER_LINES[self._settings.mains]:
            # Cameras without this, or without the first choice, refuse it.
            with contextlib.suppress(OSError):
                control = videodev.CONTROL.pack(videodev.POWER_LINE_FREQUENCY, value)
                self._ask(videodev.SET_CONTROL, control)
                return

    def _settle(self) -> None:
        """Let exposure and colours settle, then hold them: a cell must not change its colour."""
        until_s = time.monotonic() + self._settings.settle_s
        while True:
            self._queue(self._newest(self._settings.patience_s).index)
            if time.monotonic() >= until_s:
                break
        for control, value in (
            (videodev.AUTO_WHITE_BALANCE, 0),
            (videodev.AUTO_EXPOSURE, videodev.MANUAL_EXPOSURE),
            (videodev.AUTO_GAIN, 0),
            (videodev.AUTO_FOCUS, 0),
        ):
            # Cameras have some of these; one that has none of them does not change anything.
            with contextlib.suppress(OSError):
                self._ask(videodev.SET_CONTROL, videodev.CONTROL.pack(control, value))

    def _newest(self, patience_s: float) -> Buffer:
        """The newest frame there is; older ones go back to the camera unseen."""
        assert self._descriptor is not None
        try:
            if not self._kernel.wait(self._descriptor, patience_s):
                raise CameraLost(f"The camera {self._path} gave no frame for {patience_s:g} s.")
            newest = self._dequeue()
            while True:
                try:
                    newer = self._dequeue()
                except BlockingIOError:
                    return newest
                self._queue(newest.index)
                newest = newer
        except OSError as error:
            if isinstance(error, CameraLost):
                raise
            raise CameraLost(f"The camera {self._path} is gone ({error.strerror}).") from error

    def _dequeue(self) -> Buffer:
        return Buffer.of(self._ask(videodev.DEQUEUE, Buffer(0).packed()))

    def _queue(self, index: int) -> None:
        if self._descriptor is None:
            return  # closed while the frame was in the loop's hands
        try:
            self._ask(videodev.QUEUE, Buffer(index).packed())
        except OSError as error:
            raise CameraLost(f"The camera {self._path} is gone ({error.strerror}).") from error

    def _decoded(self, buffer: Buffer) -> RgbImage | None:
        """The picture in a buffer; None when it was damaged."""
        content = self._buffers[buffer.index][: buffer.used]
        if buffer.flags & videodev.BROKEN or not len(content):
            return None
        if self._format == videodev.YUYV:
            return self._from_yuyv(content)
        try:
            with Image.open(io.BytesIO(content)) as picture:
                rgb = np.asarray(picture.convert("RGB"))
        except (OSError, ValueError, SyntaxError):
            return None
        if rgb.shape != (self._height, self._width, 3):
            return None
        frame = self.new_frame((self._height, self._width, 3))
        np.copyto(frame, rgb)
        return frame

    def _from_yuyv(self, content: memoryview) -> RgbImage | None:
        if len(content) < self._row * self._height:
            return None
        rows = np.frombuffer(content, np.uint8, self._row * self._height)
        pairs = rows.reshape(self._height, self._row)[:, : 2 * self._width]
        frame = self.new_frame((self._height, self._width, 3))
        yuyv_to_rgb(pairs.reshape(self._height, self._width // 2, 4), frame)
        return frame


def yuyv_to_rgb(pairs: NDArray[np.uint8], out: RgbImage) -> None:
    """Pairs of pixels that share their colour, as red, green and blue.

    Args:
        pairs: uint8, shape (height, width / 2, 4): luma, Cb, luma, Cr in 16..235 and 16..240.
        out: uint8, shape (height, width, 3), filled; ITU-R BT.601, as USB cameras give it.
    """
    height, half, _ = pairs.shape
    luma = (pairs[:, :, 0::2].reshape(height, 2 * half).astype(np.float32) - 16) * (255 / 219)
    blue = np.repeat((pairs[:, :, 1].astype(np.float32) - 128) * (255 / 224), 2, axis=1)
    red = np.repeat((pairs[:, :, 3].astype(np.float32) - 128) * (255 / 224), 2, axis=1)
    for channel, value in enumerate(
        (luma + 1.402 * red, luma - 0.344136 * blue - 0.714136 * red, luma + 1.772 * blue)
    ):
        np.clip(np.rint(value), 0, 255, out=value)
        out[:, :, channel] = value
