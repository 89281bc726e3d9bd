"""The sequential test: at which counts a slide may be called, its error rates kept exactly.

Evidence is the likelihood ratio of the counts, beta-binomial under "no blasts" and a mixture of
binomials under "a share s of blasts" (see rates.py). Because calls are exchangeable, each ratio
is a martingale under its own null hypothesis, so by Ville's inequality the bounds 1/alpha and
1/beta would keep the error rates however often one looks (Wald 1947; Shafer et al. 2011). They
keep them with much to spare: the spread between patients, not the count, is what limits. As the
count ends at a maximum, the probability of ever crossing a bound can be summed exactly over
(cells, flagged) instead, and the lowest bound that keeps the error rate is taken. The bound falls
with the number of cells towards its final height, so that few cells must be more extreme.

- REVIEW (review_boundary.py) by the count of flagged cells, and, where the bundle tells the rates
  of a certain sign, by the count of cells of very high score too. The two share alpha: whatever
  the one has to do with the other, a slide without blasts reaches either with alpha at most.
- NO BLASTS FOUND (green_boundary.py) by the count of flagged cells.

Each region is then trimmed, which only lowers error rates, so that one more flagged cell never
leads towards green and one more unflagged cell never leads away from it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.judgement.green_boundary import green_boundary
from edge.judgement.operating_point import OperatingPoint
from edge.judgement.rates import IntArray
from edge.judgement.remembered import remembered
from edge.judgement.review_boundary import review_boundary


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
        certain_part: Part of alpha that the certain sign may spend, 0 to 1.
        least_certain: Certain cells before they call for REVIEW.
    """

    __test__ = False  # not a test of pytest's

    share_limit: float
    alpha: float
    beta: float
    least_cells_review: int
    least_cells_green: int
    max_cells: int
    certain_part: float = 0.5
    least_certain: int = 3


@dataclass(frozen=True)
class Boundaries:
    """Counts at which the test decides; index n is the number of answered cells, 0 to maximum.

    Attributes:
        review: Fewest flagged cells for REVIEW; above n where it cannot be reached.
        certain: Fewest certain cells for REVIEW; above n where there is no such sign.
        green: Most flagged cells for NO BLASTS FOUND; -1 where it cannot be reached.
        false_review: Probability that a slide without blasts ever reaches ``review``.
        false_certain: The same for ``certain``; the sum of both is at most alpha.
        false_green: The same for ``green``, the largest over shares from S to 1.
    """

    review: IntArray
    certain: IntArray
    green: IntArray
    false_review: float
    false_certain: float
    false_green: float


@remembered(32)
def boundaries(point: OperatingPoint, plan: TestPlan) -> Boundaries:
    """The test's boundaries for this network; a fraction of a second, then remembered."""
    certain, false_certain = _certain_boundary(point, plan)
    spent = plan.alpha * plan.certain_part if point.certain is not None else 0.0
    review, false_review = review_boundary(
        point, plan.share_limit, plan.alpha - spent, plan.least_cells_review, plan.max_cells
    )
    green, false_green = green_boundary(
        point, plan.share_limit, plan.beta, plan.least_cells_green, plan.max_cells
    )
    for table in (review, certain, green):
        table.flags.writeable = False
    return Boundaries(review, certain, green, false_review, false_certain, false_green)


def _certain_boundary(point: OperatingPoint, plan: TestPlan) -> tuple[IntArray, float]:
    """The same test at the certain threshold; never reached where there is none."""
    sign = point.certain
    alpha = plan.alpha * plan.certain_part
    if sign is None or alpha <= 0:
        return np.arange(plan.max_cells + 1) + 1, 0.0
    return review_boundary(
        OperatingPoint(sign.sensitivity, sign.false_rate),
        plan.share_limit,
        alpha,
        plan.least_cells_review,
        plan.max_cells,
        plan.least_certain,
    )
