"""Figures of a set of calls against signed labels. Pure numpy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from train.labels import BLAST_LABELS, LABELS, NON_CELL_LABELS


def blast_probability(logits: NDArray[np.float32], temperature: float = 1.0) -> NDArray[np.float64]:
    """Probability of a blast given that the crop shows a white cell.

    Args:
        logits: shape (cells, labels).
        temperature: Divides the logits (Guo et al. 2017).

    Returns:
        float64, shape (cells,), 0-1.
    """
    cells = np.array([label not in NON_CELL_LABELS for label in LABELS])
    blasts = np.array([label in BLAST_LABELS for label in LABELS])
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    odds = np.exp(scaled - scaled[:, cells].max(axis=1, keepdims=True))
    share: NDArray[np.float64] = odds[:, blasts].sum(axis=1) / odds[:, cells].sum(axis=1)
    return share


def roc_auc(truth: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    """Area under the ROC curve by ranks (Mann-Whitney), ties counted half; nan for one class."""
    positives = int(truth.sum())
    negatives = len(truth) - positives
    if not positives or not negatives:
        return float("nan")
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    area = (ranks[truth].sum() - positives * (positives + 1) / 2) / (positives * negatives)
    return float(area)
