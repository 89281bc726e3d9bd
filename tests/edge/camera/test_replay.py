"""A folder of pictures is a camera whose frames are fields of their own."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from edge.camera.replay import ReplayCamera
from edge.errors import NoPictures, PictureUnreadable, PictureUnusable


def put(folder, name, grey=100, size=(48, 40)):
    folder.mkdir(exist_ok=True, parents=True)
    Image.new("RGB", size, (grey, grey, grey)).save(folder / name)


def test_pictures_come_in_name_order_once_each(tmp_path):
    for name, grey in [("b.png", 20), ("a.PNG", 10), ("c.webp", 30)]:
        put(tmp_path, name, grey)
    with ReplayCamera(tmp_path) as camera:
        frames = list(camera.frames())
    assert [frame.name for frame in frames] == ["a.PNG", "b.png", "c.webp"]
    assert [frame.number for frame in frames] == [0, 1, 2]
    assert [round(float(frame.rgb.mean()), -1) for frame in frames] == [10, 20, 30]
    assert not camera.continuous


def test_other_files_hidden_files_and_folders_inside_are_left_alone(tmp_path):
    put(tmp_path, "field.png")
    put(tmp_path / "inner", "deep.png")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "._field.png").write_bytes(b"what a Mac leaves on a stick")
    assert [frame.name for frame in ReplayCamera(tmp_path).frames()] == ["field.png"]


def test_pictures_are_read_only_when_their_turn_comes(tmp_path):
    put(tmp_path, "a.png")
    put(tmp_path, "b.png")
    frames = ReplayCamera(tmp_path).frames()
    next(frames)
    (tmp_path / "b.png").unlink()
    with pytest.raises(PictureUnreadable, match=r"b\.png does not exist"):
        next(frames)


@pytest.mark.parametrize("kind", ["missing", "empty", "file", "only notes"])
def test_a_folder_without_pictures_is_refused(tmp_path, kind):
    folder = tmp_path / "fields"
    if kind == "file":
        folder.write_text("")
    elif kind != "missing":
        folder.mkdir()
        if kind == "only notes":
            (folder / "notes.txt").write_text("")
    with pytest.raises(NoPictures, match="fields"):
        ReplayCamera(folder)


def test_a_file_that_is_no_picture_is_named_before_anything_is_counted(tmp_path):
    put(tmp_path, "a.png")
    (tmp_path / "z.png").write_text("no picture")
    with pytest.raises(PictureUnreadable, match=r"z\.png"):
        ReplayCamera(tmp_path)


def test_a_picture_of_one_pixel_is_named_before_anything_is_counted(tmp_path):
    put(tmp_path, "a.png")
    put(tmp_path, "b.png", size=(1, 1))
    with pytest.raises(PictureUnusable, match=r"b\.png has only 1 x 1"):
        ReplayCamera(tmp_path)


def test_a_damaged_picture_stops_after_the_whole_ones_before_it(tmp_path):
    put(tmp_path, "a.png")
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "b.png")
    whole = (tmp_path / "b.png").read_bytes()
    (tmp_path / "b.png").write_bytes(whole[: len(whole) // 2])
    frames = ReplayCamera(tmp_path).frames()
    assert next(frames).name == "a.png"
    with pytest.raises(PictureUnreadable, match=r"b\.png is damaged"):
        next(frames)
