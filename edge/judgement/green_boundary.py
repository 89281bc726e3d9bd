"""How few flagged cells speak for NO BLASTS FOUND, for each number of cells.

Evidence is the smallest of the likelihood ratios of "no blasts" to each share of a grid from S to
1. Misses are held to the error rate for each share apart, so that no assumption about the
frequency of shares enters, nor one that larger shares are easier (an insensitive network would
break it).
"""

from __future__ import annotations

import numpy as np

from edge.judgement.bounds import LEAST_LOG_RATIO, lowest_bound, sparse_cells
from edge.judgement.gamma import FloatArray
from edge.judgement.operating_point import OperatingPoint
from edge.judgement.rates import IntArray, log_likelihood, rate_grid, rate_weights, share_grid
from edge.judgement.urn import SequenceProbability, urn_start, urn_step

# As in review_boundary.py: 200 raises the part of slides with 1% false blasts that end green within
# 400 cells from 88 to 93% (sensitivity 0.88 +- 0.10, false blasts 0.02 +- 0.03).
_EARLY = 200.0


def green_boundary(
    point: OperatingPoint, share_limit: float, error_rate: float, least_cells: int, max_cells: int
) -> tuple[IntArray, float]:
    """Most flagged cells for NO BLASTS FOUND, and the exact probability of a wrong one.

    Args:
        point: Of the network.
        share_limit: S, the smallest share of blasts that must not be missed.
        error_rate: Highest probability that a slide with S or more ever reaches the boundary.
        least_cells: Unflagged cells before NO BLASTS FOUND.
        max_cells: Cells after which counting ends.

    Returns:
        Shape (max_cells + 1,); -1 where it cannot be reached. And the probability, the largest
        over the shares.
    """
    evidence = _Evidence(point, share_limit, least_cells, max_cells)

    def tables(log_bounds: FloatArray) -> IntArray:
        return np.stack([_trim(evidence.most(float(b)), least_cells) for b in log_bounds])

    best = lowest_bound(tables, evidence.false_green_rates, error_rate, LEAST_LOG_RATIO)
    if best is not None:
        return best
    return np.full(max_cells + 1, -1), 0.0


class _Evidence:
    """The evidence for green at some numbers of cells, and at all of them with none flagged."""

    def __init__(
        self, point: OperatingPoint, share_limit: float, least_cells: int, max_cells: int
    ) -> None:
        self._max_cells, self._null_spread = max_cells, point.false_blast_rate
        self._null = SequenceProbability(point.false_blast_rate, max_cells)
        self._shares = rate_weights(point, share_grid(share_limit))
        # Beyond the mean of slides of share S, or a fifth of the cells, counts do not speak for it.
        usual = max_cells * float(self._shares[0] @ rate_grid())
        self._width = min(max(8, int(np.ceil(usual)) + 1), max(8, max_cells // 5), max_cells + 1)
        self._cells = sparse_cells(least_cells, max_cells)
        self._weakest = [self._at(n) for n in self._cells]
        every = np.arange(least_cells, max_cells + 1)
        none = self._ratios(every, np.zeros_like(every)).min(axis=1) - _EARLY / every
        self._none_flagged = np.concatenate([np.full(least_cells, -np.inf), none])

    def _ratios(self, cells: IntArray, flagged: IntArray) -> FloatArray:
        """Log ratio of "no blasts" to each share, shape (m, shares)."""
        n, k = cells.astype(np.float64), flagged.astype(np.float64)
        return np.asarray(self._null(n, k)[:, None] - log_likelihood(n, k, self._shares))

    def _at(self, n: int) -> FloatArray:
        count = np.arange(min(self._width, n + 1))
        weakest = self._ratios(np.full(count.size, n), count).min(axis=1)
        # The least that any smaller count shows: all of them must speak for green.
        return np.asarray(np.minimum.accumulate(weakest) - _EARLY / n)

    def most(self, log_bound: float) -> IntArray:
        """Most flagged whose evidence reaches a bound, between the numbers of cells by line."""
        crossing = [_crossing(weakest, log_bound) for weakest in self._weakest]
        most = np.floor(np.interp(np.arange(self._max_cells + 1), self._cells, crossing))
        reached = self._none_flagged >= log_bound
        table: IntArray = np.where(reached, np.maximum(most, 0), -1).astype(np.int64)
        return table

    def false_green_rates(self, tables: IntArray) -> FloatArray:
        """Largest probability over shares that a slide ever has at most ``table[n]`` flagged.

        The probability of each first crossing at (n, k) is summed for slides without blasts, by
        Polya's urn; divided by the likelihood ratio at (n, k), it is that of slides of a share.

        Args:
            tables: Trimmed boundaries, shape (rows, max_cells + 1): a slide above the boundary
                can only cross it where it has just risen, by one, to the slide's own count.

        Returns:
            Shape (rows,).
        """
        rows, size = tables.shape
        width = int(tables.max()) + 2
        crossed = np.zeros((rows, self._shares.shape[0]))
        state, flagged = urn_start(rows, width), np.arange(width)
        for n in range(1, size):
            state = urn_step(state, n, self._null_spread)
            risen = np.flatnonzero(tables[:, n] > tables[:, n - 1])
            if risen.size:
                count = tables[risen, n]
                first = state[risen, count]
                ratios = self._ratios(np.full(risen.size, n), count)
                crossed[risen] += first[:, None] * np.exp(-ratios)
                state[flagged <= tables[:, n][:, None]] = 0.0
        return np.asarray(crossed.max(axis=1))


def _crossing(weakest: FloatArray, log_bound: float) -> float:
    """Where falling evidence leaves a bound, in flagged cells, between two counts by line."""
    passed = weakest >= log_bound
    if not passed[0]:
        return -1.0
    if passed.all():
        return float(passed.size - 1)
    k = int(np.argmin(passed))
    return float(k - 1 + (weakest[k - 1] - log_bound) / (weakest[k - 1] - weakest[k]))


def _trim(table: IntArray, least_cells: int) -> IntArray:
    """Only with enough unflagged cells; rising with n, by no more than one a cell."""
    cells = np.arange(table.size)
    table = np.minimum(table, cells - least_cells)
    table = np.maximum(np.minimum.accumulate(table[::-1])[::-1], -1)
    # g(n + 1) <= g(n) + 1: the smallest of g(m) + (n - m) over earlier m.
    return np.asarray(np.minimum.accumulate(table - cells) + cells)
