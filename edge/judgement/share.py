"""The corrected share of blasts on a slide, and what counts so far say about it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from edge.judgement.betabinomial import pmf
from edge.judgement.gamma import FloatArray
from edge.judgement.operating_point import OperatingPoint
from edge.judgement.rates import log_likelihood, rate_weights

_STEPS = 200  # shares 0, 0.5%, ..., 100%


def corrected_share(cells: int, blasts: int, point: OperatingPoint) -> float:
    """Rogan-Gladen estimate of the share of blasts, between 0 and 1.

    (flagged share - f) / (t - f) with mean sensitivity t and mean false-blast rate f, cut to
    0 to 1 (Rogan and Gladen 1978). A network no better than chance (t <= f) cannot correct:
    then, and where no cell is counted, the estimate is 0.
    """
    lift = point.sensitivity.mean - point.false_blast_rate.mean
    if cells == 0 or lift <= 0:
        return 0.0
    return min(1.0, max(0.0, (blasts / cells - point.false_blast_rate.mean) / lift))


def share_interval(
    cells: int, blasts: int, point: OperatingPoint, coverage: float = 0.95
) -> tuple[float, float]:
    """The shares of blasts that the counts speak for, by the full beta-binomial model.

    The shortest set of shares that holds ``coverage`` of the likelihood over a uniform share
    (a highest-density interval), each share's likelihood averaged over the patients' spread of
    sensitivity and false-blast rate. A uniform share gives "no blasts at all" no weight of its
    own, so whether 0 belongs to the interval is decided apart, by a one-sided test of that very
    hypothesis at 1 - ``coverage``. Resolution 0.5%. It always holds ``corrected_share``. (0, 1)
    where no cell is counted.

    Returns:
        Lower and upper end, 0 to 1.
    """
    if cells == 0:
        return 0.0, 1.0
    shares = np.linspace(0, 1, _STEPS + 1)
    density = _share_density(cells, blasts, point)
    order = np.argsort(-density, kind="stable")
    kept = order[: int(np.searchsorted(np.cumsum(density[order]), coverage)) + 1]
    half = 0.5 / _STEPS
    low = max(half, float(shares[kept.min()]) - half)
    if _chance_without_blasts(cells, blasts, point) > 1 - coverage:
        low = 0.0
    high = min(1.0, float(shares[kept.max()]) + half)
    best = corrected_share(cells, blasts, point)
    return min(low, best), max(high, best)


def _chance_without_blasts(cells: int, blasts: int, point: OperatingPoint) -> float:
    """Mid-p chance of as many flagged cells or more on a slide without blasts."""
    fewer = pmf(np.arange(blasts + 1), cells, point.false_blast_rate)
    return float(1 - fewer.sum() + fewer[-1] / 2)


def _share_density(cells: int, blasts: int, point: OperatingPoint) -> FloatArray:
    log_height = log_likelihood(
        np.array([float(cells)]), np.array([float(blasts)]), _shares(point)
    )[0]
    height = np.exp(log_height - log_height.max())
    height[[0, -1]] /= 2  # the end points stand for half a step
    return np.asarray(height / height.sum())


@lru_cache(maxsize=8)
def _shares(point: OperatingPoint) -> FloatArray:
    return rate_weights(point, tuple(float(s) for s in np.linspace(0, 1, _STEPS + 1)))
