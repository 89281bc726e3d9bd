"""Figures of a set of calls against signed labels. Pure numpy."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from convert import figures
from edge.inference import classifier
from train.labels import BLAST_LABELS, LABELS, NON_CELL_LABELS


def blast_probability(logits: NDArray[np.float32], temperature: float = 1.0) -> NDArray[np.float64]:
    """Probability of a blast given that the crop shows a white cell.

    Args:
        logits: shape (cells, labels).
        temperature: Divides the logits (Guo et al. 2017).

    Returns:
        float64, shape (cells,), 0-1.
    """
    scaled = np.asarray(logits, dtype=np.float64)
    return classifier.score(scaled, temperature, 0.0, LABELS, BLAST_LABELS, NON_CELL_LABELS).p_blast


def roc_auc(truth: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    """Area under the ROC curve by ranks (Mann-Whitney), ties counted half; nan for one class."""
    area = figures.roc_auc(truth, score)
    return math.nan if area is None else area
