"""A contact sheet: the cells of examinations side by side at one scale, as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from edge.errors import StoreUnwritable

_COLUMNS = 12
_CAPTION_PX = 16
_MARGIN_PX = 6
_TITLE_PX = 34
_BAR_UM = 10.0
_PAPER = (250, 250, 248)
_INK = (30, 30, 34)


@dataclass(frozen=True)
class SheetCell:
    """One cell on the sheet.

    Attributes:
        crop: uint8, shape (size, size, 3); all of a sheet are of one size and scale.
        caption: A few characters below it.
        frame_rgb: Colour of its frame; it repeats what the caption says.
    """

    crop: NDArray[np.uint8]
    caption: str
    frame_rgb: tuple[int, int, int]


@dataclass(frozen=True)
class SheetSection:
    """Cells of one examination under a title; where there are none, ``empty`` says why."""

    title: str
    cells: Sequence[SheetCell]
    empty: str = "No cells were counted."


def draw_contact_sheet(
    sections: Sequence[SheetSection], um_per_px: float, cell_px: int = 96
) -> Image.Image:
    """Draw sections one below the other.

    Args:
        sections: What to show.
        um_per_px: Scale of the crops, for the bar.
        cell_px: Side of a cell on the sheet.
    """
    pitch_x, pitch_y = cell_px + _MARGIN_PX, cell_px + _CAPTION_PX + _MARGIN_PX
    width = _COLUMNS * pitch_x + _MARGIN_PX
    depths = [_depth_px(section, pitch_y) for section in sections]
    height = sum(depths) + _TITLE_PX * (len(sections) + 1)
    sheet = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    title_font, caption_font = ImageFont.load_default(16), ImageFont.load_default(11)
    top = 0
    for section, depth in zip(sections, depths, strict=True):
        draw.text((_MARGIN_PX, top + 8), section.title, _INK, title_font)
        top += _TITLE_PX
        if not section.cells:
            draw.text((_MARGIN_PX, top + 4), section.empty, _INK, caption_font)
        for index, cell in enumerate(section.cells):
            x = _MARGIN_PX + index % _COLUMNS * pitch_x
            y = top + index // _COLUMNS * pitch_y
            picture = Image.fromarray(cell.crop).resize((cell_px, cell_px))
            sheet.paste(picture, (x, y))
            draw.rectangle(
                (x - 2, y - 2, x + cell_px + 1, y + cell_px + 1), None, cell.frame_rgb, 3
            )
            draw.text((x, y + cell_px + 3), cell.caption, _INK, caption_font)
        top += depth
    crop_px = next((s.cells[0].crop.shape[1] for s in sections if s.cells), cell_px)
    bar_px = _BAR_UM / um_per_px * cell_px / crop_px
    draw.line((_MARGIN_PX, top + 10, _MARGIN_PX + bar_px, top + 10), _INK, 3)
    legend = f"{_BAR_UM:.0f} um    Screening aid for research use, not a diagnosis."
    draw.text((_MARGIN_PX + bar_px + 8, top + 3), legend, _INK, caption_font)
    return sheet


def _depth_px(section: SheetSection, pitch_px: int) -> int:
    """Height of a section below its title."""
    rows = -(-len(section.cells) // _COLUMNS)
    return rows * pitch_px if rows else _TITLE_PX


def write_contact_sheet(
    path: Path, sections: Sequence[SheetSection], um_per_px: float, cell_px: int = 96
) -> None:
    """Draw and save a sheet as PNG.

    Raises:
        StoreUnwritable: The file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draw_contact_sheet(sections, um_per_px, cell_px).save(path, "PNG")
    except OSError as error:
        action = "Name a file in a folder that can be written."
        raise StoreUnwritable(
            f"Contact sheet {path} cannot be written: {error}.", action
        ) from error
