"""Pictures of cells into memory, prepared by the device's own code."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from convert.stores import PictureStores
from edge.imaging.crop import CropSpec, crop_cell
from train.cells import LabelledCell


def load_crops(
    folder: Path,
    cells: Sequence[LabelledCell],
    spec: CropSpec,
    progress: Callable[[int, int], None] = lambda done, total: None,
    white_reference: bool = True,
) -> NDArray[np.uint8]:
    """Crops of all cells, uint8, shape (cells, size, size, 3).

    ``white_reference=False`` leaves the colours as they are: no device does that, it is there to
    see what the preparation is worth.

    Raises:
        DataMissing: A zip or a picture in it cannot be read.
    """
    crops = np.empty((len(cells), spec.size_px, spec.size_px, 3), dtype=np.uint8)
    cut = crop_cell if white_reference else crop_unprepared
    with PictureStores() as stores:
        for index, cell in enumerate(cells):
            rgb = stores.read(folder / cell.zip, cell.file)
            centre = (rgb.shape[1] / 2, rgb.shape[0] / 2)
            crops[index] = cut(rgb, centre, cell.um_per_px, spec)
            progress(index + 1, len(cells))
    return crops


def shrink(crops: NDArray[np.uint8], side_px: int) -> NDArray[np.uint8]:
    """The same crops with fewer pixels, uint8, shape (cells, side, side, 3)."""
    side = (side_px, side_px)
    small = np.empty((len(crops), *side, 3), dtype=np.uint8)
    for index, crop in enumerate(crops):
        small[index] = Image.fromarray(crop).resize(side, Image.Resampling.BOX)
    return small


def crop_unprepared(
    rgb: NDArray[np.uint8], centre_px: tuple[float, float], um_per_px: float, spec: CropSpec
) -> NDArray[np.uint8]:
    """A crop as ``crop_cell`` makes it, but in the camera's own colours."""
    half_px = spec.size_px * spec.um_per_px / um_per_px / 2
    x, y = centre_px
    margin = math.ceil(half_px)
    padded = np.pad(rgb, ((margin, margin), (margin, margin), (0, 0)), mode="edge")
    box = (x - half_px + margin, y - half_px + margin, x + half_px + margin, y + half_px + margin)
    side = (spec.size_px, spec.size_px)
    return np.asarray(Image.fromarray(padded).resize(side, Image.Resampling.BILINEAR, box=box))
