"""How many more cells: the way still to go to a verdict, expected and for 95 of 100 slides.

Whatever rates a slide may have, its calls are exchangeable, so the chance that the next cell is
flagged depends on the counts so far only. Going backwards from the maximum, the chance to have
reached a verdict by each number of cells, and the mean way to it, follow for every count from
those of one cell more. The table is made once for each network; a count then costs a look.

Nine slides of ten are taken to be without blasts, the tenth to have some share, small ones as
likely as large ones: a guess that the counts soon correct. Abstentions and the certain sign are
left out; with that sign it can only end sooner.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.judgement.gamma import FloatArray
from edge.judgement.operating_point import BetaSpread, OperatingPoint
from edge.judgement.rates import rate_grid, rate_weights
from edge.judgement.remembered import remembered
from edge.judgement.sequential import Boundaries, TestPlan, boundaries

_SHARES = tuple(float(s) for s in np.geomspace(0.01, 1.0, 8))
_HORIZONS = 32
_MOST_SLIDES = 0.95
_LIKELY = 0.5
_NO_BLASTS = 0.9


@dataclass(frozen=True)
class CellsNeeded:
    """Further answered cells to a verdict.

    Attributes:
        expected: On average over the slides that reach one; None where most would not.
        most: Enough for 95 of 100 slides like this one; None where fewer ever reach one.
    """

    expected: int | None
    most: int | None


def cells_needed(cells: int, blasts: int, point: OperatingPoint, plan: TestPlan) -> CellsNeeded:
    """What a slide with these counts still needs; 0 where the counts decide already."""
    table = way_table(point, plan)
    if cells > plan.max_cells or blasts >= table.expected.shape[1]:
        return CellsNeeded(None, None)
    expected, most = float(table.expected[cells, blasts]), float(table.most[cells, blasts])
    return CellsNeeded(
        expected=None if np.isnan(expected) else int(np.ceil(expected)),
        most=None if np.isnan(most) else int(np.ceil(most)),
    )


@dataclass(frozen=True)
class WayTable:
    """Ways still to go, shape (max_cells + 1, flagged); NaN where there is none."""

    expected: NDArray[np.float32]
    most: NDArray[np.float32]


@remembered(8)
def way_table(point: OperatingPoint, plan: TestPlan) -> WayTable:
    """The ways from every count to a verdict."""
    limits = boundaries(point, plan)
    size = plan.max_cells + 1
    width = int(np.minimum(limits.review, np.arange(size)).max()) + 1
    chance = _NextFlagged(point, plan.max_cells)
    horizons = np.unique(np.round(np.linspace(0, plan.max_cells, _HORIZONS))).astype(np.int64)
    expected = np.full((size, width), np.nan, dtype=np.float32)
    most = np.full((size, width), np.nan, dtype=np.float32)
    # One more column than can be counted: the flagged cell more than the last.
    reached = np.zeros((horizons.size, width + 1))
    way = np.zeros(width + 1)
    for n in range(plan.max_cells, -1, -1):
        if n < plan.max_cells:
            flagged = chance(n, width)
            onward = reached[:, :-1] + flagged * (reached[:, 1:] - reached[:, :-1])
            walked = way + reached[-1]
            way[:-1] = walked[:-1] + flagged * (walked[1:] - walked[:-1])
            reached[:, :-1] = onward
        reached[horizons <= n] = 0.0
        decided = _decided(n, width + 1, limits)
        reached[:, decided], way[decided] = 1.0, 0.0
        expected[n], most[n] = _read(n, reached[:, :width], way[:width], horizons)
    return WayTable(expected, most)


def _decided(n: int, width: int, limits: Boundaries) -> FloatArray:
    count = np.arange(width)
    return np.asarray((count >= limits.review[n]) | (count <= limits.green[n]))


def _read(
    n: int, reached: FloatArray, way: FloatArray, horizons: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Mean and 95% way from n cells, for each number flagged."""
    ever = reached[-1]
    expected = np.where(ever >= _LIKELY, way / np.maximum(ever, 1e-12), np.nan)
    enough = reached >= _MOST_SLIDES
    at = np.argmax(enough, axis=0)
    before = np.maximum(at - 1, 0)
    each = np.arange(way.size)
    low, high = reached[before, each], reached[at, each]
    part = np.clip((_MOST_SLIDES - low) / np.maximum(high - low, 1e-12), 0, 1)
    start = np.maximum(horizons[before], n)
    most = start + part * (horizons[at] - start) - n
    most = np.where(reached[0] >= 1, 0.0, most)
    return expected, np.where(enough.any(axis=0), most, np.nan)


class _NextFlagged:
    """Chance that the next cell is flagged, after n cells of which k were."""

    def __init__(self, point: OperatingPoint, max_cells: int) -> None:
        spreads = [point.false_blast_rate, *(_spread_of(point, s) for s in _SHARES)]
        some = (1 - _NO_BLASTS) / len(_SHARES)
        prior = np.array([_NO_BLASTS, *[some] * len(_SHARES)])
        self._a = np.array([spread.a for spread in spreads])[:, None]
        self._sum = np.array([spread.concentration for spread in spreads])[:, None]
        steps = np.arange(max_cells + 1)
        # Polya's urn as in urn.py, all distributions at once; index k, n - k and n.
        self._flagged = _sums(self._a + steps) + np.log(prior)[:, None]
        self._unflagged = _sums(self._sum - self._a + steps)
        self._all = _sums(self._sum + steps)

    def __call__(self, n: int, width: int) -> FloatArray:
        """Shape (width,), for 0, 1, ... flagged; 0 for more than n."""
        known = min(width, n + 1)
        log_each = self._flagged[:, :known] + self._unflagged[:, n - known + 1 : n + 1][:, ::-1]
        log_each = log_each - self._all[:, n : n + 1]
        weight = np.exp(log_each - log_each.max(axis=0))
        flagged = weight * (self._a + np.arange(known)) / (self._sum + n)
        chance = np.zeros(width)
        chance[:known] = flagged.sum(axis=0) / weight.sum(axis=0)
        return chance


def _sums(x: FloatArray) -> FloatArray:
    """Sums of the logarithms of the first 0, 1, ... columns, the same shape."""
    total = np.cumsum(np.log(x), axis=1)
    return np.concatenate([np.zeros((x.shape[0], 1)), total[:, :-1]], axis=1)


def _spread_of(point: OperatingPoint, share: float) -> BetaSpread:
    """The Beta distribution with mean and spread of the rate on slides of a share."""
    weights = rate_weights(point, _SHARES)[_SHARES.index(share)]
    mean = float(weights @ rate_grid())
    variance = max(float(weights @ (rate_grid() - mean) ** 2), 1e-9)
    return BetaSpread.from_mean_sd(mean, min(variance, mean * (1 - mean) * 0.99) ** 0.5)
