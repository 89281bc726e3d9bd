"""The sequential test: at which counts a slide may be called, its error rates kept exactly.

Evidence is the likelihood ratio of the counts, beta-binomial under "no blasts" and a mixture of
binomials under "a share s of blasts" (see rates.py). Because calls are exchangeable, each ratio
is a martingale under its own null hypothesis, so by Ville's inequality the bounds 1/alpha and
1/beta would keep the error rates however often one looks (Wald 1947; Shafer et al. 2011). They
keep them with much to spare: the spread between patients, not the count, is what limits. As the
count ends at a maximum, the probability of ever crossing a bound can be summed exactly over
(cells, flagged) instead, and the lowest bound that keeps the error rate is taken. The bound falls
with the number of cells towards its final height, so that few cells must be more extreme.

- REVIEW: the ratio of "some share from S to 1" (a mixture over shares, uniform in their
  logarithm: small shares are the hard ones) to "no blasts". Its false alarms are those of slides
  without blasts, averaged over patients: at most alpha.
- NO BLASTS FOUND: the smallest of the ratios of "no blasts" to each share of a grid from S to 1.
  Its misses are held to beta for each share apart, so that no assumption about the frequency of
  shares enters, nor one that larger shares are easier (an insensitive network would break it).

Either region is then trimmed, which only lowers error rates, so that one more flagged cell never
leads towards green and one more unflagged cell never leads away from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from edge.judgement.gamma import FloatArray
from edge.judgement.operating_point import BetaSpread, OperatingPoint
from edge.judgement.rates import log_likelihood, rate_grid, rate_weights

IntArray = NDArray[np.int64]

# A colour needs evidence that is at least this much likelier under its own hypothesis, even
# where the error rates would allow less: a network that tells nothing must not be lucky.
_LEAST_RATIO = 3.0
_BISECTIONS = 10
# Evidence asked for above the bound, on the log scale, is this over the number of cells. A flat
# bound spends nearly all of the error rate on the first lucky cells and none on the large counts
# that settle hard slides. At a sensitivity of 0.88 +- 0.10 and false blasts of 0.02 +- 0.03 (sd
# between patients), 20 for REVIEW raises the part of slides with 20% blasts that end in REVIEW
# within 600 cells from 72 to 88% (50 would raise it to 91%, but ask for 81 cells in the median
# instead of 57, and a field of 30 cells must be able to speak), and 200 for green that of slides
# with 1% false blasts that end green within 400 cells from 88 to 93%.
_EARLY_REVIEW = 20.0
_EARLY_GREEN = 200.0


@dataclass(frozen=True)
class TestPlan:
    """What the sequential test must keep.

    Attributes:
        share_limit: S, the smallest blast share that must not be missed.
        alpha: Highest probability of REVIEW on a slide without blasts.
        beta: Highest probability of NO BLASTS FOUND on a slide with a share of S or more.
        least_cells_review: Answered cells before REVIEW.
        least_cells_green: Unflagged answered cells before NO BLASTS FOUND.
        max_cells: Answered cells after which counting ends.
    """

    __test__ = False  # not a test of pytest's

    share_limit: float
    alpha: float
    beta: float
    least_cells_review: int
    least_cells_green: int
    max_cells: int


@dataclass(frozen=True)
class Boundaries:
    """Counts at which the test decides; index n is the number of answered cells, 0 to maximum.

    Attributes:
        review: Fewest flagged cells for REVIEW; above n where it cannot be reached.
        green: Most flagged cells for NO BLASTS FOUND; -1 where it cannot be reached.
        false_review: Probability that a slide without blasts ever reaches ``review``.
        false_green: The same for ``green``, the largest over shares from S to 1.
    """

    review: IntArray
    green: IntArray
    false_review: float
    false_green: float


def share_grid(share_limit: float) -> tuple[float, ...]:
    """Shares that stand for "S or more": S to 1 in equal ratios."""
    return tuple(float(s) for s in np.geomspace(share_limit, 1.0, 8))


@lru_cache(maxsize=32)
def boundaries(point: OperatingPoint, plan: TestPlan) -> Boundaries:
    """The test's boundaries for this network; about a second, then remembered."""
    review, false_review = _review_boundary(point, plan)
    green, false_green = _green_boundary(point, plan)
    for table in (review, green):
        table.flags.writeable = False
    return Boundaries(review, green, false_review, false_green)


