"""Flood a relief from its peaks outward, and part it where two floods meet at a narrow neck."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.imaging.bitmask import BitGrid, Bits, bit_grid


def flood(levels: NDArray[np.int32], neck_ratio: float, min_drop: float) -> NDArray[np.int32]:
    """Part a relief at its necks.

    The water falls level by level. Where two floods meet, the shallower is swallowed unless the
    neck is lower than ``neck_ratio`` of its peak and at least ``min_drop`` levels below it.

    Args:
        levels: int32 (height, width); 0 outside.
        neck_ratio: Share of a peak's level, 0-1.
        min_drop: Levels.

    Returns:
        int32 labels, 1..n, in the order in which the peaks appeared; every pixel inside has one.
    """
    fall = _Fall(bit_grid(*levels.shape), neck_ratio, min_drop)
    steps = np.arange(int(levels.max(initial=0)), 0, -1)
    above = levels >= steps[:, None, None]
    for level, region in zip(steps.tolist(), fall.grid.pack_all(above), strict=True):
        fall.to(level, region)
    labels = np.zeros(levels.shape, dtype=np.int32)
    for number, owner in enumerate(sorted(fall.area), start=1):
        labels[fall.grid.unpack(fall.area[owner])] = number
    return labels


class _Fall:
    """Floods while the water falls.

    Attributes:
        grid: The geometry.
        area: The pixels of each flood that was not swallowed.
    """

    def __init__(self, grid: BitGrid, neck_ratio: float, min_drop: float) -> None:
        self.grid = grid
        self.area: dict[int, Bits] = {}
        self._neck_ratio = neck_ratio
        self._min_drop = min_drop
        self._peak: list[int] = []
        self._islands: list[tuple[Bits, list[int]]] = []  # pixels, and the floods on them

    def to(self, level: int, region: Bits) -> None:
        """Let the water fall to ``level``, where ``region`` is dry."""
        old, self._islands = self._islands, []
        dry = region
        while old:
            pixels, floods = old.pop()
            island = self.grid.flood(pixels, dry)
            apart = []
            for other in old:
                if other[0] & island:
                    floods = floods + other[1]
                else:
                    apart.append(other)
            old = apart
            dry &= ~island
            self._islands.append((island, self._settle(island, floods, level)))
        while dry:  # what no island reaches is a peak of its own, in reading order
            island = self.grid.flood(dry & -dry, dry)
            dry &= ~island
            self.area[len(self._peak)] = island
            self._islands.append((island, [len(self._peak)]))
            self._peak.append(level)

    def _settle(self, island: Bits, floods: list[int], level: int) -> list[int]:
        """Swallow the floods that are not parted from the deepest; share out the new pixels."""
        keep = min(floods, key=lambda one: (-self._peak[one], one))
        lasting = [keep]
        for other in floods:
            if other == keep:
                continue
            peak = self._peak[other]
            if level > self._neck_ratio * peak or peak - level < self._min_drop:
                self.area[keep] |= self.area.pop(other)
            else:
                lasting.append(other)
        if len(lasting) == 1:
            self.area[keep] = island
        else:
            self._spread(island, lasting)
        return lasting

    def _spread(self, island: Bits, floods: list[int]) -> None:
        """Give every new pixel to a flood next to it, ring by ring; of several to the newest."""
        newest_first = sorted(floods, reverse=True)
        free = island
        for one in floods:
            free &= ~self.area[one]
        while free:
            ring = {one: self.grid.grow(self.area[one], square=True) for one in newest_first}
            for one in newest_first:
                taken = ring[one] & free
                self.area[one] |= taken
                free &= ~taken
