"""Intervals over patients: cells of one patient share stain and day, so patients are redrawn.

Percentile bootstrap of clusters (Field and Welsh 2007). A source that names no patients is redrawn
by picture, within the source, which is too sure of itself: said wherever it is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

REDRAWS: Final = 1000


def weighted_auc(truth: Flags, score: Floats, weight: Floats) -> float:
    """Area under the ROC curve of cells with weights, ties counted half; nan for one class."""
    order = np.argsort(score, kind="stable")
    truth, score, weight = truth[order], score[order], weight[order]
    positive, negative = weight * truth, weight * ~truth
    total = positive.sum() * negative.sum()
    if total == 0:
        return float("nan")
    # Equal scores share one place: negatives below it count whole, those in it half.
    _, start = np.unique(score, return_index=True)
    positives, negatives = np.add.reduceat(positive, start), np.add.reduceat(negative, start)
    below = np.cumsum(negatives) - negatives
    return float((positives * (below + negatives / 2)).sum() / total)


def auc_interval(
    truth: Flags, score: Floats, clusters: Sequence[str], seed: int, redraws: int = REDRAWS
) -> tuple[float, float]:
    """95% interval of the AUC when patients are redrawn.

    Args:
        truth: bool, shape (cells,).
        score: Higher is more suspect, shape (cells,).
        clusters: Patient of each cell; each cell its own where empty.
        seed: Of the redraws.
        redraws: How many.
    """
    names = [name or f"cell {index}" for index, name in enumerate(clusters)]
    _, member = np.unique(np.array(names), return_inverse=True)
    count = int(member.max()) + 1
    rng = np.random.default_rng(seed)
    areas = np.empty(redraws)
    for index in range(redraws):
        weight = np.bincount(rng.integers(count, size=count), minlength=count)
        areas[index] = weighted_auc(truth, score, weight[member].astype(np.float64))
    low, high = np.nanquantile(areas, [0.025, 0.975])
    return float(low), float(high)