def _review_boundary(point: OperatingPoint, plan: TestPlan) -> tuple[IntArray, float]:
    null = point.false_blast_rate
    fewest = _FewestFlagged(point, plan)

    def crossing(log_bound: float) -> tuple[IntArray, float]:
        table = _trim_review(fewest(log_bound), plan)
        return table, false_review_rate(table, null)

    return _lowest_bound(crossing, plan.alpha)


def _lowest_bound(
    crossing: Callable[[float], tuple[IntArray, float]], error_rate: float
) -> tuple[IntArray, float]:
    """The boundary of the lowest likelihood ratio whose crossing keeps ``error_rate``."""
    low, high = float(np.log(_LEAST_RATIO)), float(-np.log(error_rate))
    if low >= high:
        return crossing(low)
    best = crossing(low)
    if best[1] <= error_rate:
        return best
    best = crossing(high)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        tried = crossing(middle)
        if tried[1] <= error_rate:
            high, best = middle, tried
        else:
            low = middle
    return best


class _FewestFlagged:
    """For each n the fewest flagged whose ratio to "no blasts" reaches a bound, by bisection.

    What was found for other bounds brackets the search: a higher bound needs no fewer.
    """

    def __init__(self, point: OperatingPoint, plan: TestPlan) -> None:
        self._cells = np.arange(plan.max_cells + 1, dtype=np.float64)
        self._null = _UrnTable(point.false_blast_rate, plan.max_cells)
        shares = rate_weights(point, share_grid(plan.share_limit))
        self._some_share = shares.mean(axis=0, keepdims=True)
        self._found: dict[float, FloatArray] = {}

    def __call__(self, log_bound: float) -> IntArray:
        """Shape (max_cells + 1,); n + 1 where even n flagged of n do not reach it."""
        bound = log_bound + _EARLY_REVIEW / np.maximum(self._cells, 1)
        low, high = self._bracket(log_bound)  # low does not reach it, high does
        while (todo := np.flatnonzero(high - low > 1)).size:
            cells, middle = self._cells[todo], np.floor((low[todo] + high[todo]) / 2)
            some_share = log_likelihood(cells, middle, self._some_share)[:, 0]
            reached = some_share - self._null(cells, middle) >= bound[todo]
            high[todo] = np.where(reached, middle, high[todo])
            low[todo] = np.where(reached, low[todo], middle)
        self._found[log_bound] = high
        return high.astype(np.int64)

    def _bracket(self, log_bound: float) -> tuple[FloatArray, FloatArray]:
        low, high = np.full(self._cells.shape, -1.0), self._cells + 1
        for other, table in self._found.items():
            if other <= log_bound:
                low = np.maximum(low, table - 1)
            if other >= log_bound:
                high = np.minimum(high, table)
        return low, high


class _UrnTable:
    """ln P of a sequence under a Beta spread, from sums: Polya's urn has no integral."""

    def __init__(self, spread: BetaSpread, max_cells: int) -> None:
        steps = np.arange(max_cells)
        self._flagged = _running_sum(np.log(spread.a + steps))
        self._unflagged = _running_sum(np.log(spread.b + steps))
        self._all = _running_sum(np.log(spread.a + spread.b + steps))

    def __call__(self, cells: FloatArray, blasts: FloatArray) -> FloatArray:
        n, k = cells.astype(np.int64), blasts.astype(np.int64)
        return np.asarray(self._flagged[k] + self._unflagged[n - k] - self._all[n])


def _running_sum(x: FloatArray) -> FloatArray:
    return np.concatenate([[0.0], np.cumsum(x)])


def _trim_review(table: IntArray, plan: TestPlan) -> IntArray:
    """Never before the least count; rising with n, by no more than one a cell."""
    table = table.copy()
    start = min(plan.least_cells_review, plan.max_cells + 1)
    table[:start] = np.arange(start) + 1
    late = np.maximum.accumulate(table[start:])
    steps = np.arange(late.size)
    # c(n) >= c(n + 1) - 1: the largest of c(m) - (m - n) over later m.
    table[start:] = np.maximum.accumulate((late - steps)[::-1])[::-1] + steps
    return table


