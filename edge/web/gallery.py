"""The cells of an examination as the gallery shows them: sorted by suspicion, filtered by call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from edge.records.reviews import PersonCall
from edge.records.rows import StoredCell
from edge.web.control import Mark, mark_of

PAGE_CELLS = 60
"""Cells put on the page at once; more follow when one scrolls to them."""
ALL = "all"
OPEN = "open"


@dataclass(frozen=True)
class CellView:
    """A cell with both calls.

    Attributes:
        number: Its number in the records.
        machine: The network's label.
        mark: How the network's call is marked.
        p_blast: The network's probability of a blast, 0-1.
        person: The person's call that counts; None while there is none.
    """

    number: int
    machine: str
    mark: Mark
    p_blast: float
    person: PersonCall | None

    @property
    def shown(self) -> Mark:
        """The mark that counts: the person's call goes before the network's."""
        return self.mark if self.person is None else mark_of(self.person.blast)

    @property
    def label(self) -> str:
        """The label that counts; for a cell that nobody told, ``not_told``."""
        if self.person is not None:
            return self.person.label
        return "not_told" if self.mark is Mark.UNSURE else self.machine

    @property
    def changed(self) -> bool:
        """Whether the person called it otherwise than the network did."""
        return self.person is not None and self.person.label != self.machine

    @property
    def seen(self) -> int | None:
        """Number of the newest review."""
        return None if self.person is None else self.person.number


@dataclass(frozen=True)
class Chip:
    """One filter and how many cells it lets through."""

    name: str
    count: int


def view(cell: StoredCell, calls: Mapping[int, PersonCall]) -> CellView:
    """A cell from its record and the persons' calls."""
    record = cell.record
    return CellView(
        cell.number, record.label, mark_of(record.blast), record.p_blast, calls.get(cell.number)
    )


def sorted_views(
    cells: Iterable[StoredCell], calls: Mapping[int, PersonCall], wanted: str = ALL
) -> list[CellView]:
    """The cells that a filter lets through, the most suspicious first."""
    views = [view(cell, calls) for cell in cells]
    return sorted((v for v in views if passes(v, wanted)), key=lambda v: (-v.p_blast, v.number))


def passes(cell: CellView, wanted: str) -> bool:
    """Whether a filter lets a cell through: ``all``, ``open``, a mark, or a label."""
    if wanted == OPEN:
        return cell.person is None
    return wanted in (ALL, cell.shown.value, cell.label)


def chips(views: Sequence[CellView]) -> list[Chip]:
    """The filters worth offering, with their counts."""
    marks = Counter(v.shown for v in views)
    labels = Counter(v.label for v in views)
    still_open = sum(v.person is None for v in views)
    offered = [Chip(ALL, len(views))]
    offered += [
        Chip(mark.value, marks[mark])
        for mark in (Mark.BLAST, Mark.OTHER, Mark.UNSURE)
        if marks[mark]
    ]
    if 0 < still_open < len(views):
        offered.append(Chip(OPEN, still_open))
    told = [(label, n) for label, n in labels.most_common() if label not in ("not_told", "blast")]
    return offered + [Chip(label, n) for label, n in told]
