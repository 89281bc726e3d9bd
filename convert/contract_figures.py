"""How well a network's answers fit what was signed, and whether one way surely fits better.

By ranks alone: whether logits are biased, or saturate where pixels are far too large, is not asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from convert.cells import CellSet
from convert.description import NetworkDescription
from convert.figures import Floats, roc_auc
from convert.operating_point import members_of_groups

_DRAWS: Final = 400

Drawn = NDArray[np.int64]
Measure = Callable[[Floats, CellSet, NetworkDescription, Drawn], float | None]


def blasts_auc(
    logits: Floats, sample: CellSet, known: NetworkDescription, drawn: Drawn
) -> float | None:
    """AUC of blasts against other white cells among the drawn ones; None where it cannot be."""
    white = drawn[sample.is_white[drawn]]
    return roc_auc(sample.is_blast[white], _score(logits[white], known))


def labels_auc(
    logits: Floats, sample: CellSet, known: NetworkDescription, drawn: Drawn
) -> float | None:
    """Mean over labels of the AUC of each against all others; None where there is but one."""
    shares = logits[drawn] - _logsumexp(logits[drawn])[:, None]
    signed = sample.label_index[drawn]
    found = [roc_auc(signed == label, shares[:, label]) for label in np.unique(signed)]
    told = [auc for auc in found if auc is not None]
    return float(np.mean(told)) if told else None


def surely_better(
    measure: Measure,
    better: Floats,
    described: Floats,
    sample: CellSet,
    known: NetworkDescription,
    seed: int,
) -> bool:
    """The difference of a measure between two answers is above 0 in 95% of draws of patients."""
    members = list(members_of_groups(sample).values())
    rng = np.random.default_rng(seed)
    differences = []
    for _ in range(_DRAWS):
        drawn = np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))])
        first, second = (measure(each, sample, known, drawn) for each in (better, described))
        if first is not None and second is not None:
            differences.append(first - second)
    return bool(differences) and float(np.quantile(differences, 0.05)) > 0


def _score(logits: Floats, known: NetworkDescription) -> Floats:
    """Log-odds of a blast; they do not saturate where pixels are far too large."""
    blasts = np.array([label in known.blast_labels for label in known.labels])
    others = ~blasts & np.array([label not in known.non_cell_labels for label in known.labels])
    return _logsumexp(logits[:, blasts]) - _logsumexp(logits[:, others])


def _logsumexp(values: Floats) -> Floats:
    highest = values.max(axis=1)
    total: Floats = highest + np.log(np.exp(values - highest[:, None]).sum(axis=1))
    return total
