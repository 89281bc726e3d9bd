"""What the verdict would do on many slides, by simulation: operating characteristics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.judgement.gamma import FloatArray
from edge.judgement.operating_point import BetaSpread, OperatingPoint
from edge.judgement.rates import IntArray
from edge.judgement.sequential import Boundaries, boundaries
from edge.judgement.verdict import VerdictSettings

_AT_ONCE = 500  # slides held in memory at once: 500 x 1,000 cells are some megabytes
_Z_95 = 1.96  # of the normal distribution, two-sided 95%


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
        mean_cells_error: Monte Carlo error of ``mean_cells``: half the width of its 95% interval.
    """

    blast_share: float
    slides: int
    review: float
    no_blasts_found: float
    cannot_judge: float
    mean_cells: float
    cells_95: float
    mean_cells_error: float

    @property
    def share_error(self) -> float:
        """Monte Carlo error of the three shares: the largest of their half widths."""
        ends = (self.review, self.no_blasts_found, self.cannot_judge)
        return max(monte_carlo_error(share, self.slides) for share in ends)


def monte_carlo_error(share: float, slides: int) -> float:
    """Half the width of the 95% interval of a simulated share (Wilson 1927); never zero."""
    spread = share * (1 - share) / slides + (_Z_95 / (2 * slides)) ** 2
    return float(_Z_95 * np.sqrt(spread) / (1 + _Z_95**2 / slides))


@dataclass(frozen=True)
class Rates:
    """How often cells are flagged on each of some slides.

    Attributes:
        flagged: Rate of flagged cells, shape (slides,), 0 to 1.
        certain: Rate of certain cells, at most that of flagged ones, shape (slides,).
    """

    flagged: FloatArray
    certain: FloatArray


def draw_rates(
    point: OperatingPoint, blast_share: float, slides: int, rng: np.random.Generator
) -> Rates:
    """Rates of that many slides (patients) of one blast share.

    A patient whose cells are flagged more often has more certain ones: the two rates are drawn
    apart and joined by rank, which is the strongest bond their spreads allow.
    """
    sensitivity = _draw(point.sensitivity, slides, rng)
    false_rate = _draw(point.false_blast_rate, slides, rng)
    certain, falsely = np.zeros(slides), np.zeros(slides)
    if point.certain is not None:
        certain = _ranked(_draw(point.certain.sensitivity, slides, rng), sensitivity)
        falsely = _ranked(_draw(point.certain.false_rate, slides, rng), false_rate)
    flagged = blast_share * sensitivity + (1 - blast_share) * false_rate
    return Rates(flagged, np.minimum(flagged, blast_share * certain + (1 - blast_share) * falsely))


def _draw(spread: BetaSpread, slides: int, rng: np.random.Generator) -> FloatArray:
    return rng.beta(spread.a, spread.b, slides)


def _ranked(values: FloatArray, like: FloatArray) -> FloatArray:
    """The same values in the order of others."""
    ordered = np.empty_like(values)
    ordered[np.argsort(like)] = np.sort(values)
    return ordered


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
    limits = boundaries(point, settings.plan)
    drawn = draw_rates(point, blast_share, slides, rng)
    parts = [
        first_decisions(*_counts(drawn, start, cells, rng), limits)
        for start in range(0, slides, _AT_ONCE)
    ]
    review, green, counted = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return Characteristics(
        blast_share=blast_share,
        slides=slides,
        review=float(review.mean()),
        no_blasts_found=float(green.mean()),
        cannot_judge=float(1 - review.mean() - green.mean()),
        mean_cells=float(counted.mean()),
        cells_95=float(np.quantile(counted, 0.95)),
        mean_cells_error=float(_Z_95 * counted.std() / np.sqrt(slides)),
    )


def _counts(
    drawn: Rates, start: int, cells: int, rng: np.random.Generator
) -> tuple[IntArray, IntArray]:
    """Flagged and certain cells after 1, 2, ... cells of some of the slides."""
    flagged = drawn.flagged[start : start + _AT_ONCE, None]
    certain = drawn.certain[start : start + _AT_ONCE, None]
    luck = rng.random((flagged.shape[0], cells), dtype=np.float32)
    return (
        np.cumsum(luck < flagged, axis=1, dtype=np.int64),
        np.cumsum(luck < certain, axis=1, dtype=np.int64),
    )


def first_decisions(
    flagged: IntArray, certain: IntArray, limits: Boundaries
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], IntArray]:
    """Which slides reach REVIEW or green first, and after how many cells.

    Args:
        flagged: Flagged cells after 1, 2, ... cells, shape (slides, cells).
        certain: Certain ones among them, the same shape.
        limits: The boundaries.

    Returns:
        Two boolean arrays, REVIEW and NO_BLASTS_FOUND, and the cells counted, each shape
        (slides,).
    """
    cells = flagged.shape[1]
    review = flagged >= limits.review[1 : cells + 1]
    review |= certain >= limits.certain[1 : cells + 1]
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
    cells_on_slide: int | None = None,
) -> list[Characteristics]:
    """`simulate` for each blast share, each with its own random slides."""
    return [
        simulate(point, share, settings, slides, seed + i, cells_on_slide)
        for i, share in enumerate(shares)
    ]
