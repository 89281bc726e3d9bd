"""Figures of calls against signed labels. Pure numpy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def roc_auc(truth: Flags, score: Floats) -> float | None:
    """Area under the ROC curve by ranks (Mann-Whitney), ties counted half; None for one class."""
    positives = int(truth.sum())
    negatives = len(truth) - positives
    if not positives or not negatives:
        return None
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    area = (ranks[truth].sum() - positives * (positives + 1) / 2) / (positives * negatives)
    return float(area)


def calibration_error(truth: Flags, probability: Floats, bins: int = 15) -> float:
    """Expected calibration error: |share of blasts - mean probability| over bins of equal width,
    weighted by their cells (Guo et al. 2017)."""
    if not len(truth):
        return 0.0
    where = np.minimum((probability * bins).astype(int), bins - 1)
    gaps = np.bincount(where, weights=truth - probability, minlength=bins)
    return float(np.abs(gaps).sum() / len(truth))


def negative_log_likelihood(truth: Flags, probability: Floats) -> float:
    """Mean of -ln of the probability given to the truth."""
    given = np.clip(np.where(truth, probability, 1 - probability), 1e-12, 1.0)
    return float(-np.log(given).mean())


def share(flags: Flags) -> float | None:
    """Share of True; None of nothing."""
    return float(flags.mean()) if len(flags) else None
