"""Which counted cells lie in the field before the camera, so that the live picture can box them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from edge.imaging.stage import Join
from edge.screening import CountedCell, Step
from edge.web.control import Mark, MarkedCell, mark_of

_KEPT = 400
"""Cells remembered; a field holds a few dozen, and a hand comes back to the newest first."""


@dataclass
class _Seen:
    place: int
    x_um: float
    y_um: float
    width_um: float
    height_um: float
    mark: Mark


class FieldMarks:
    """Remembers where cells were counted on the slide, for one examination."""

    def __init__(self) -> None:
        self._seen: list[_Seen] = []
        self._joins_done = 0

    def marks(self, step: Step) -> tuple[MarkedCell, ...]:
        """The counted cells that lie in a step's field, new ones among them."""
        if step.place is None or not step.place.countable:
            # Nothing is known of where older cells lie; those of this very frame are here.
            return tuple(_marked(c) for c in step.cells if c.frame == step.frame.number)
        _join(self._seen, step.place.joins[self._joins_done :])
        self._joins_done = len(step.place.joins)
        known = [m for seen in self._seen if (m := _in_field(seen, step)) is not None]
        judged = [_seen(cell, step.um_per_px) for cell in step.cells]
        _join(judged, step.place.joins)  # they may have waited while places became one
        new = [replace(m, new=True) for seen in judged if (m := _in_field(seen, step)) is not None]
        self._seen += judged
        del self._seen[:-_KEPT]
        return (*known, *new)


def _join(cells: list[_Seen], joins: Sequence[Join]) -> None:
    """Move cells of places that turned out to be parts of others, in place."""
    for join in joins:
        for seen in cells:
            if seen.place == join.place:
                seen.place = join.into
                seen.x_um += join.x_um
                seen.y_um += join.y_um


def _marked(cell: CountedCell) -> MarkedCell:
    found = cell.candidate
    box = (found.left_px, found.top_px, found.width_px, found.height_px)
    return MarkedCell(box, mark_of(cell.call.blast), new=True)


def _seen(cell: CountedCell, um_per_px: float) -> _Seen:
    """Where a cell lies on the slide, by the frame it was judged in: maybe not the newest."""
    found, place = cell.candidate, cell.place
    return _Seen(
        place.place,
        place.x_um + found.left_px * um_per_px,
        place.y_um + found.top_px * um_per_px,
        found.width_px * um_per_px,
        found.height_px * um_per_px,
        mark_of(cell.call.blast),
    )


def _in_field(seen: _Seen, step: Step) -> MarkedCell | None:
    place, scale = step.place, step.um_per_px
    assert place is not None
    if seen.place != place.place:
        return None
    left, top = (seen.x_um - place.x_um) / scale, (seen.y_um - place.y_um) / scale
    width, height = seen.width_um / scale, seen.height_um / scale
    high, wide = step.frame.rgb.shape[:2]
    if left + width < 0 or top + height < 0 or left > wide or top > high:
        return None
    return MarkedCell((left, top, width, height), seen.mark, new=False)
