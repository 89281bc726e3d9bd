"""How many flagged cells call for REVIEW, for each number of cells.

Evidence is the likelihood ratio of "some share of blasts from S to 1" (a mixture, uniform in the
logarithm of the share: small shares are the hard ones) to "no blasts". The lowest bound is taken
whose false alarms, summed exactly over all ways of counting, keep the error rate.
"""

from __future__ import annotations

import numpy as np

from edge.judgement.bounds import LEAST_LOG_RATIO, lowest_bound, sparse_cells
from edge.judgement.gamma import FloatArray
from edge.judgement.operating_point import BetaSpread, OperatingPoint
from edge.judgement.rates import IntArray, log_likelihood, rate_weights, share_grid
from edge.judgement.urn import SequenceProbability, urn_start, urn_step

# Evidence asked for above the bound, on the log scale, is this over the number of cells. A flat
# bound spends nearly all of the error rate on the first lucky cells and none on the large counts
# that settle hard slides. At a sensitivity of 0.88 +- 0.10 and false blasts of 0.02 +- 0.03 (sd
# between patients), 20 raises the part of slides with 20% blasts that end in REVIEW within 600
# cells from 72 to 88% (50 would raise it to 91%, but ask for 81 cells in the median instead of
# 57, and a field of 30 cells must be able to speak).
_EARLY = 20.0


def review_boundary(
    point: OperatingPoint,
    share_limit: float,
    error_rate: float,
    least_cells: int,
    max_cells: int,
    least_flagged: int = 1,
) -> tuple[IntArray, float]:
    """Fewest flagged cells for REVIEW, and the exact probability of a false one.

    Args:
        point: Of the network at the threshold in question.
        share_limit: S.
        error_rate: Highest probability that a slide without blasts ever reaches the boundary.
        least_cells: Cells before REVIEW.
        max_cells: Cells after which counting ends.
        least_flagged: Flagged cells before REVIEW.

    Returns:
        Shape (max_cells + 1,), index n is the number of cells; above n where REVIEW cannot be
        reached. And the probability.
    """
    surface = _Surface(point, share_limit, least_cells, max_cells)

    def tables(log_bounds: FloatArray) -> IntArray:
        found = [surface.fewest(float(bound)) for bound in log_bounds]
        return np.stack([_trim(table, least_cells, least_flagged) for table in found])

    def errors(stack: IntArray) -> FloatArray:
        return false_review_rates(stack, point.false_blast_rate)

    best = lowest_bound(tables, errors, error_rate, LEAST_LOG_RATIO)
    if best is not None:
        return best
    return np.arange(max_cells + 1) + 1, 0.0


class _Surface:
    """The evidence for REVIEW at some numbers of cells and every number of flagged ones."""

    def __init__(
        self, point: OperatingPoint, share_limit: float, least_cells: int, max_cells: int
    ) -> None:
        self._max_cells = max_cells
        self._cells = sparse_cells(least_cells, max_cells)
        null = SequenceProbability(point.false_blast_rate, max_cells)
        shares = rate_weights(point, share_grid(share_limit))
        some_share = shares.mean(axis=0, keepdims=True)
        self._evidence: list[FloatArray] = []
        for n in self._cells:
            count = np.arange(n + 1, dtype=np.float64)
            cells = np.full(n + 1, float(n))
            ratio = log_likelihood(cells, count, some_share)[:, 0] - null(cells, count)
            # The most that any smaller count shows: an insensitive network may fall again.
            self._evidence.append(np.maximum.accumulate(ratio) - _EARLY / n)

    def fewest(self, log_bound: float) -> IntArray:
        """Fewest flagged whose evidence reaches a bound, between the numbers of cells by line."""
        crossing = [_crossing(evidence, log_bound) for evidence in self._evidence]
        cells = np.arange(self._max_cells + 1)
        reached = np.isfinite(crossing)
        if not reached.any():
            return cells + 1
        first = self._cells[int(np.argmax(reached))]
        fewest = np.ceil(np.interp(cells, self._cells[reached], np.array(crossing)[reached]))
        table: IntArray = np.where(cells >= first, fewest, cells + 1).astype(np.int64)
        return table


def _crossing(evidence: FloatArray, log_bound: float) -> float:
    """Where rising evidence reaches a bound, in flagged cells, between two counts by line."""
    above = evidence >= log_bound
    if not above[-1]:
        return float("inf")
    k = int(np.argmax(above))
    if k == 0:
        return 0.0
    part = (log_bound - evidence[k - 1]) / (evidence[k] - evidence[k - 1])
    return float(k - 1 + part)


def _trim(table: IntArray, least_cells: int, least_flagged: int) -> IntArray:
    """Never before the least counts; rising with n, by no more than one a cell."""
    table = np.maximum(table, least_flagged)
    start = min(least_cells, table.size)
    table[:start] = np.arange(start) + 1
    late = np.maximum.accumulate(table[start:])
    steps = np.arange(late.size)
    # c(n) >= c(n + 1) - 1: the largest of c(m) - (m - n) over later m.
    table[start:] = np.maximum.accumulate((late - steps)[::-1])[::-1] + steps
    return table


def false_review_rates(tables: IntArray, null: BetaSpread) -> FloatArray:
    """Probability that a slide without blasts ever has ``table[n]`` flagged cells or more.

    Args:
        tables: Boundaries, shape (rows, max_cells + 1).
        null: Rate of flagged cells on slides without blasts.

    Returns:
        Shape (rows,).
    """
    rows, size = tables.shape
    width = int(np.minimum(tables, np.arange(size) + 1).max()) + 1
    state = urn_start(rows, width)
    crossed = np.zeros(rows)
    flagged = np.arange(width)
    for n in range(1, size):
        state = urn_step(state, n, null)
        if int(tables[:, n].min()) < width:
            out = flagged >= tables[:, n][:, None]
            crossed += np.where(out, state, 0.0).sum(axis=1)
            state[out] = 0.0
    return crossed
