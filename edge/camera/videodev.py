"""The part of Linux's videodev2.h that streaming from a camera needs, on 64-bit systems.

Layouts and request numbers are those of the Linux media documentation ("Part I - Video for Linux
API", struct v4l2_capability, v4l2_fmtdesc, v4l2_frmsizeenum, v4l2_format, v4l2_requestbuffers,
v4l2_buffer, v4l2_control) and of ioctl numbers (``Documentation/userspace-api/ioctl``): direction,
size, type ``V`` and number. They are part of the kernel's stable interface.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from edge.camera.mains import Mains

_WRITE, _READ = 1, 2


def _request(direction: int, number: int, size: int) -> int:
    """An ioctl request: two bits of direction, 14 of size, 8 of type, 8 of number."""
    return direction << 30 | size << 16 | ord("V") << 8 | number


CAPABILITY: Final = struct.Struct("16s32s32sIII12x")
FORMAT_NAME: Final = struct.Struct("III32sI16x")
FRAME_SIZE: Final = struct.Struct("IIIIIIIII8x")
FORMAT: Final = struct.Struct("I4xIIIIIIIIIIII152x")
REQUEST_BUFFERS: Final = struct.Struct("IIII4x")
BUFFER: Final = struct.Struct("IIIII4xqq16xIIQIII4x")
CONTROL: Final = struct.Struct("Ii")
STREAM: Final = struct.Struct("I")

QUERY_CAPABILITY: Final = _request(_READ, 0, CAPABILITY.size)
NAME_FORMAT: Final = _request(_READ | _WRITE, 2, FORMAT_NAME.size)
SET_FORMAT: Final = _request(_READ | _WRITE, 5, FORMAT.size)
REQUEST: Final = _request(_READ | _WRITE, 8, REQUEST_BUFFERS.size)
QUERY_BUFFER: Final = _request(_READ | _WRITE, 9, BUFFER.size)
QUEUE: Final = _request(_READ | _WRITE, 15, BUFFER.size)
DEQUEUE: Final = _request(_READ | _WRITE, 17, BUFFER.size)
STREAM_ON: Final = _request(_WRITE, 18, STREAM.size)
STREAM_OFF: Final = _request(_WRITE, 19, STREAM.size)
SET_CONTROL: Final = _request(_READ | _WRITE, 28, CONTROL.size)
NAME_SIZE: Final = _request(_READ | _WRITE, 74, FRAME_SIZE.size)

CAPTURE: Final = 1
"""Type of a buffer: V4L2_BUF_TYPE_VIDEO_CAPTURE."""
MAPPED: Final = 1
"""Memory of a buffer: V4L2_MEMORY_MMAP."""
CAN_CAPTURE: Final = 0x00000001
CAN_STREAM: Final = 0x04000000
HAS_DEVICE_CAPS: Final = 0x80000000
BROKEN: Final = 0x00000040
"""Flag of a buffer whose picture was damaged on the way: V4L2_BUF_FLAG_ERROR."""
DISCRETE: Final = 1
"""Kind of a frame size: this one, and no range."""

AUTO_WHITE_BALANCE: Final = 0x0098090C
AUTO_GAIN: Final = 0x00980912
AUTO_EXPOSURE: Final = 0x009A0901
MANUAL_EXPOSURE: Final = 1
AUTO_FOCUS: Final = 0x009A090C
POWER_LINE_FREQUENCY: Final = 0x00980918
POWER_LINES: Final = {
    Mains.AUTO: (3, 1),  # 50 Hz where the camera cannot find out
    Mains.HZ_50: (1,),
    Mains.HZ_60: (2,),
    Mains.OFF: (0,),
}
"""Values of that control (enum v4l2_power_line_frequency) in the order in which they are tried."""


def four(code: str) -> int:
    """A pixel format by its four letters."""
    return int.from_bytes(code.encode("ascii"), "little")


MJPEG: Final = four("MJPG")
JPEG: Final = four("JPEG")
YUYV: Final = four("YUYV")


@dataclass(frozen=True)
class Buffer:
    """A struct v4l2_buffer, as far as it matters here.

    Attributes:
        index: Which one.
        used: Bytes of it that are filled.
        flags: Such as ``BROKEN``.
        exposed_at_s: When, seconds on the monotonic clock.
        sequence: Counts frames of the camera, dropped ones too.
        offset: Where to map it from.
        length: Its size, bytes.
    """

    index: int
    used: int = 0
    flags: int = 0
    exposed_at_s: float = 0.0
    sequence: int = 0
    offset: int = 0
    length: int = 0

    def packed(self) -> bytearray:
        """For the kernel."""
        seconds = int(self.exposed_at_s)
        microseconds = round((self.exposed_at_s - seconds) * 1e6)
        return bytearray(
            BUFFER.pack(
                *(self.index, CAPTURE, self.used, self.flags, 0, seconds, microseconds),
                *(self.sequence, MAPPED, self.offset, self.length, 0, 0),
            )
        )

    @classmethod
    def of(cls, packed: bytes | bytearray) -> Buffer:
        """From the kernel."""
        index, _, used, flags, _, seconds, micro, sequence, _, offset, length, _, _ = BUFFER.unpack(
            packed
        )
        # The union holds a 32-bit offset here; the upper half belongs to other kinds of memory.
        offset &= 0xFFFFFFFF
        return cls(index, used, flags, seconds + micro / 1e6, sequence, offset, length)
