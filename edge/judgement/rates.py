"""The rate at which cells of a slide are flagged, as a distribution over slides.

A slide with true blast share s, sensitivity t and false-blast rate f flags each cell with
probability p = s t + (1 - s) f. Between slides t and f are Beta distributed, so p has a
distribution for each s. It is held as weights on one fixed grid of rates shared by all shares:
the likelihood of counts is then one product with a matrix, and rests on no approximation beyond
the grid.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from edge.judgement.gamma import FloatArray, log_beta
from edge.judgement.operating_point import BetaSpread, OperatingPoint
from edge.judgement.remembered import remembered

IntArray = NDArray[np.int64]

# On the scale asin(sqrt(p)) a count of n cells has the same error 1 / (2 sqrt(n)) at every rate:
# equal steps of 0.004 resolve every rate as well as 1,000 cells can (0.016).
_RATES = 393
# Quadrature nodes of the two Beta distributions; equal steps on the logit scale. The false-blast
# rate needs more: where no cell is a blast nothing else smooths its steps.
_SENSITIVITY_NODES = 65
_FALSE_RATE_NODES = 129
_TAIL = 18.0  # log density below its top where the nodes end: what lies beyond weighs 1e-8
_LOGIT_LIMIT = 13.8  # a rate of 1e-6: no slide can tell it from none


@lru_cache(maxsize=1)
def rate_grid() -> FloatArray:
    """The grid of rates p, shape (393,), increasing, strictly between 0 and 1."""
    angle = (np.arange(_RATES) + 0.5) * (np.pi / 2 / _RATES)
    grid: FloatArray = np.sin(angle) ** 2
    grid.flags.writeable = False
    return grid


def quadrature(spread: BetaSpread, nodes: int) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights (each shape (nodes,), weights summing to 1) of a Beta distribution.

    The trapezoid rule on the logit scale, which resolves the tails: they decide error rates of
    1%. The mass beyond the ends goes to the outermost nodes.
    """
    wide = np.linspace(-_LOGIT_LIMIT, _LOGIT_LIMIT, 2001)
    density = _log_density(wide, spread)
    kept = wide[density > density.max() - _TAIL]
    # Half a step of the wide grid more, so that a spike between two of its points has a width.
    step = wide[1] - wide[0]
    logit = np.linspace(kept[0] - step / 2, kept[-1] + step / 2, nodes)
    height = np.exp(_log_density(logit, spread))
    weights = height * (logit[1] - logit[0])
    # Beyond the ends the density falls as exp(a x) and exp(-b x).
    weights[0] = weights[0] / 2 + height[0] / spread.a
    weights[-1] = weights[-1] / 2 + height[-1] / spread.b
    return 1 / (1 + np.exp(-logit)), weights / weights.sum()


def _log_density(logit: FloatArray, spread: BetaSpread) -> FloatArray:
    softplus = np.logaddexp(0, logit)
    total = spread.a + spread.b
    return np.asarray(spread.a * logit - total * softplus - log_beta(spread.a, spread.b))


@lru_cache(maxsize=1)
def _log_rates() -> FloatArray:
    """ln p and ln (1 - p) of the grid, shape (2, 393)."""
    return np.stack([np.log(rate_grid()), np.log1p(-rate_grid())])


def share_grid(share_limit: float) -> tuple[float, ...]:
    """Shares that stand for "S or more": S to 1 in equal ratios."""
    return tuple(float(s) for s in np.geomspace(share_limit, 1.0, 8))


@remembered(64)
def rate_weights(point: OperatingPoint, shares: tuple[float, ...]) -> FloatArray:
    """Weights of the rates for slides of each blast share, shape (len(shares), 393).

    Each row sums to 1: the distribution of p over slides of that share.
    """
    sensitivity, sensitivity_weight = quadrature(point.sensitivity, _SENSITIVITY_NODES)
    false_rate, false_weight = quadrature(point.false_blast_rate, _FALSE_RATE_NODES)
    weight = np.outer(sensitivity_weight, false_weight).ravel()
    rows = [
        _spread_on_grid(np.add.outer(s * sensitivity, (1 - s) * false_rate).ravel(), weight)
        for s in shares
    ]
    table: FloatArray = np.stack(rows)
    table.flags.writeable = False
    return table


def _spread_on_grid(rates: FloatArray, weight: FloatArray) -> FloatArray:
    """Put each rate on its two neighbours of the grid so that its mean is kept."""
    grid = rate_grid()
    rates = np.clip(rates, grid[0], grid[-1])
    upper = np.clip(np.searchsorted(grid, rates), 1, grid.size - 1)
    part = (rates - grid[upper - 1]) / (grid[upper] - grid[upper - 1])
    low = np.bincount(upper - 1, weight * (1 - part), minlength=grid.size)
    return np.asarray(low + np.bincount(upper, weight * part, minlength=grid.size))


def log_likelihood(cells: FloatArray, blasts: FloatArray, weights: FloatArray) -> FloatArray:
    """ln P of one sequence of ``cells`` calls with ``blasts`` flagged, for slides of ``weights``.

    Args:
        cells: Shape (m,).
        blasts: Shape (m,), each at most its ``cells``.
        weights: Distribution of the rate, shape (h, 393).

    Returns:
        Shape (m, h). Without the number of orders, which all hypotheses share.
    """
    exponent = np.stack([blasts, cells - blasts], axis=1) @ _log_rates()
    top = exponent.max(axis=1, keepdims=True)
    with np.errstate(divide="ignore"):
        return np.asarray(top + np.log(np.exp(exponent - top) @ weights.T))
