"""Which cells were counted already, in slide coordinates.

Cells lie in a grid of squares as wide as the tolerance, so that asking costs the same however
many were counted before.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edge.imaging.stage import Join, Place

_Square = tuple[int, int, int]


@dataclass(frozen=True)
class ChartSettings:
    """When two sightings are the same cell.

    Attributes:
        tolerance_um: Centres nearer than this are one cell. Centres of two blasts that touch are
            about 9 um apart; one cell's centre is found again within 1 to 2 um.
    """

    tolerance_um: float = 5.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.tolerance_um) and self.tolerance_um > 0):
            raise ValueError("tolerance_um must be a positive number")


@dataclass
class ChartedCell:
    """A cell that was counted.

    Attributes:
        number: Counts from 0 in order of counting.
        place: As in ``Place``.
        x_um: Centre where it was first seen, slide coordinates of the place.
        y_um: The same along y.
        sightings: In how many fields it was seen.
    """

    number: int
    place: int
    x_um: float
    y_um: float
    sightings: int


class Chart:
    """The cells of one examination, each once."""

    def __init__(self, settings: ChartSettings | None = None) -> None:
        self._tolerance_um = (settings or ChartSettings()).tolerance_um
        self._cells: list[ChartedCell] = []
        self._squares: dict[_Square, list[ChartedCell]] = {}
        self._joins_done = 0

    def __len__(self) -> int:
        return len(self._cells)

    @property
    def cells(self) -> Sequence[ChartedCell]:
        """All cells in order of counting."""
        return self._cells

    def new_cells(self, place: Place, centres_um: Sequence[tuple[float, float]]) -> list[int]:
        """Count the cells of one field that were not counted before.

        Args:
            place: Where the field lies; one that is not ``countable`` counts nothing.
            centres_um: Centres in slide coordinates (x, y): the place plus the centre in the
                field. Of two nearer than the tolerance the first stands for both.

        Returns:
            Indices into ``centres_um`` of the new cells, ascending; they are now counted, in this
            order, with the numbers that follow.

        Raises:
            ValueError: A centre is not finite.
        """
        self._apply(place.joins)
        if not place.countable:
            return []
        if not all(math.isfinite(x) and math.isfinite(y) for x, y in centres_um):
            raise ValueError("a cell's centre must be finite")
        new, seen = [], set()
        for i, (x_um, y_um) in enumerate(centres_um):
            cell = self._find(place.place, x_um, y_um)
            if cell is None:
                cell = ChartedCell(len(self._cells), place.place, float(x_um), float(y_um), 0)
                self._add(cell)
                new.append(i)
            if cell.number not in seen:
                seen.add(cell.number)
                cell.sightings += 1
        return new

    def numbers(self, place: Place, centres_um: Sequence[tuple[float, float]]) -> list[int | None]:
        """Numbers of the counted cells at some places; None where there is none.

        Args:
            place: Where the field lies.
            centres_um: As in ``new_cells``.
        """
        self._apply(place.joins)
        found = [self._find(place.place, x_um, y_um) for x_um, y_um in centres_um]
        return [None if cell is None else cell.number for cell in found]

    def _find(self, place: int, x_um: float, y_um: float) -> ChartedCell | None:
        """The nearest counted cell within the tolerance."""
        nearest, nearest_um = None, self._tolerance_um
        for cell in self._near(place, x_um, y_um):
            distance_um = math.hypot(cell.x_um - x_um, cell.y_um - y_um)
            if distance_um < nearest_um:
                nearest, nearest_um = cell, distance_um
        return nearest

    def _near(self, place: int, x_um: float, y_um: float) -> Iterator[ChartedCell]:
        _, column, row = self._square(place, x_um, y_um)
        for i in (-1, 0, 1):
            for j in (-1, 0, 1):
                yield from self._squares.get((place, column + i, row + j), ())

    def _square(self, place: int, x_um: float, y_um: float) -> _Square:
        side_um = self._tolerance_um
        return place, math.floor(x_um / side_um), math.floor(y_um / side_um)

    def _add(self, cell: ChartedCell) -> None:
        self._cells.append(cell)
        self._squares.setdefault(self._square(cell.place, cell.x_um, cell.y_um), []).append(cell)

    def _apply(self, joins: Sequence[Join]) -> None:
        """Move cells of places that turned out to be parts of others; none is counted again."""
        if len(joins) <= self._joins_done:
            return
        for join in joins[self._joins_done :]:
            for cell in self._cells:
                if cell.place == join.place:
                    cell.place = join.into
                    cell.x_um += join.x_um
                    cell.y_um += join.y_um
        self._joins_done = len(joins)
        cells, self._cells, self._squares = self._cells, [], {}
        for cell in cells:
            self._add(cell)
