"""The worst mistakes, to be looked at: contact sheets of real cells.

Written where the report goes, never into the repository: the pictures are lent.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from edge.imaging.crop import CropSpec
from train.evaluation.calls import Calls
from train.pixels import load_crops

_SPEC: Final = CropSpec(size_px=128, um_per_px=0.2)
_COLUMNS: Final = 10
_CAPTION_PX: Final = 24


def missed_blasts(calls: Calls, count: int) -> Calls:
    """Signed blasts that the network is surest to be none."""
    return _first(calls, np.where(calls.is_blast, calls.p_blast, np.inf), count)


def false_blasts(calls: Calls, count: int) -> Calls:
    """Other white cells that the network is surest to be blasts."""
    others = calls.is_white & ~calls.is_blast
    return _first(calls, np.where(others, -calls.p_blast, np.inf), count)


def write_sheet(path: Path, calls: Calls, data: Path) -> None:
    """A sheet of cells with source label, patient and p_blast under each."""
    crops = load_crops(data, calls.cells, _SPEC)
    side = _SPEC.size_px
    rows = -(-len(crops) // _COLUMNS)
    sheet = Image.new("RGB", (_COLUMNS * side, rows * (side + _CAPTION_PX)), "white")
    draw = ImageDraw.Draw(sheet)
    for index, (crop, cell) in enumerate(zip(crops, calls.cells, strict=True)):
        x, y = index % _COLUMNS * side, index // _COLUMNS * (side + _CAPTION_PX)
        sheet.paste(Image.fromarray(crop), (x, y))
        draw.text((x + 2, y + side), cell.source_label[:20], fill="black")
        said = f"{cell.patient or cell.source} {calls.p_blast[index]:.3f}"
        draw.text((x + 2, y + side + 11), said, fill="black")
    sheet.save(path)


def _first(calls: Calls, rank: np.ndarray[tuple[int], np.dtype[np.float64]], count: int) -> Calls:
    places = np.argsort(rank, kind="stable")[:count]
    chosen = np.zeros(len(rank), dtype=bool)
    chosen[places[np.isfinite(rank[places])]] = True
    return calls.where(chosen)
