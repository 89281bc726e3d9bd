"""The lowest evidence to ask for that keeps an error rate: search shared by both colours."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edge.judgement.gamma import FloatArray
from edge.judgement.rates import IntArray

LEAST_LOG_RATIO = float(np.log(3.0))
"""A colour needs evidence that is at least this much likelier under its own hypothesis, even where
the error rates would allow less: a network that tells nothing must not be lucky."""

_TRIED = 16  # bounds looked at together; twice, so the bound is found to 1/225 of its range
_SPARSE = 56


def sparse_cells(first: int, last: int) -> IntArray:
    """Numbers of cells at which evidence is computed, in equal ratios, both ends among them."""
    cells: IntArray = np.unique(np.round(np.geomspace(first, last, _SPARSE)).astype(np.int64))
    return cells


def lowest_bound(
    tables: Callable[[FloatArray], IntArray],
    errors: Callable[[IntArray], FloatArray],
    error_rate: float,
    low: float,
) -> tuple[IntArray, float] | None:
    """The boundary of the lowest bound on the log evidence that keeps an error rate.

    Args:
        tables: Boundaries for bounds, shape (bounds, cells).
        errors: Their error rates, shape (bounds,).
        error_rate: What must be kept.
        low: Lowest bound to try. The highest is a little above -ln(error_rate), which keeps it by
            Ville's inequality (see sequential.py) but for the rounding of the boundary.

    Returns:
        The boundary and its error rate; None where even the highest bound does not keep it.
    """
    high = max(low, float(-np.log(error_rate))) + 0.5
    best: tuple[IntArray, float] | None = None
    for _ in range(2):
        bounds = np.linspace(low, high, _TRIED)
        stack = tables(bounds)
        found = errors(stack)
        kept = found <= error_rate
        if not kept[-1]:
            return best
        # The lowest above which all keep it.
        at = int(_TRIED - np.argmin(kept[::-1])) if not kept.all() else 0
        best = stack[at], float(found[at])
        if at == 0:
            return best
        low, high = float(bounds[at - 1]), float(bounds[at])
    return best
