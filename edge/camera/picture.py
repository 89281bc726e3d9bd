"""One file on disk to upright RGB pixels, or a clear word why not."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from edge.camera.frame import RgbImage
from edge.errors import PictureUnreadable, PictureUnusable

PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp"})
"""Endings of file names that are taken for pictures."""

MIN_SIDE_PX = 32
"""Smaller than a white cell at any scale a microscope camera has."""

MAX_PIXELS = 64_000_000
"""About 190 MB as RGB: more than any field, and what a small Pi can still hold."""

_STRIP_ROWS = 128

_TRANSPARENT_MODES = frozenset({"RGBA", "RGBa", "LA", "La", "PA"})
_PLAIN_MODES = frozenset({"1", "L", "P", "CMYK", "YCbCr", "HSV", "RGBX"})


def read_picture(path: Path) -> RgbImage:
    """Read any picture Pillow knows as a person would see it.

    EXIF rotation is applied, transparency lies on white, CMYK, palette and grey become RGB, and
    16-bit grey is scaled so that full scale stays full scale. Of several pages the first is read.

    Args:
        path: The file.

    Returns:
        uint8, shape (height, width, 3), channel order red, green, blue, C-contiguous.

    Raises:
        PictureUnreadable: It is not there, no picture, or damaged.
        PictureUnusable: It is too small, too large, or of a kind whose colours are not defined.
    """
    with _open(path) as picture:
        _check_size(path, picture)
        return as_seen(picture, str(path))


def read_content(content: bytes, name: str) -> RgbImage:
    """The same for a picture's bytes, of any size that can be held: a labelled cell may be small.

    Raises:
        PictureUnreadable: They are no picture, or damaged; says ``name``.
        PictureUnusable: It is too large, or of a kind whose colours are not defined.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(content))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(name) from error
    except Exception as error:
        raise PictureUnreadable(f"{name} is no picture.") from error
    with picture:
        if picture.width * picture.height > MAX_PIXELS:
            raise _too_large(name)
        return as_seen(picture, name)


def as_seen(picture: Image.Image, name: str) -> RgbImage:
    """An open picture upright and in RGB; see ``read_picture``."""
    try:
        ImageOps.exif_transpose(picture, in_place=True)
        return _pixels(_to_rgb(name, picture))
    except PictureUnusable:
        raise
    except Exception as error:
        # Decoders meet damaged bytes with many kinds of error; all mean the same to a person.
        raise PictureUnreadable(f"{name} is damaged ({error}).") from error


def _pixels(picture: Image.Image) -> RgbImage:
    """The pixels in an array, taken over in strips: a wide field is held twice, not three times."""
    width, height = picture.size
    rgb = np.empty((height, width, 3), dtype=np.uint8)
    for top in range(0, height, _STRIP_ROWS):
        bottom = min(top + _STRIP_ROWS, height)
        rgb[top:bottom] = picture.crop((0, top, width, bottom))
    return rgb


def check_picture(path: Path) -> None:
    """Look at a picture's header only: cheap, and finds what can be found before decoding.

    Raises:
        PictureUnreadable: It is not there or no picture.
        PictureUnusable: It is too small or too large.
    """
    with _open(path) as picture:
        _check_size(path, picture)


def _open(path: Path) -> Image.Image:
    # A named pipe or a device would block or never end.
    if not path.is_file():
        what = "is not a file" if path.exists() else "does not exist"
        raise PictureUnreadable(f"{path} {what}.", "Name a picture file.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return Image.open(path)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(str(path)) from error
    except UnidentifiedImageError as error:
        raise PictureUnreadable(f"{path} is no picture.") from error
    except Exception as error:
        raise PictureUnreadable(f"{path} cannot be read ({error}).") from error


def _check_size(path: Path, picture: Image.Image) -> None:
    width, height = picture.size
    if min(width, height) < MIN_SIDE_PX:
        raise PictureUnusable(f"{path} has only {width} x {height} pixels.")
    if width * height > MAX_PIXELS:
        raise _too_large(str(path))


def _too_large(name: str) -> PictureUnusable:
    return PictureUnusable(
        f"{name} has more than {MAX_PIXELS // 1_000_000} million pixels.",
        "Cut it into smaller fields.",
    )


def _to_rgb(name: str, picture: Image.Image) -> Image.Image:
    mode = picture.mode
    if mode == "RGB":
        return picture
    if mode in _TRANSPARENT_MODES or "transparency" in picture.info:
        return _over_white(picture)
    if mode in _PLAIN_MODES:
        return picture.convert("RGB")
    if mode == "I" or mode.startswith("I;16"):
        return _from_16_bit(name, picture)
    raise PictureUnusable(
        f"{name} is of the kind {mode}, whose colours are not defined.",
        "Save it as 8-bit RGB.",
    )


def _over_white(picture: Image.Image) -> Image.Image:
    rgba = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")


def _from_16_bit(name: str, picture: Image.Image) -> Image.Image:
    # Pillow's own conversion clips at 255, which turns a 16-bit picture white.
    grey = np.asarray(picture).astype(np.int64)
    if grey.min() < 0 or grey.max() > 65535:
        raise PictureUnusable(f"{name} has values beyond 16 bits.", "Save it as 8-bit RGB.")
    return Image.fromarray(((grey + 128) // 257).astype(np.uint8)).convert("RGB")
