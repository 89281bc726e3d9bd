"""A whole way over a slide through stage, quality, locate and chart, as the loop takes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edge.camera.frame import Camera, Frame
from edge.imaging.chart import Chart
from edge.imaging.locate import Candidate, locate
from edge.imaging.quality import assess
from edge.imaging.stage import Place, Stage
from edge.imaging.steadiness import Steadiness


@dataclass(frozen=True)
class Followed:
    """One frame of the way.

    Attributes:
        frame: The frame.
        place: Where it was found.
        cells: White cells looked for in it, whole ones; None where it was only followed.
        numbers: Number of each in the chart; None where its place was not sure enough.
        new: Which of them, by index, were not counted before.
    """

    frame: Frame
    place: Place
    cells: list[Candidate] | None = None
    numbers: list[int | None] | None = None
    new: tuple[int, ...] = ()


def follow(
    camera: Camera, um_per_px: float, chart: Chart, count: bool = True
) -> Iterator[Followed]:
    """Go the whole way.

    Args:
        camera: The slide under a hand.
        um_per_px: Scale of its frames.
        chart: Takes up the cells.
        count: Whether cells are looked for; else fields are only followed.
    """
    stage, steadiness = Stage(um_per_px), Steadiness()
    for frame in camera.frames():
        place = stage.locate_field(frame.rgb)
        if not count:
            yield Followed(frame, place)
            continue
        quality = assess(frame.rgb, um_per_px)
        motion_um = quality.measures.motion_um if quality.measures else float("nan")
        if not quality.usable or not steadiness.rests(motion_um) or not place.countable:
            yield Followed(frame, place)
            continue
        height, width = frame.rgb.shape[:2]
        cells = [c for c in locate(frame.rgb, um_per_px) if _whole(c, width, height)]
        at = [on_slide_um(place, cell, um_per_px) for cell in cells]
        new = tuple(chart.new_cells(place, at))
        yield Followed(frame, place, cells, chart.numbers(place, at), new)


def on_slide_um(place: Place, cell: Candidate, um_per_px: float) -> tuple[float, float]:
    """Where a cell lies on the slide, as the loop charts it."""
    x_px, y_px = cell.anchor_px
    return place.x_um + x_px * um_per_px, place.y_um + y_px * um_per_px


def _whole(cell: Candidate, width: int, height: int) -> bool:
    right, bottom = cell.left_px + cell.width_px, cell.top_px + cell.height_px
    return cell.left_px >= 1 and cell.top_px >= 1 and right <= width - 1 and bottom <= height - 1
