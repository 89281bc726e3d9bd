"""Times in short: how long it takes as a rule, and how long at worst."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Quantiles:
    """Of a number of times, in milliseconds.

    Attributes:
        count: How many.
        p50, p95, p99: So many percent took no longer.
    """

    count: int
    p50: float
    p95: float
    p99: float


def quantiles(times_s: Sequence[float]) -> Quantiles | None:
    """Of times in seconds; None where there is none."""
    if not times_s:
        return None
    p50, p95, p99 = (round(float(v) * 1e3, 3) for v in np.percentile(times_s, (50, 95, 99)))
    return Quantiles(len(times_s), p50, p95, p99)
