"""A field as a JPEG for the page: reduced, with the counted cells boxed.

The marks differ in form and thickness as well as in colour, each drawn light on dark, so that they
can be told apart on any stain, in the sun and by the colour-blind.
"""

from __future__ import annotations

import io
from math import ceil

from PIL import Image, ImageDraw

from edge.web.control import FieldPicture, Mark, MarkedCell
from edge.web.settings import PageSettings

_DARK = (16, 20, 24)
_WHITE = (255, 255, 255)
_BLAST = (255, 214, 0)
_MARGIN_PX = 3


def encode_field(field: FieldPicture, settings: PageSettings) -> bytes:
    """A field as a JPEG, at most ``settings.picture_width_px`` wide."""
    return jpeg_of(field, settings.picture_width_px, settings.jpeg_quality)


def jpeg_of(field: FieldPicture, width_px: int, quality: int) -> bytes:
    """A field as a JPEG.

    Args:
        field: Picture and marks.
        width_px: It is reduced by a whole number to at most this width.
        quality: 1 to 95.
    """
    factor = max(1, ceil(field.rgb.shape[1] / width_px))
    picture = Image.fromarray(field.rgb)
    # At 1 nothing is to be reduced, but a copy is needed to draw on.
    picture = picture.reduce(factor) if factor > 1 else picture.copy()
    pen = ImageDraw.Draw(picture)
    for cell in field.marks:
        _draw(pen, cell, factor)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return out.getvalue()


def _draw(pen: ImageDraw.ImageDraw, cell: MarkedCell, factor: int) -> None:
    left, top, width, height = (value / factor for value in cell.box)
    box = (
        left - _MARGIN_PX,
        top - _MARGIN_PX,
        left + width + _MARGIN_PX,
        top + height + _MARGIN_PX,
    )
    if cell.mark is Mark.BLAST:
        pen.rectangle(_grown(box, 4), outline=_DARK, width=7)
        pen.rectangle(_grown(box, 2), outline=_BLAST, width=3)
        return
    if cell.mark is Mark.UNSURE:
        _corners(pen, box, _DARK, 5)
        _corners(pen, box, _WHITE, 3)
        return
    pen.rectangle(_grown(box, 1), outline=_DARK, width=3 if cell.new else 1)
    pen.rectangle(box, outline=_WHITE, width=2 if cell.new else 1)


def _grown(box: tuple[float, float, float, float], by: float) -> tuple[float, float, float, float]:
    return (box[0] - by, box[1] - by, box[2] + by, box[3] + by)


def _corners(
    pen: ImageDraw.ImageDraw,
    box: tuple[float, float, float, float],
    colour: tuple[int, int, int],
    width: int,
) -> None:
    """Only the corners of a box: nothing is closed where nothing is known."""
    left, top, right, bottom = box
    arm_x, arm_y = (right - left) / 4, (bottom - top) / 4
    for x, towards_x in ((left, arm_x), (right, -arm_x)):
        for y, towards_y in ((top, arm_y), (bottom, -arm_y)):
            pen.line((x, y, x + towards_x, y), fill=colour, width=width)
            pen.line((x, y, x, y + towards_y), fill=colour, width=width)
