"""Stands in for the kernel's V4L2 calls: a USB camera with the rules that drivers enforce."""

from __future__ import annotations

import errno
import io
from typing import ClassVar

import numpy as np
from PIL import Image

from edge.camera import videodev
from edge.camera.videodev import Buffer


def refused(number):
    return OSError(number, errno.errorcode[number])


class FakeVideo:
    """One camera; frames are of one colour, so that what was converted can be told."""

    path = "/dev/video0"
    formats: ClassVar[list[int]] = [videodev.YUYV, videodev.MJPEG]
    sizes: ClassVar[list[tuple[int, int]]] = [(320, 240), (64, 48), (640, 480)]
    capabilities = videodev.CAN_CAPTURE | videodev.CAN_STREAM
    buffer_bytes = 64 * 48 * 4
    power_lines: ClassVar[set[int]] = {0, 1, 2}  # off, 50 Hz, 60 Hz; few cameras have auto

    def __init__(self, light=(200, 120, 60), open_error=0, ends_after=None, broken=(), burst=1):
        self.light = light
        self.open_error = open_error
        self.ends_after = ends_after
        self.broken = set(broken)
        self.burst = burst
        self.opened = 0
        self.closed = 0
        self.streaming = False
        self.unplugged = False
        self.controls = {}
        self.power_line = None
        self.queued: list[int] = []
        self.filled: list[Buffer] = []
        self.memory: list[bytearray] = []
        self.frames = 0

    # --- the calls

    def open(self, path):
        if path != self.path:
            raise refused(errno.ENOENT)
        if self.open_error:
            raise refused(self.open_error)
        self.opened += 1
        return 7

    def close(self, descriptor):
        assert descriptor == 7
        self.closed += 1

    def map(self, descriptor, length, offset):
        index = offset // 4096
        assert length == self.buffer_bytes
        return memoryview(self.memory[index])

    def wait(self, descriptor, seconds):
        assert self.streaming, "a camera that does not stream is waited for"
        for _ in range(self.burst):
            self.expose()
        return bool(self.filled) or self.unplugged

    def ioctl(self, descriptor, request, argument):
        if self.unplugged:
            raise refused(errno.ENODEV)
        argument[:] = self.calls()[request](bytes(argument))

    def calls(self):
        return {
            videodev.QUERY_CAPABILITY: lambda _: videodev.CAPABILITY.pack(
                b"fake", b"Fake", b"usb", 1, videodev.HAS_DEVICE_CAPS, self.capabilities
            ),
            videodev.NAME_FORMAT: self.name_format,
            videodev.NAME_SIZE: self.name_size,
            videodev.SET_FORMAT: self.set_format,
            videodev.REQUEST: self.request,
            videodev.QUERY_BUFFER: self.query,
            videodev.QUEUE: self.queue,
            videodev.DEQUEUE: self.dequeue,
            videodev.STREAM_ON: self.stream_on,
            videodev.STREAM_OFF: self.stream_off,
            videodev.SET_CONTROL: self.control,
        }

    def name_format(self, asked):
        index = videodev.FORMAT_NAME.unpack(asked)[0]
        if index >= len(self.formats):
            raise refused(errno.EINVAL)
        return videodev.FORMAT_NAME.pack(index, videodev.CAPTURE, 0, b"", self.formats[index])

    def name_size(self, asked):
        index, pixels = videodev.FRAME_SIZE.unpack(asked)[:2]
        if index >= len(self.sizes):
            raise refused(errno.EINVAL)
        size = self.sizes[index]
        return videodev.FRAME_SIZE.pack(index, pixels, videodev.DISCRETE, *size, 0, 0, 0, 0)

    def set_format(self, asked):
        assert not self.memory, "the format cannot change under buffers"
        values = list(videodev.FORMAT.unpack(asked))
        self.width, self.height, self.pixels = values[1:4]
        values[5] = 0 if self.pixels == videodev.MJPEG else 2 * self.width + 16  # padded rows
        self.row = values[5]
        return videodev.FORMAT.pack(*values)

    def request(self, asked):
        count = min(videodev.REQUEST_BUFFERS.unpack(asked)[0], 3)  # fewer than asked for
        self.memory = [bytearray(self.buffer_bytes) for _ in range(count)]
        return videodev.REQUEST_BUFFERS.pack(count, videodev.CAPTURE, videodev.MAPPED, 0)

    def query(self, asked):
        index = Buffer.of(asked).index
        return Buffer(index, offset=index * 4096, length=self.buffer_bytes).packed()

    def queue(self, asked):
        index = Buffer.of(asked).index
        assert index not in self.queued, "a buffer was queued twice"
        assert index not in [b.index for b in self.filled], "queued while it was filled"
        self.queued.append(index)
        return asked

    def dequeue(self, asked):
        if not self.filled:
            raise BlockingIOError(errno.EAGAIN, "EAGAIN")
        return self.filled.pop(0).packed()

    def stream_on(self, asked):
        assert self.queued, "streaming without a buffer"
        self.streaming = True
        return asked

    def stream_off(self, asked):
        self.streaming = False
        return asked

    def control(self, asked):
        name, value = videodev.CONTROL.unpack(asked)
        if name == videodev.POWER_LINE_FREQUENCY:
            assert not self.streaming, "told when exposure had begun to settle"
            if value not in self.power_lines:
                raise refused(errno.EINVAL)
            self.power_line = value
            return asked
        assert self.frames, "locked before anything settled"
        if name == videodev.AUTO_FOCUS:
            raise refused(errno.EINVAL)  # this camera has none
        self.controls[name] = value
        return asked

    # --- the sensor

    def expose(self):
        if self.ends_after is not None and self.frames >= self.ends_after:
            return
        if not self.queued:
            return
        index = self.queued.pop(0)
        content = self.picture()
        self.memory[index][: len(content)] = content
        flags = videodev.BROKEN if self.frames in self.broken else 0
        at_s = 10 + self.frames / 15
        self.filled.append(Buffer(index, len(content), flags, at_s, self.frames))
        self.frames += 1

    def picture(self):
        rgb = np.full((self.height, self.width, 3), self.light, np.uint8)
        if self.pixels == videodev.MJPEG:
            out = io.BytesIO()
            Image.fromarray(rgb).save(out, "JPEG", quality=95)
            return out.getvalue()
        luma, blue, red = (np.asarray(Image.fromarray(rgb).convert("YCbCr"))[0, 0]).astype(float)
        y = round(16 + luma * 219 / 255)
        cb, cr = (round(128 + (value - 128) * 224 / 255) for value in (blue, red))
        rows = np.zeros((self.height, self.row), np.uint8)
        rows[:, : 2 * self.width] = np.tile(np.array([y, cb, y, cr], np.uint8), self.width // 2)
        return rows.tobytes()
