"""Ground that was searched before: what lies in it was found or passed over then.

A hand that moves on shows half of the last field again. Of the dark pieces of a new field only
those are looked into that may belong to a cell which no earlier field showed whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.imaging.components import Mask


class Ground(NamedTuple):
    """A rectangle, in pixels of the picture that is searched; it may reach beyond it."""

    left: float
    top: float
    right: float
    bottom: float


def is_known(
    grounds: Sequence[Ground], width: float, height: float, around: float, slack: float
) -> bool:
    """Whether every cell of a picture was shown whole before, wherever it lies.

    Args:
        grounds: What was searched before.
        width, height: Size of the picture.
        around: How far a cell may reach from its middle, all in one unit.
        slack: So much new ground at a border holds no whole cell.
    """
    step = around / 4
    x, y = np.arange(0.0, width + step, step), np.arange(0.0, height + step, step)
    left, right = np.maximum(x - around, 0.0), np.minimum(x + around, width)
    top, bottom = np.maximum(y - around, 0.0), np.minimum(y + around, height)
    known = np.zeros((y.size, x.size), dtype=np.bool_)
    for ground in grounds:
        across = (left >= ground.left - slack) & (right <= ground.right + slack)
        down = (top >= ground.top - slack) & (bottom <= ground.bottom + slack)
        known |= down[:, None] & across
    return bool(known.all())


@dataclass(frozen=True)
class KnownGround:
    """What was searched before of one picture.

    Attributes:
        grounds: float64 (n, 4), as ``Ground``: left, top, right, bottom.
        shape: Height and width of the picture.
        around: How far around its nucleus a cell, lobes and all, may reach.
        slack: So much new ground at a border of ``grounds`` holds no whole cell.
    """

    grounds: NDArray[np.float64]
    shape: tuple[int, int]
    around: float
    slack: float

    def news(self, boxes: NDArray[np.int64]) -> tuple[Mask, Mask]:
        """Which pieces of a picture may belong to cells that were not shown whole before.

        Args:
            boxes: int64 (m, 4), left, top, right and bottom of each piece.

        Returns:
            bool (m,) twice: those that may; and those that do not but lie beside one that does.
        """
        if not len(self.grounds):
            return np.ones(len(boxes), dtype=np.bool_), np.zeros(len(boxes), dtype=np.bool_)
        height, width = self.shape
        low = np.maximum(boxes[:, :2] - self.around, 0.0)
        high = np.minimum(boxes[:, 2:] + self.around, (width, height))
        grounds = self.grounds[:, None]
        within = (low >= grounds[..., :2] - self.slack) & (high <= grounds[..., 2:] + self.slack)
        new = ~within.all(axis=2).any(axis=0)
        apart = (low[:, None] > high[None, new]) | (high[:, None] < low[None, new])
        beside = ~apart.any(axis=2).all(axis=1) & ~new
        return new, beside
