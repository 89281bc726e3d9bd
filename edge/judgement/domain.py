"""Are a slide's scores like those of any patient that the network was measured on?

A network that meets another stain, another light or another kind of cell does not say so: its
scores only lie elsewhere. So the scores of a slide's white cells, told or not, are put into a few
bins of log-odds and compared with each patient's of the bundle by the likelihood-ratio test of two
samples (G-test, Sokal and Rohlf 1981): twice the sum of O ln(O / E). Where even the nearest patient
is too far, the error rates of the bundle say nothing of this slide.

G is chi-square distributed for two samples of one slide; patients scatter more, but the nearest of
many is nearer. What limit keeps real patients is therefore measured, not derived: see
``python -m bench.slides``, which judges each patient by the others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from edge.judgement.gamma import FloatArray
from edge.judgement.score_bins import BINS, ScoreReference
from edge.judgement.verdict import Judgement, Verdict


@dataclass(frozen=True)
class DomainSettings:
    """When a slide is unlike every patient.

    Attributes:
        error_rate: Level of the test against the nearest patient, 0 to 1.
        least_cells: White cells before scores are compared.

    Raises:
        ValueError: A setting is out of its range.
    """

    error_rate: float = 0.001
    least_cells: int = 50

    def __post_init__(self) -> None:
        if not 0 < self.error_rate < 0.5:
            raise ValueError(f"error_rate must be above 0 and below 0.5, not {self.error_rate}")
        if self.least_cells < 1:
            raise ValueError("least_cells must be at least 1")


def distance(scores: Sequence[int], reference: ScoreReference) -> float:
    """G between a slide and the nearest patient; 0 for a slide without cells.

    Args:
        scores: White cells in each bin.
        reference: The patients.
    """
    found = np.array(scores, dtype=np.float64)
    if not found.any():
        return 0.0
    rows = _rows(reference)
    both = rows + found
    expected = both / both.sum(axis=1, keepdims=True)
    g = 2 * (_divergence(found, expected) + _divergence(rows, expected))
    return float(max(0.0, g.min()))


def is_unlike(scores: Sequence[int], reference: ScoreReference, settings: DomainSettings) -> bool:
    """Whether even the nearest patient is too far."""
    if sum(scores) < settings.least_cells:
        return False
    return distance(scores, reference) > chi_square_quantile(BINS - 1, settings.error_rate)


def with_domain(
    judgement: Judgement,
    scores: Sequence[int],
    reference: ScoreReference | None,
    settings: DomainSettings,
    final: bool = False,
) -> Judgement:
    """The judgement, no longer green where the scores are those of no known patient.

    REVIEW stays: a slide that nobody knows is looked at in any case.

    Args:
        judgement: So far.
        scores: White cells in each bin.
        reference: The patients of the bundle; None where it tells none: then nothing is checked.
        settings: When it is too far.
        final: No more cells will come, so that the reason belongs to CANNOT_JUDGE too.
    """
    ends = judgement.verdict is Verdict.NO_BLASTS_FOUND or (
        final and judgement.verdict is Verdict.CANNOT_JUDGE
    )
    if reference is None or not ends or not is_unlike(scores, reference, settings):
        return judgement
    reason = (
        f"The scores of the {sum(scores)} cells are unlike those of each of the "
        f"{len(reference.patients)} patients and donors that the model was measured on: stain, "
        "light or cells are none that it knows."
    )
    return judgement.cannot_judge(reason)


@lru_cache(maxsize=4)
def _rows(reference: ScoreReference) -> FloatArray:
    return np.array(reference.patients, dtype=np.float64)


def _divergence(counts: FloatArray, expected: FloatArray) -> FloatArray:
    """Sum of O ln(O / E) over the bins, for counts of one slide or one row a patient."""
    total = counts.sum(axis=-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(counts > 0, counts * np.log(counts / (total * expected)), 0.0)
    return np.asarray(parts.sum(axis=1))


@lru_cache(maxsize=16)
def chi_square_quantile(degrees: int, upper: float) -> float:
    """What a chi-square variable exceeds with probability ``upper`` (Wilson and Hilferty 1931).

    Within 1.2% of the exact value for 5 degrees of freedom and probabilities down to 0.001.
    """
    from statistics import NormalDist  # slow to import, and not needed before the last cell

    part = 2 / (9 * degrees)
    return float(degrees * (1 - part + NormalDist().inv_cdf(1 - upper) * math.sqrt(part)) ** 3)
