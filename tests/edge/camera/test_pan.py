"""A viewport over one wide picture whose true path is known."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter

from edge.camera.hand import HandSettings
from edge.camera.pan import PanCamera, PanSettings
from edge.errors import PictureUnreadable

VIEW = PanSettings(viewport_px=(320, 240), seed=2)


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    noise = np.random.default_rng(0).integers(0, 255, (700, 900, 3), dtype=np.uint8)
    path = tmp_path_factory.mktemp("pan") / "wide.png"
    Image.fromarray(noise).filter(ImageFilter.GaussianBlur(2)).save(path)
    return path


def test_a_frame_at_rest_is_cut_from_the_picture_where_it_says(wide):
    pixels = np.asarray(Image.open(wide))
    camera = PanCamera(wide, VIEW)
    at_rest = 0
    for frame in camera.frames():
        x, y = camera.true_offset_px(frame.number)
        if camera.true_smear_px(frame.number) < 1:
            at_rest += 1
            np.testing.assert_array_equal(
                frame.rgb, pixels[int(y) : int(y) + 240, int(x) : int(x) + 320]
            )
    assert at_rest > 20


def test_a_frame_in_motion_is_blurred_about_its_true_place(wide):
    pixels = np.asarray(Image.open(wide)).astype(float)
    camera = PanCamera(wide, VIEW)
    frames = list(camera.frames())
    fastest = max(frames, key=lambda frame: camera.true_smear_px(frame.number))
    assert camera.true_smear_px(fastest.number) > 5
    assert fastest.rgb.std() < 0.9 * frames[0].rgb.std()
    x, y = (round(at) for at in camera.true_offset_px(fastest.number))
    errors = {
        (dx, dy): np.abs(pixels[y + dy : y + dy + 240, x + dx : x + dx + 320] - fastest.rgb).mean()
        for dx in (-3, 0, 3)
        for dy in (-3, 0, 3)
        if 0 <= x + dx <= 580 and 0 <= y + dy <= 460
    }
    assert min(errors, key=errors.get) == (0, 0)


def test_it_ends_when_the_whole_picture_was_seen(wide):
    camera = PanCamera(wide, VIEW)
    seen = np.zeros((700, 900), bool)
    for frame in camera.frames():
        if camera.true_smear_px(frame.number) < 1:
            x, y = camera.true_offset_px(frame.number)
            seen[int(y) : int(y) + 240, int(x) : int(x) + 320] = True
    print(f"seen at rest: {seen.mean():.4f}, frames: {camera.length}")
    assert seen.mean() > 0.995


def test_the_same_seed_gives_the_same_frames(wide):
    for one, other in zip(
        PanCamera(wide, VIEW).frames(), PanCamera(wide, VIEW).frames(), strict=True
    ):
        np.testing.assert_array_equal(one.rgb, other.rgb)


def test_asked_for_more_frames_it_walks_back_and_forth(wide):
    once = PanCamera(wide, VIEW).length
    camera = PanCamera(wide, PanSettings(VIEW.viewport_px, frames=2 * once, seed=2))
    assert camera.length == 2 * once
    assert camera.true_offset_px(2 * (once - 1)) == camera.true_offset_px(0)
    assert camera.true_offset_px(once) == camera.true_offset_px(once - 2)


def test_asked_for_fewer_frames_it_stops_early(wide):
    camera = PanCamera(wide, PanSettings(VIEW.viewport_px, frames=5))
    assert [frame.number for frame in camera.frames()] == list(range(5))


def test_the_viewport_shrinks_to_a_small_picture(wide):
    camera = PanCamera(wide, PanSettings((1280, 500)))
    assert camera.viewport_px == (900, 500)
    assert all(frame.rgb.shape == (500, 900, 3) for frame in camera.frames())


def test_times_are_those_of_the_hand(wide):
    camera = PanCamera(wide, VIEW, HandSettings(frame_interval_s=0.1))
    times = [frame.exposed_at_s for frame in camera.frames()]
    np.testing.assert_allclose(np.diff(times), 0.1)


def test_a_missing_picture_is_named(tmp_path):
    with pytest.raises(PictureUnreadable, match=r"none\.png"):
        PanCamera(tmp_path / "none.png")


@pytest.mark.parametrize("wrong", [{"viewport_px": (10, 900)}, {"frames": 0}])
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match="must be"):
        PanSettings(**wrong)
