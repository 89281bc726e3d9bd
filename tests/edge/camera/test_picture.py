"""Whatever a person drops into a folder becomes upright RGB, or a clear word."""

from __future__ import annotations

import io
import os

import numpy as np
import pytest
from PIL import Image

from edge.camera import picture
from edge.camera.picture import check_picture, read_picture
from edge.errors import LeukoscopeError, PictureUnreadable, PictureUnusable


def gradient(height=40, width=60):
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x * 4, y * 5, 0 * x + 30], axis=2).astype(np.uint8)


def saved(tmp_path, image, name="picture.png", **options):
    path = tmp_path / name
    image.save(path, **options)
    return path


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.bmp", "a.webp"])
def test_a_lossless_picture_comes_back_pixel_by_pixel(tmp_path, name):
    rgb = gradient()
    options = {"lossless": True} if name.endswith("webp") else {}
    read = read_picture(saved(tmp_path, Image.fromarray(rgb), name, **options))
    assert read.dtype == np.uint8
    assert read.flags.c_contiguous
    assert read.flags.writeable
    np.testing.assert_array_equal(read, rgb)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_undone(tmp_path, orientation):
    upright = Image.fromarray(gradient())
    undo = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    stored = upright if undo is None else upright.transpose(undo)
    exif = Image.Exif()
    exif[0x0112] = orientation
    read = read_picture(saved(tmp_path, stored, "turned.png", exif=exif))
    np.testing.assert_array_equal(read, np.asarray(upright))


def test_grey_becomes_three_equal_channels(tmp_path):
    grey = gradient()[:, :, 0]
    read = read_picture(saved(tmp_path, Image.fromarray(grey)))
    np.testing.assert_array_equal(read, np.repeat(grey[:, :, None], 3, axis=2))


def test_black_and_white_becomes_0_and_255(tmp_path):
    read = read_picture(saved(tmp_path, Image.fromarray(gradient()).convert("1")))
    assert set(np.unique(read)) == {0, 255}


@pytest.mark.parametrize("name", ["deep.png", "deep.tif"])
def test_16_bit_grey_keeps_its_full_scale(tmp_path, name):
    deep = np.linspace(0, 65535, 40 * 60).reshape(40, 60).astype(np.uint16)
    read = read_picture(saved(tmp_path, Image.fromarray(deep), name))
    assert (read[0, 0, 0], read[-1, -1, 0]) == (0, 255)
    np.testing.assert_allclose(read[:, :, 1], deep / 257, atol=0.51)


def test_a_palette_picture_has_its_colours(tmp_path):
    rgb = np.zeros((40, 60, 3), np.uint8)
    rgb[:, 30:] = (200, 30, 90)
    image = Image.fromarray(rgb).convert("P", palette=Image.Palette.ADAPTIVE)
    np.testing.assert_array_equal(read_picture(saved(tmp_path, image)), rgb)


def test_transparency_lies_on_white(tmp_path):
    rgba = np.zeros((40, 60, 4), np.uint8)
    rgba[:, :30] = (10, 20, 30, 255)
    read = read_picture(saved(tmp_path, Image.fromarray(rgba)))
    assert tuple(read[0, 0]) == (10, 20, 30)
    assert tuple(read[0, 59]) == (255, 255, 255)


def test_a_transparent_palette_lies_on_white(tmp_path):
    image = Image.new("P", (40, 40), 0)
    image.putpalette([0, 0, 0, 250, 0, 0])
    image.paste(1, (0, 0, 20, 40))
    read = read_picture(saved(tmp_path, image, "clear.png", transparency=0))
    assert tuple(read[0, 0]) == (250, 0, 0)
    assert tuple(read[0, 39]) == (255, 255, 255)


@pytest.mark.parametrize("name", ["print.tif", "print.jpg"])
def test_cmyk_becomes_rgb(tmp_path, name):
    image = Image.new("RGB", (64, 64), (220, 120, 180)).convert("CMYK")
    read = read_picture(saved(tmp_path, image, name))
    np.testing.assert_allclose(read.mean(axis=(0, 1)), (220, 120, 180), atol=4)


@pytest.mark.parametrize("size", [(1, 1), (31, 400), (400, 31)])
def test_a_picture_smaller_than_a_cell_is_unusable(tmp_path, size):
    path = saved(tmp_path, Image.new("RGB", size))
    with pytest.raises(PictureUnusable, match=f"{size[0]} x {size[1]}"):
        read_picture(path)
    with pytest.raises(PictureUnusable):
        check_picture(path)


def test_a_huge_picture_is_refused_by_its_header_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(picture, "MAX_PIXELS", 1_000_000)
    path = saved(tmp_path, Image.new("L", (2000, 600)))
    with pytest.raises(PictureUnusable, match="million pixels"):
        read_picture(path)


@pytest.mark.parametrize("factor", [1.5, 3.0])
def test_a_decompression_bomb_is_refused_in_the_same_words(tmp_path, monkeypatch, factor):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", int(400 * 400 / factor))
    path = saved(tmp_path, Image.new("L", (400, 400)))
    with pytest.raises(PictureUnusable, match="million pixels"):
        read_picture(path)


def test_a_kind_whose_colours_are_not_defined_is_unusable(tmp_path):
    image = Image.fromarray(np.ones((40, 40), np.float32))
    with pytest.raises(PictureUnusable, match="kind F"):
        read_picture(saved(tmp_path, image, "numbers.tif"))


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0JFIF"])
def test_a_file_that_is_no_picture_is_named(tmp_path, content):
    path = tmp_path / "notes.png"
    path.write_bytes(content)
    with pytest.raises(PictureUnreadable, match=r"notes\.png"):
        read_picture(path)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF", "BMP"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_truncated_picture_is_never_half_a_picture(tmp_path, form, share):
    whole = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 255, (80, 80, 3), dtype=np.uint8)
    Image.fromarray(noise).save(whole, form)
    path = tmp_path / "half.img"
    path.write_bytes(whole.getvalue()[: int(len(whole.getvalue()) * share)])
    with pytest.raises(PictureUnreadable, match=r"half\.img"):
        read_picture(path)


def test_damaged_bytes_never_escape_as_another_error(tmp_path):
    whole = io.BytesIO()
    Image.fromarray(gradient()).save(whole, "PNG")
    rng = np.random.default_rng(2)
    path = tmp_path / "hurt.png"
    words = []
    for _ in range(60):
        hurt = bytearray(whole.getvalue())
        for at in rng.integers(0, len(hurt), 3):
            hurt[at] = rng.integers(0, 256)
        path.write_bytes(bytes(hurt))
        try:
            assert read_picture(path).shape[2] == 3
        except LeukoscopeError as error:
            words.append(str(error))
    assert words
    assert all("hurt.png" in word for word in words)


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe"])
def test_what_is_not_a_file_is_said_without_waiting(tmp_path, kind):
    path = tmp_path / "thing.png"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    with pytest.raises(PictureUnreadable, match="does not exist" if kind == "missing" else "not a"):
        read_picture(path)
