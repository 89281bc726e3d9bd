"""The beta-binomial distribution: counts of flagged cells when the rate differs by patient."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from edge.judgement.gamma import FloatArray, log_beta, log_gamma
from edge.judgement.operating_point import BetaSpread

# Weak prior of the fit (see fit_beta_binomial): Beta(1/2, 1/2) for the mean over patients and
# Beta(1, 20) for the correlation between two cells of a patient.
_PRIOR_MEAN = (0.5, 0.5)
_PRIOR_CORRELATION = (1.0, 20.0)
# Search range on the logit scale: rates and correlations of about 6e-6 to 1 - 6e-6.
_LOGIT_RANGE = 12.0


def log_pmf(k: ArrayLike, n: ArrayLike, spread: BetaSpread) -> FloatArray:
    """ln P(K = k) elementwise for 0 <= k <= n, K beta-binomial of n trials and ``spread``."""
    k, n = np.asarray(k, dtype=np.float64), np.asarray(n, dtype=np.float64)
    ways = log_gamma(n + 1) - log_gamma(k + 1) - log_gamma(n - k + 1)
    beta = log_beta(spread.a + k, spread.b + n - k) - log_beta(spread.a, spread.b)
    return np.asarray(ways + beta)


def pmf(k: ArrayLike, n: ArrayLike, spread: BetaSpread) -> FloatArray:
    """P(K = k) elementwise for 0 <= k <= n."""
    return np.asarray(np.exp(log_pmf(k, n, spread)))


def cdf(k: int, n: int, spread: BetaSpread) -> float:
    """P(K <= k) of n trials, by summation; 0 for k < 0 and 1 for k >= n."""
    if k < 0:
        return 0.0
    if k >= n:
        return 1.0
    return float(min(1.0, pmf(np.arange(k + 1), n, spread).sum()))


def fit_beta_binomial(successes: Sequence[int], trials: Sequence[int]) -> BetaSpread:
    """Fit the spread of a rate between patients from counts per patient.

    Penalized maximum likelihood over the mean m and the correlation between two cells of one
    patient, r = 1 / (a + b + 1). The penalty is the prior Beta(1/2, 1/2) on m and Beta(1, 20)
    on r, both maximized on the logit scale. It weighs about as much as one patient of a few
    cells. Where all counts are zero it leaves a small positive rate (about 0.5 successes more);
    where the counts vary no more than a binomial would, it leaves a correlation that the number
    of cells could not have shown, instead of none: the fit errs towards more spread.

    Args:
        successes: Flagged cells per patient.
        trials: Answered cells per patient; patients with none are ignored.

    Raises:
        ValueError: Lengths differ, a count is impossible, or no patient has a cell.
    """
    counts = _checked_counts(successes, trials)
    centre, half = np.zeros(2), np.full(2, _LOGIT_RANGE)
    # A grid that halves its width around the best point; the surface is smooth with one top.
    for _ in range(24):
        axes = [c + h * np.linspace(-1, 1, 17) for c, h in zip(centre, half, strict=True)]
        mean, correlation = np.meshgrid(*axes, indexing="ij")
        height = _penalized_log_likelihood(mean, correlation, *counts)
        best = np.unravel_index(int(np.argmax(height)), height.shape)
        centre = np.clip([mean[best], correlation[best]], -_LOGIT_RANGE, _LOGIT_RANGE)
        half = half / 2
    rate, correlated = _expit(centre)
    concentration = (1 - correlated) / correlated
    return BetaSpread(float(rate * concentration), float((1 - rate) * concentration))


def _checked_counts(
    successes: Sequence[int], trials: Sequence[int]
) -> tuple[FloatArray, FloatArray]:
    k, n = np.asarray(successes, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    if k.shape != n.shape or k.ndim != 1:
        raise ValueError("successes and trials must be two lists of one length")
    if not np.all((k >= 0) & (k <= n)):
        raise ValueError("each patient needs 0 <= successes <= trials")
    if not np.any(n > 0):
        raise ValueError("no patient has a cell to fit from")
    return k[n > 0], n[n > 0]


def _penalized_log_likelihood(
    logit_mean: FloatArray, logit_correlation: FloatArray, k: FloatArray, n: FloatArray
) -> FloatArray:
    """Log posterior on the logit scale, without constants; shape of the first two arguments."""
    rate, correlation = _expit(logit_mean), _expit(logit_correlation)
    concentration = (1 - correlation) / correlation
    a, b = (rate * concentration)[..., None], ((1 - rate) * concentration)[..., None]
    likelihood = (log_beta(a + k, b + n - k) - log_beta(a, b)).sum(axis=-1)
    prior = np.zeros_like(rate)
    for x, (p, q) in ((rate, _PRIOR_MEAN), (correlation, _PRIOR_CORRELATION)):
        prior = prior + p * np.log(x) + q * np.log1p(-x)
    return np.asarray(likelihood + prior)


def _expit(x: FloatArray) -> FloatArray:
    return np.asarray(1 / (1 + np.exp(-x)))
