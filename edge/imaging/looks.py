"""Which fields were looked at already: a hand that rests shows the same field many times.

Cells of a field are searched in its first frame at rest. Further frames of the same field, moved
by no more than a cell's edge, hold nothing that was not found or passed over before, unless they
are clearly sharper: the hand has settled, or turned the focus. Of a field that shares ground with
others searched before, that ground is known.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge.imaging.stage import Join, Place

_Square = tuple[int, int, int]

_FAR_UM: Final = 256.0
"""Side of the squares in which fields that may share ground are looked up: about a field."""


@dataclass(frozen=True)
class LookSettings:
    """When a field needs no further look.

    Attributes:
        most: Looks at one field, however much sharper it still becomes.
        sharper: So many times as sharp as at the last look, a field is worth another one; the
            sharpness of a field at rest is the same within a few percent. Cells in clusters are
            found then that were not told apart in the first frame of a hand that settles.
        known_sharper: So many times as sharp as another field that was searched, one is searched
            for all that both show: what fields in focus hold makes one up to 1.7 times as sharp as
            another of its slide (the wide fields of ``python -m bench.realtime``).
        near_um: Fields nearer than this are one field. So much new ground at the border holds no
            whole white cell, and a hand that settles moves by as much.
    """

    most: int = 3
    sharper: float = 1.1
    known_sharper: float = 1.5
    near_um: float = 3.0

    def __post_init__(self) -> None:
        if self.most < 1 or not (math.isfinite(self.near_um) and self.near_um > 0):
            raise ValueError("most must be at least 1, near_um a positive number")
        if not min(self.sharper, self.known_sharper) > 1:
            raise ValueError("sharper and known_sharper must be above 1")


@dataclass
class _Look:
    place: int
    x_um: float
    y_um: float
    times: int
    sharpness: float


class Looks:
    """The fields of one examination that were searched for cells."""

    def __init__(self, settings: LookSettings | None = None) -> None:
        self._settings = settings or LookSettings()
        self._looks: list[_Look] = []
        self._squares: dict[_Square, list[_Look]] = {}
        self._far_squares: dict[_Square, list[_Look]] = {}
        self._joins_done = 0

    def enough(self, place: Place, sharpness: float = 0.0) -> bool:
        """Whether the field at ``place`` needs no further look.

        Args:
            place: Where it lies.
            sharpness: As it is seen now, 1/um; 0 where that was not measured.
        """
        self._apply(place.joins)
        found = self._find(place)
        if found is None:
            return False
        limits = self._settings
        return found.times >= limits.most or sharpness <= limits.sharper * found.sharpness

    def note(self, place: Place, sharpness: float = 0.0) -> None:
        """The field at ``place`` was looked at (once more), so sharp in 1/um."""
        self._apply(place.joins)
        found = self._find(place)
        if found is None:
            self._add(_Look(place.place, place.x_um, place.y_um, 1, sharpness))
        else:
            found.times += 1
            found.sharpness = max(found.sharpness, sharpness)

    def known(
        self, place: Place, sharpness: float, width_um: float, height_um: float
    ) -> list[tuple[float, float]]:
        """Where fields searched before lie that share ground with the one at ``place``.

        Fields that were far less sharp are left out: their ground is worth another look.

        Args:
            place: Where the field lies.
            sharpness: As it is seen now, 1/um.
            width_um, height_um: Size of all fields.

        Returns:
            For each how far to the right and down of ``place`` it lies, um.
        """
        self._apply(place.joins)
        limits = self._settings
        reach = 1 + int(max(width_um, height_um) / _FAR_UM)
        _, column, row = _square(place.place, place.x_um, place.y_um, _FAR_UM)
        found = []
        for i in range(-reach, reach + 1):
            for j in range(-reach, reach + 1):
                for look in self._far_squares.get((place.place, column + i, row + j), ()):
                    right, down = look.x_um - place.x_um, look.y_um - place.y_um
                    one_field = math.hypot(right, down) < limits.near_um
                    sharper = limits.sharper if one_field else limits.known_sharper
                    shared = abs(right) < width_um and abs(down) < height_um
                    if shared and sharpness <= sharper * look.sharpness:
                        found.append((right, down))
        return found

    def _find(self, place: Place) -> _Look | None:
        _, column, row = _square(place.place, place.x_um, place.y_um, self._settings.near_um)
        near = [
            look
            for i in (-1, 0, 1)
            for j in (-1, 0, 1)
            for look in self._squares.get((place.place, column + i, row + j), ())
        ]
        if not near:
            return None

        def away_um(look: _Look) -> float:
            return math.hypot(look.x_um - place.x_um, look.y_um - place.y_um)

        nearest = min(near, key=away_um)
        return nearest if away_um(nearest) < self._settings.near_um else None

    def _add(self, look: _Look) -> None:
        self._looks.append(look)
        for squares, side_um in (
            (self._squares, self._settings.near_um),
            (self._far_squares, _FAR_UM),
        ):
            square = _square(look.place, look.x_um, look.y_um, side_um)
            squares.setdefault(square, []).append(look)

    def _apply(self, joins: Sequence[Join]) -> None:
        """Move the fields of places that turned out to be parts of others."""
        if len(joins) <= self._joins_done:
            return
        for join in joins[self._joins_done :]:
            for look in self._looks:
                if look.place == join.place:
                    look.place = join.into
                    look.x_um += join.x_um
                    look.y_um += join.y_um
        self._joins_done = len(joins)
        looks, self._looks, self._squares, self._far_squares = self._looks, [], {}, {}
        for look in looks:
            self._add(look)


def _square(place: int, x_um: float, y_um: float, side_um: float) -> _Square:
    return place, math.floor(x_um / side_um), math.floor(y_um / side_um)
