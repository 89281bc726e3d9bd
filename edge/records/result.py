"""The result of an examination with a person's calls in it, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self


@dataclass(frozen=True)
class ReviewedResult:
    """Counts, share and differential in which a person's call goes before the network's.

    Attributes:
        cells: White cells in the count: called by a person, or answered for by the network.
        reviewed: Those of them that a person called.
        blasts: Those of them that count as blasts by whoever called them.
        removed: Cells that a person took out of the count (no white cell, cannot tell).
        not_told: Cells that the network would not judge and nobody reviewed.
        changed: Cells that the person called otherwise than the network did.
        blast_share: Share of blasts, 0 to 1; None where it cannot be computed (the network's
            error rates were not recorded, and not every cell is reviewed), or without cells.
        interval: Of the share, lower and upper end.
        differential: How many cells in the count have each label.
    """

    cells: int
    reviewed: int
    blasts: int
    removed: int
    not_told: int
    changed: int
    blast_share: float | None
    interval: tuple[float, float] | None
    differential: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain values, ready for ``json.dumps``."""
        values = asdict(self)
        values["interval"] = None if self.interval is None else list(self.interval)
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """What `as_json` gave."""
        interval = values["interval"]
        known = {**values, "interval": None if interval is None else tuple(interval)}
        return cls(**known)

    @property
    def complete(self) -> bool:
        """Whether a person has called every cell."""
        return self.reviewed == self.cells and self.not_told == 0
