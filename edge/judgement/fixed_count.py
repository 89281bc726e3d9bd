"""What the sequential test is measured against: one count of cells, fixed beforehand."""

from __future__ import annotations

import numpy as np

from edge.judgement.betabinomial import pmf
from edge.judgement.gamma import FloatArray, log_beta
from edge.judgement.operating_point import OperatingPoint
from edge.judgement.rates import log_likelihood, rate_weights
from edge.judgement.verdict import VerdictSettings

_STEP = 10  # cells: what a fixed count is told to


def fixed_count(
    point: OperatingPoint, settings: VerdictSettings | None = None, most_cells: int = 2000
) -> int | None:
    """Fewest cells at which one limit of flagged cells keeps both error rates.

    Slides with the limit or more are REVIEW, all others green: at most ``alpha`` of slides
    without blasts (beta-binomial) reach it, at most ``beta`` of slides with a share of
    ``share_limit`` stay below it (binomials mixed over the rates of rates.py).

    Args:
        point: Operating point of the network.
        settings: Of the verdict; the defaults if left out.
        most_cells: Where looking ends.

    Returns:
        Cells, a multiple of ten; None where no count up to ``most_cells`` is enough: patients
        differ too much for the two kinds of slides to be told apart.
    """
    settings = settings or VerdictSettings()
    for cells in range(_STEP, most_cells + 1, _STEP):
        limit = _limit(point, cells, settings.alpha)
        if _missed(point, settings.share_limit, cells, limit) <= settings.beta:
            return cells
    return None


def _limit(point: OperatingPoint, cells: int, alpha: float) -> int:
    """Fewest flagged cells that at most ``alpha`` of slides without blasts reach."""
    reached = 1 - np.cumsum(pmf(np.arange(cells + 1), cells, point.false_blast_rate))
    return int(np.argmax(reached <= alpha)) + 1


def _missed(point: OperatingPoint, share: float, cells: int, limit: int) -> float:
    """Part of slides of this share with fewer flagged cells than the limit."""
    return float(_chances(point, share, cells)[:limit].sum())


def fixed_count_settling(
    point: OperatingPoint,
    green: float,
    share: float,
    review: float,
    settings: VerdictSettings | None = None,
    most_cells: int = 2000,
) -> int | None:
    """Fewest cells at which a fixed count settles as many slides, at the same error rates.

    Unlike `fixed_count` it may leave slides open, as the sequential test does: REVIEW from one
    limit of flagged cells on, green up to another, nothing between. Both limits keep ``alpha`` and
    ``beta``.

    Args:
        point: Operating point of the network.
        green: Part of slides without blasts that must end green, 0 to 1.
        share: Blast share of slides that must be found.
        review: Part of them that must end in REVIEW, 0 to 1.
        settings: Of the verdict; the defaults if left out.
        most_cells: Where looking ends.

    Returns:
        Cells, a multiple of ten; None where no count up to ``most_cells`` is enough.
    """
    settings = settings or VerdictSettings()
    for cells in range(_STEP, most_cells + 1, _STEP):
        healthy = pmf(np.arange(cells + 1), cells, point.false_blast_rate)
        limit = _limit(point, cells, settings.alpha)
        low = _most_for_green(point, cells, settings)
        settled = float(healthy[: low + 1].sum())
        if settled >= green and 1 - _missed(point, share, cells, limit) >= review:
            return cells
    return None


def _most_for_green(point: OperatingPoint, cells: int, settings: VerdictSettings) -> int:
    """Most flagged cells that at most ``beta`` of slides of the share limit stay within; or -1."""
    within = np.flatnonzero(
        np.cumsum(_chances(point, settings.share_limit, cells)) <= settings.beta
    )
    most = int(within[-1]) if within.size else -1
    return min(most, cells - settings.least_cells_green)


def _chances(point: OperatingPoint, share: float, cells: int) -> FloatArray:
    """Probability of 0, 1, ... flagged cells on slides of this share, shape (cells + 1,)."""
    flagged = np.arange(cells + 1, dtype=np.float64)
    # ln of the number of orders, C(n, k) = 1 / ((n + 1) B(k + 1, n - k + 1)).
    orders = -np.log(cells + 1) - log_beta(flagged + 1, cells - flagged + 1)
    one_order = log_likelihood(
        np.full_like(flagged, cells), flagged, rate_weights(point, (share,))
    )[:, 0]
    return np.asarray(np.exp(orders + one_order))
