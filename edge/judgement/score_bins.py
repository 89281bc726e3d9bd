"""Scores of white cells in a few bins of log-odds: plain data of bundle, loop and statistics."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

SCORE_EDGES: Final = (-5.0, -3.0, -1.0, 0.5, 2.5)
"""Between the bins, log-odds of p_blast."""

BINS: Final = len(SCORE_EDGES) + 1
NO_SCORES: Final = (0,) * BINS


def score_bin(p_blast: float) -> int:
    """The bin of a score, 0 for the lowest."""
    held = min(max(p_blast, 1e-12), 1 - 1e-12)
    return bisect_right(SCORE_EDGES, math.log(held / (1 - held)))


@dataclass(frozen=True)
class ScoreReference:
    """The scores of the patients that a network was measured on.

    Attributes:
        patients: White cells in each bin, a row for each patient or donor.

    Raises:
        ValueError: There is no patient, or a row is none of counts.
    """

    patients: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        if not self.patients:
            raise ValueError("a reference needs at least one patient")
        for row in self.patients:
            if len(row) != BINS or min(row) < 0 or sum(row) == 0:
                raise ValueError(f"a patient's scores are {BINS} counts, not all of them 0")
