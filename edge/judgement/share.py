"""The corrected share of blasts on a slide, and what counts so far say about it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from edge.judgement.gamma import FloatArray, log_gamma
from edge.judgement.operating_point import OperatingPoint
from edge.judgement.rates import log_likelihood, rate_weights
from edge.judgement.remembered import remembered

_STEPS = 200  # shares 0, 0.5%, ..., 100%
# Numbers of cells at which the critical values are computed; between them they change little.
TABLED = (1, 2, 3, 5, 7, 10, 14, 20, 28, 40, 56, 80, 112, 160, 320, 640, 1000)


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
    """The shares of blasts that the counts do not speak against, by the beta-binomial model.

    A share is kept while the likelihood ratio of the best share to it is no larger than on
    ``coverage`` of all slides of that very share (the unified approach of Feldman and Cousins
    1998: no other rule is needed where the best share is 0 or 1). Each share's likelihood is
    averaged over the patients' spread of sensitivity and false-blast rate. The critical values
    are computed once for each network; a count then costs one likelihood. Resolution 0.5%. It
    always holds ``corrected_share``. (0, 1) where no cell is counted.

    Returns:
        Lower and upper end, 0 to 1.
    """
    if cells == 0:
        return 0.0, 1.0
    height = _log_height(cells, blasts, point)
    kept = np.flatnonzero(height.max() - height <= _critical(cells, point, coverage))
    shares = share_steps()
    best = corrected_share(cells, blasts, point)
    return min(float(shares[kept[0]]), best), max(float(shares[kept[-1]]), best)


def share_ruled_out(
    cells: int, blasts: int, point: OperatingPoint, error_rate: float
) -> float | None:
    """The smallest share such that it and all larger ones are ruled out, whenever one looks.

    Evidence against a share is the likelihood ratio to it of a mixture: half "no blasts", half
    "any share alike". On slides of that share it is a martingale, so it exceeds 1/error_rate with
    probability ``error_rate`` at most, however often one looks (Ville's inequality; Robbins 1970).

    Returns:
        0 to 1, on steps of 0.5%; None where even a slide of nothing but blasts may be meant.
    """
    if cells == 0:
        return None
    height = _log_height(cells, blasts, point)
    top = height.max()
    mixture = top + np.log(np.exp(height[0] - top) / 2 + np.exp(height[1:] - top).mean() / 2)
    held = np.flatnonzero(mixture - height < -np.log(error_rate))
    after = int(held[-1]) + 1 if held.size else 0
    return float(share_steps()[after]) if after <= _STEPS else None


@lru_cache(maxsize=1)
def share_steps() -> FloatArray:
    """Shares 0, 0.5%, ..., 100%, shape (201,)."""
    return np.linspace(0, 1, _STEPS + 1)


@lru_cache(maxsize=1)
def step_shares() -> tuple[float, ...]:
    """The same as plain numbers."""
    return tuple(map(float, share_steps()))


@lru_cache(maxsize=64)
def _log_height(cells: int, blasts: int, point: OperatingPoint) -> FloatArray:
    """Log likelihood of each share for one count, shape (201,)."""
    height: FloatArray = _log_heights(np.array([float(cells)]), np.array([float(blasts)]), point)[0]
    height.flags.writeable = False
    return height


def _log_heights(cells: FloatArray, blasts: FloatArray, point: OperatingPoint) -> FloatArray:
    """Log likelihood of each share, shape (m, 201)."""
    return log_likelihood(cells, blasts, rate_weights(point, step_shares()))


def _critical(cells: int, point: OperatingPoint, coverage: float) -> FloatArray:
    """Largest log likelihood ratio at which each share is kept, shape (201,)."""
    table = critical_table(point, coverage)
    place = float(np.interp(np.log(cells), np.log(TABLED), np.arange(len(TABLED))))
    low = min(int(place), len(TABLED) - 2)
    part = place - low
    return np.asarray((1 - part) * table[low] + part * table[low + 1])


@remembered(8)
def critical_table(point: OperatingPoint, coverage: float) -> FloatArray:
    """Critical values for the tabled numbers of cells, shape (tabled, 201)."""
    return np.stack([_critical_of(n, point, coverage) for n in TABLED])


def _critical_of(cells: int, point: OperatingPoint, coverage: float) -> FloatArray:
    """The quantile of each share's own log likelihood ratios with this number of cells.

    Counts are whole, so the ratio has few values: the quantile is taken between their middles
    (mid-p), which errs to neither side on average.
    """
    count = np.arange(cells + 1, dtype=np.float64)
    height = _log_heights(np.full(cells + 1, float(cells)), count, point)
    ways = log_gamma(cells + 1.0) - log_gamma(count + 1) - log_gamma(cells - count + 1)
    chance = np.exp(height + ways[:, None])
    ratio = height.max(axis=1, keepdims=True) - height
    order = np.argsort(ratio, axis=0, kind="stable")
    ratio = np.take_along_axis(ratio, order, axis=0)
    chance = np.take_along_axis(chance, order, axis=0)
    middle = np.cumsum(chance, axis=0) - chance / 2
    columns = zip(middle.T, ratio.T, strict=True)
    return np.array([np.interp(coverage, below, values) for below, values in columns])
