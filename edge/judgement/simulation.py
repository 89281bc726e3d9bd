"""What the verdict would do on many slides, by simulation: operating characteristics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.judgement.gamma import FloatArray
from edge.judgement.operating_point import OperatingPoint
from edge.judgement.sequential import Boundaries, IntArray, boundaries
from edge.judgement.verdict import VerdictSettings


@dataclass(frozen=True)
class Characteristics:
    """What became of simulated slides of one blast share.

    Attributes:
        blast_share: True share of blasts, 0 to 1.
        slides: How many were simulated.
        review: Part that ended in REVIEW.
        no_blasts_found: Part that ended in NO_BLASTS_FOUND.
        cannot_judge: Part that ended without a colour.
        mean_cells: Answered cells counted on average until the end.
        cells_95: Answered cells that were enough for 95% of slides.
    """

    blast_share: float
    slides: int
    review: float
    no_blasts_found: float
    cannot_judge: float
    mean_cells: float
    cells_95: float


def draw_rates(
    point: OperatingPoint, blast_share: float, slides: int, rng: np.random.Generator
) -> FloatArray:
    """Rates of flagged cells of that many slides (patients), shape (slides,)."""
    sensitivity = rng.beta(point.sensitivity.a, point.sensitivity.b, slides)
    false_rate = rng.beta(point.false_blast_rate.a, point.false_blast_rate.b, slides)
    return np.asarray(blast_share * sensitivity + (1 - blast_share) * false_rate)


def simulate(
    point: OperatingPoint,
    blast_share: float,
    settings: VerdictSettings | None = None,
    slides: int = 2000,
    seed: int = 0,
    cells_on_slide: int | None = None,
) -> Characteristics:
    """Count simulated slides of one blast share cell by cell until their verdict.

    Args:
        point: Operating point of the network; each slide draws its own rates from it.
        blast_share: True share of blasts.
        settings: Of the verdict; the defaults if left out.
        slides: How many slides.
        seed: Same seed, same slides.
        cells_on_slide: White cells that can be found on a slide; the maximum if left out.

    Returns:
        Shares of the verdicts and the cells it took. Nothing is abstained from.
    """
    settings = settings or VerdictSettings()
    rng = np.random.default_rng(seed)
    cells = min(cells_on_slide or settings.max_cells, settings.max_cells)
    rates = draw_rates(point, blast_share, slides, rng)
    flagged = np.cumsum(rng.random((slides, cells)) < rates[:, None], axis=1, dtype=np.int64)
    review, green, counted = first_decisions(flagged, boundaries(point, settings.plan))
    return Characteristics(
        blast_share=blast_share,
        slides=slides,
        review=float(review.mean()),
        no_blasts_found=float(green.mean()),
        cannot_judge=float(1 - review.mean() - green.mean()),
        mean_cells=float(counted.mean()),
        cells_95=float(np.quantile(counted, 0.95)),
    )


def first_decisions(
    flagged: IntArray, limits: Boundaries
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], IntArray]:
    """Which slides reach REVIEW or green first, and after how many cells.

    Args:
        flagged: Flagged cells after 1, 2, ... cells, shape (slides, cells).
        limits: The boundaries.

    Returns:
        Two boolean arrays, REVIEW and NO_BLASTS_FOUND, and the cells counted, each shape
        (slides,).
    """
    cells = flagged.shape[1]
    review = flagged >= limits.review[1 : cells + 1]
    decided = review | (flagged <= limits.green[1 : cells + 1])
    ends = decided.any(axis=1)
    at = np.where(ends, decided.argmax(axis=1), cells - 1)
    red = review[np.arange(flagged.shape[0]), at]
    return red, ends & ~red, at + 1


def operating_characteristics(
    point: OperatingPoint,
    shares: Sequence[float],
    settings: VerdictSettings | None = None,
    slides: int = 2000,
    seed: int = 0,
) -> list[Characteristics]:
    """`simulate` for each blast share, each with its own random slides."""
    return [simulate(point, s, settings, slides, seed + i) for i, s in enumerate(shares)]
