"""USB cameras, against a stand-in for the kernel that keeps its rules."""

import ctypes
import errno
import itertools
from dataclasses import replace

import numpy as np
import pytest

from edge.camera import videodev
from edge.camera.mains import Mains
from edge.camera.source import open_camera
from edge.camera.v4l2 import Linux, V4l2Camera, V4l2Settings, yuyv_to_rgb
from edge.errors import CameraLost, CameraMissing, SourceUnknown
from tests.edge.camera.fake_video import FakeVideo

SMALL = V4l2Settings(size_px=(60, 50), settle_s=0.0, patience_s=0.2)


class OnlyYuyv(FakeVideo):
    formats = (videodev.YUYV,)


def some(camera, count):
    return list(itertools.islice(camera.frames(), count))


def test_requests_and_layouts_are_the_kernels():
    """Numbers as every program compiled against videodev2.h on 64-bit Linux has them."""
    assert videodev.QUERY_CAPABILITY == 0x80685600
    assert videodev.NAME_FORMAT == 0xC0405602
    assert videodev.SET_FORMAT == 0xC0D05605
    assert videodev.REQUEST == 0xC0145608
    assert videodev.QUERY_BUFFER == 0xC0585609
    assert videodev.QUEUE == 0xC058560F
    assert videodev.DEQUEUE == 0xC0585611
    assert videodev.STREAM_ON == 0x40045612
    assert videodev.STREAM_OFF == 0x40045613
    assert videodev.SET_CONTROL == 0xC008561C
    assert videodev.NAME_SIZE == 0xC02C564A
    assert ctypes.sizeof(ctypes.c_void_p) == 8


def test_a_buffer_survives_the_way_to_the_kernel_and_back():
    buffer = videodev.Buffer(3, 1000, 0x40, 12.5, 77, 0x9000, 4096)
    assert videodev.Buffer.of(buffer.packed()) == buffer


@pytest.mark.parametrize("kind", [FakeVideo, OnlyYuyv])
def test_frames_are_red_green_blue_of_the_nearest_size_and_stay(kind):
    video = kind()
    with V4l2Camera("/dev/video0", SMALL, video) as camera:
        frames = some(camera, 6)
        for frame in frames:
            assert frame.rgb.shape == (48, 64, 3)
            assert np.abs(frame.rgb.astype(int) - video.light).max() <= 4
    assert [frame.number for frame in frames] == list(range(6))
    assert np.allclose(np.diff([frame.exposed_at_s for frame in frames]), 1 / 15, atol=1e-5)
    assert (video.opened, video.closed, video.streaming) == (1, 1, False)


def test_a_loop_that_is_slow_gets_the_newest_and_buffers_go_back():
    video = FakeVideo(burst=3)
    with V4l2Camera("/dev/video0", SMALL, video) as camera:
        times = [frame.exposed_at_s for frame in some(camera, 3)]
    assert np.allclose(np.diff(times), 3 / 15, atol=1e-5), "two of three were dropped"


def test_exposure_and_colours_are_held_once_settled():
    video = FakeVideo()
    with V4l2Camera("/dev/video0", SMALL, video):
        assert video.controls == {
            videodev.AUTO_WHITE_BALANCE: 0,
            videodev.AUTO_EXPOSURE: videodev.MANUAL_EXPOSURE,
            videodev.AUTO_GAIN: 0,
        }


@pytest.mark.parametrize(
    ("mains", "offered", "told"),
    [
        (Mains.AUTO, {0, 1, 2, 3}, 3),
        (Mains.AUTO, {0, 1, 2}, 1),
        (Mains.HZ_60, {0, 1, 2}, 2),
        (Mains.OFF, {0, 1, 2}, 0),
        (Mains.HZ_50, set(), None),  # a camera without the control works as before
    ],
)
def test_the_camera_is_told_the_mains_before_exposure_settles(mains, offered, told):
    video = FakeVideo()
    video.power_lines = offered
    with V4l2Camera("/dev/video0", replace(SMALL, mains=mains), video) as camera:
        assert some(camera, 1)
        assert video.power_line == told


def test_pictures_damaged_on_the_cable_are_left_out():
    class Garbled(FakeVideo):
        def picture(self):
            return b"no jpeg" if self.frames == 5 else super().picture()

    with V4l2Camera("/dev/video0", SMALL, Garbled(broken={3})) as camera:
        frames = some(camera, 5)
    numbers = [round((frame.exposed_at_s - 10) * 15) for frame in frames]
    assert numbers == [1, 2, 4, 6, 7]


def test_frames_go_where_they_are_wanted():
    wanted = np.zeros((48, 64, 3), np.uint8)
    with V4l2Camera("/dev/video0", SMALL, FakeVideo()) as camera:
        camera.new_frame = lambda shape: wanted
        assert some(camera, 1)[0].rgb is wanted
    assert wanted.any()


def test_a_camera_pulled_out_or_silent_is_lost():
    video = FakeVideo()
    with V4l2Camera("/dev/video0", SMALL, video) as camera:
        frames = camera.frames()
        next(frames)
        video.unplugged = True
        with pytest.raises(CameraLost, match="is gone"):
            next(frames)
    with (
        V4l2Camera("/dev/video0", SMALL, FakeVideo(ends_after=3)) as camera,
        pytest.raises(CameraLost, match="gave no frame"),
    ):
        some(camera, 9)


@pytest.mark.parametrize(
    ("error", "word"), [(errno.EBUSY, "other programs"), (errno.EACCES, "group video")]
)
def test_a_camera_that_cannot_be_opened_says_what_to_do(error, word):
    with pytest.raises(CameraMissing) as fault:
        V4l2Camera("/dev/video0", SMALL, FakeVideo(open_error=error))
    assert word in fault.value.action


def test_nodes_that_are_no_camera_are_told_apart():
    class Metadata(FakeVideo):
        capabilities = 0x00800000

    class OnlyH264(FakeVideo):
        formats = (videodev.four("H264"),)

    for kind, word in ((Metadata, "no pictures"), (OnlyH264, "neither MJPEG nor YUYV")):
        video = kind()
        with pytest.raises(CameraMissing, match=word):
            V4l2Camera("/dev/video0", SMALL, video)
        assert video.closed == 1


def test_on_this_machine_a_file_is_no_camera(tmp_path):
    (tmp_path / "video0").write_text("")
    with pytest.raises(CameraMissing, match="no camera"):
        V4l2Camera(str(tmp_path / "video0"), SMALL, Linux())
    with pytest.raises(CameraMissing, match="cannot be opened"):
        open_camera("v4l2:/dev/video99?size=640x480")
    with pytest.raises(SourceUnknown):
        open_camera("v4l2:/dev/video99?colour=red")


def test_black_white_and_grey_are_exact():
    pairs = np.array([[[16, 128, 235, 128], [126, 128, 16, 128]]], np.uint8)
    out = np.empty((1, 4, 3), np.uint8)
    yuyv_to_rgb(pairs, out)
    assert out.tolist() == [[[0] * 3, [255] * 3, [128] * 3, [0] * 3]]
