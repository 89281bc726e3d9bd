"""Polya's urn: flagged cells, one after the other, on a slide whose rate is Beta distributed.

With a rate drawn from Beta(a, b), the next of n cells of which k were flagged is flagged with
probability (a + k) / (a + b + n): sums over all ways of counting need no integral over the rate.
"""

from __future__ import annotations

import numpy as np

from edge.judgement.gamma import FloatArray
from edge.judgement.operating_point import BetaSpread


class SequenceProbability:
    """ln P of one sequence of n calls with k flagged, for all n up to a maximum, from sums.

    Args:
        spread: Of the rate between slides.
        max_cells: Largest n.
    """

    def __init__(self, spread: BetaSpread, max_cells: int) -> None:
        steps = np.arange(max_cells)
        self._flagged = _running_sum(np.log(spread.a + steps))
        self._unflagged = _running_sum(np.log(spread.b + steps))
        self._all = _running_sum(np.log(spread.a + spread.b + steps))

    def __call__(self, cells: FloatArray, blasts: FloatArray) -> FloatArray:
        """Elementwise for 0 <= blasts <= cells, whole numbers."""
        n, k = np.asarray(cells).astype(np.int64), np.asarray(blasts).astype(np.int64)
        return np.asarray(self._flagged[k] + self._unflagged[n - k] - self._all[n])


def _running_sum(x: FloatArray) -> FloatArray:
    return np.concatenate([[0.0], np.cumsum(x)])


def urn_start(rows: int, width: int) -> FloatArray:
    """Probabilities of 0, 1, ... flagged before the first cell, shape (rows, width)."""
    state = np.zeros((rows, width))
    state[:, 0] = 1.0
    return state


def urn_step(state: FloatArray, n: int, spread: BetaSpread) -> FloatArray:
    """Probabilities of 0, 1, ... flagged after the n-th cell, shape (rows, width).

    What leaves the array is dropped.
    """
    chance = (spread.a + np.arange(state.shape[1])) / (spread.a + spread.b + n - 1)
    flagged = state * chance
    after = state - flagged
    after[:, 1:] += flagged[:, :-1]
    return np.asarray(after)
