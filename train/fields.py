"""White cells that others boxed in fields: crops of them, at the scale measured.

Fields are pictures of a camera at an eyepiece, of healthy blood: no label says which white cell it
is, only that it is none of leukemia. Boxes are read in two forms: Pascal VOC (``annotations/``) and
YOLO (``labels/``, class 0 the white cell).
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataMissing, LeukoscopeError
from edge.imaging.crop import CropSpec, crop_cell
from edge.pictures import ScaledPicture, scaled_pictures
from train.pixels import crop_unprepared

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, in pixels."""

FIELD_ZIPS: Final = {"bccd": "bccd_fields.zip", "raabin": "raabin_phone.zip"}
"""Sources of boxed fields, none of them ever trained on."""

_WHITE_CELL: Final = {"voc": "WBC", "yolo": "0"}
_VOC_SIDES: Final = ("xmin", "ymin", "xmax", "ymax")
_BORDER_PX: Final = 2


def boxed_fields(path: Path) -> Iterator[tuple[ScaledPicture, list[Box]]]:
    """Every field of a zip with the boxes of its white cells, scales measured together.

    Raises:
        DataMissing: The zip, a picture or its boxes cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory() as scratch:
            names = sorted(name for name in archive.namelist() if name.startswith("images/"))
            pictures = [Path(archive.extract(name, scratch)) for name in names]
            for name, picture in zip(names, scaled_pictures(pictures, None), strict=True):
                if isinstance(picture, LeukoscopeError):
                    raise picture
                height, width = picture.rgb.shape[:2]
                yield picture, white_cell_boxes(archive, name, (height, width))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise DataMissing(f"Fields {path} cannot be read: {error}.") from error


def white_cell_boxes(archive: zipfile.ZipFile, name: str, size: tuple[int, int]) -> list[Box]:
    """Boxes of the white cells of the picture ``name``; ``size`` is (height, width), pixels."""
    stem = name.removeprefix("images/").rsplit(".", 1)[0]
    voc = f"annotations/{stem}.xml"
    if voc in archive.namelist():
        return [
            tuple_of_sides(item)
            for item in ElementTree.fromstring(archive.read(voc)).iter("object")
            if item.findtext("name") == _WHITE_CELL["voc"]
        ]
    height, width = size
    boxes = []
    for line in archive.read(f"labels/{stem}.txt").decode().splitlines():
        kind, *numbers = line.split()
        if kind == _WHITE_CELL["yolo"]:
            x, y, w, h = map(float, numbers)
            boxes.append(
                (
                    (x - w / 2) * width,
                    (y - h / 2) * height,
                    (x + w / 2) * width,
                    (y + h / 2) * height,
                )
            )
    return boxes


def tuple_of_sides(item: ElementTree.Element) -> Box:
    """One VOC box."""
    left, top, right, bottom = (float(item.findtext(f"bndbox/{k}") or 0) for k in _VOC_SIDES)
    return left, top, right, bottom


def boxed_crops(path: Path, spec: CropSpec, white_reference: bool = True) -> NDArray[np.uint8]:
    """Crops of all boxed white cells that lie whole in their field; see ``load_crops``.

    Returns:
        uint8, shape (cells, size, size, 3).
    """
    crops = []
    for picture, boxes in boxed_fields(path):
        if picture.um_per_px is None:
            continue
        height, width = picture.rgb.shape[:2]
        for left, top, right, bottom in boxes:
            inside = min(left, top, width - right, height - bottom) > _BORDER_PX
            if inside:
                centre = ((left + right) / 2, (top + bottom) / 2)
                cut = crop_cell if white_reference else crop_unprepared
                crops.append(cut(picture.rgb, centre, picture.um_per_px, spec))
    return np.stack(crops)