def false_review_rate(table: IntArray, null: BetaSpread) -> float:
    """Probability that a slide without blasts ever has ``table[n]`` flagged cells or more."""
    width = int(np.minimum(table, np.arange(table.size) + 1).max()) + 1
    state = _urn_start(width)
    crossed = 0.0
    for n in range(1, table.size):
        state = _urn_step(state, n, null)
        limit = int(table[n])
        if limit < width:
            crossed += float(state[limit:].sum())
            state[limit:] = 0.0
    return crossed


def _green_boundary(point: OperatingPoint, plan: TestPlan) -> tuple[IntArray, float]:
    ratios = _log_ratios(point, plan)
    weakest = ratios.min(axis=1)
    width = weakest.shape[1]
    early = _EARLY_GREEN / np.maximum(np.arange(plan.max_cells + 1), 1)

    def crossing(log_bound: float) -> tuple[IntArray, float]:
        passed = weakest >= (log_bound + early)[:, None]
        # Most flagged with every smaller number passing too.
        table = np.where(passed.all(axis=1), width, np.argmin(passed, axis=1)) - 1
        table = _trim_green(table.astype(np.int64), plan)
        return table, _false_green_rate(table, ratios, point.false_blast_rate)

    return _lowest_bound(crossing, plan.beta)


def _log_ratios(point: OperatingPoint, plan: TestPlan) -> FloatArray:
    """Log likelihood ratio of "no blasts" to each share, for n cells of which k are flagged.

    Returns:
        Shape (max_cells + 1, shares, width), index (n, share, k); -inf where k > n and
        before the least count for green. The width ends at the mean rate of slides of share S,
        where counts no longer speak for green, and at a fifth of the cells.
    """
    weights = rate_weights(point, share_grid(plan.share_limit))
    width = max(8, int(np.ceil(plan.max_cells * float(weights[0] @ rate_grid()))) + 1)
    width = min(width, max(8, plan.max_cells // 5), plan.max_cells + 1)
    null = _UrnTable(point.false_blast_rate, plan.max_cells)
    count = np.arange(width, dtype=np.float64)
    ratios = np.full((plan.max_cells + 1, weights.shape[0], width), -np.inf)
    for n in range(plan.least_cells_green, plan.max_cells + 1):  # no green before
        known = count[: n + 1]
        cells = np.full(known.size, float(n))
        log_shares = log_likelihood(cells, known, weights)
        ratios[n, :, : known.size] = (null(cells, known)[:, None] - log_shares).T
    return ratios


def _trim_green(table: IntArray, plan: TestPlan) -> IntArray:
    """Only with enough unflagged cells; rising with n, by no more than one a cell."""
    cells = np.arange(table.size)
    table = np.minimum(table, cells - plan.least_cells_green)
    table = np.maximum(np.minimum.accumulate(table[::-1])[::-1], -1)
    # g(n + 1) <= g(n) + 1: the smallest of g(m) + (n - m) over earlier m.
    return np.asarray(np.minimum.accumulate(table - cells) + cells)


def _false_green_rate(table: IntArray, ratios: FloatArray, null: BetaSpread) -> float:
    """Largest probability over shares that a slide ever has at most ``table[n]`` flagged.

    The probability of each first crossing at (n, k) is summed for slides without blasts, by
    Polya's urn; divided by the likelihood ratio at (n, k), it is that of slides of a share.
    """
    crossed = np.zeros(ratios.shape[1])
    if int(table[-1]) < 0:
        return 0.0
    state = _urn_start(ratios.shape[2])
    for n in range(1, table.size):
        state = _urn_step(state, n, null)
        until = int(table[n]) + 1
        if until > 0:
            crossed += np.exp(-ratios[n, :, :until]) @ state[:until]
            state[:until] = 0.0
    return float(crossed.max())


def _urn_start(width: int) -> FloatArray:
    """Probabilities of 0, 1, ... flagged before the first cell."""
    state = np.zeros(width)
    state[0] = 1.0
    return state


def _urn_step(state: FloatArray, n: int, spread: BetaSpread) -> FloatArray:
    """Probabilities of 0, 1, ... flagged after the n-th cell; what leaves the array is dropped.

    Polya's urn: after n - 1 cells with k flagged, the next is flagged with probability
    (a + k) / (a + b + n - 1).
    """
    flagged = state * ((spread.a + np.arange(state.size)) / (spread.a + spread.b + n - 1))
    after = state - flagged
    after[1:] += flagged[:-1]
    return np.asarray(after)
