"""What has been counted so far on one slide."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self


@dataclass(frozen=True)
class Tally:
    """Counts of one examination; immutable, a new one for every cell.

    Attributes:
        cells: White cells the network answered for.
        blasts: Those of them it flagged as blasts.
        abstained: White cells it would not judge; not among ``cells``.
        certain: Flagged cells of very high score, among ``blasts``.

    Raises:
        ValueError: A count is negative, more blasts than cells, or more certain ones than blasts.
    """

    cells: int = 0
    blasts: int = 0
    abstained: int = 0
    certain: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.certain <= self.blasts <= self.cells or self.abstained < 0:
            raise ValueError(f"impossible counts: {self}")

    def add(self, blast: bool | None, certain: bool = False) -> Self:
        """One more cell: flagged (True), not flagged (False), or abstained from (None).

        Args:
            blast: Which of them.
            certain: Its score is very high; counts for a flagged cell only.
        """
        if blast is None:
            return replace(self, abstained=self.abstained + 1)
        return replace(
            self,
            cells=self.cells + 1,
            blasts=self.blasts + int(blast),
            certain=self.certain + int(blast and certain),
        )

    @property
    def unflagged(self) -> int:
        """Answered cells that were not flagged."""
        return self.cells - self.blasts

    @property
    def seen(self) -> int:
        """All white cells met, answered or not."""
        return self.cells + self.abstained

    @property
    def abstention_share(self) -> float:
        """Abstained cells among all that were not flagged; 0 where there are none.

        Flagged cells are left out so that a blast more never makes the slide look better known.
        """
        others = self.unflagged + self.abstained
        return self.abstained / others if others else 0.0
