"""The verdict on a slide from its counts: what the lamps, the record and the page show."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from edge.judgement.operating_point import OperatingPoint
from edge.judgement.rates import likely_rate
from edge.judgement.sequential import Boundaries, TestPlan, boundaries
from edge.judgement.share import corrected_share, share_interval
from edge.judgement.tally import Tally

_CELLS_FOR_A_SHARE = 20


class Verdict(StrEnum):
    """What is known of a slide."""

    KEEP_COUNTING = "KEEP_COUNTING"
    NO_BLASTS_FOUND = "NO_BLASTS_FOUND"
    REVIEW = "REVIEW"
    CANNOT_JUDGE = "CANNOT_JUDGE"


@dataclass(frozen=True)
class VerdictSettings:
    """What the verdict must keep; see sequential.py for how it does.

    Attributes:
        share_limit: Smallest share of blasts that must not be missed, 0 to 1.
        alpha: Highest probability of REVIEW on a slide without blasts.
        beta: Highest probability of NO_BLASTS_FOUND on a slide with ``share_limit`` or more.
        least_cells_review: Answered cells before REVIEW.
        least_cells_green: Answered, unflagged cells before NO_BLASTS_FOUND.
        max_cells: White cells after which a slide that is still open is CANNOT_JUDGE; 2000 at
            most (the boundaries are computed for each count).
        max_abstention: Largest share of abstained cells (among those not flagged) that may
            still be judged.
        coverage: Of the interval of the blast share.

    Raises:
        ValueError: A setting is out of its range.
    """

    share_limit: float = 0.05
    alpha: float = 0.01
    beta: float = 0.01
    least_cells_review: int = 10
    least_cells_green: int = 100
    max_cells: int = 1000
    max_abstention: float = 0.30
    coverage: float = 0.95

    def __post_init__(self) -> None:
        for name in ("share_limit", "alpha", "beta", "coverage"):
            if not 0 < getattr(self, name) < 1:
                raise ValueError(f"{name} must lie between 0 and 1, not {getattr(self, name)}")
        if not 0 <= self.max_abstention <= 1:
            raise ValueError(f"max_abstention must be 0 to 1, not {self.max_abstention}")
        if self.alpha > 0.2 or self.beta > 0.2:
            raise ValueError("alpha and beta above 0.2 are no error rates of a screening aid")
        if self.least_cells_review < 1 or self.least_cells_green < 1:
            raise ValueError("the least counts of cells must be at least 1")
        if not max(self.least_cells_review, self.least_cells_green) <= self.max_cells <= 2000:
            raise ValueError("max_cells must be at least the least counts, and at most 2000")

    @property
    def plan(self) -> TestPlan:
        """The part that the sequential test depends on."""
        return TestPlan(
            self.share_limit,
            self.alpha,
            self.beta,
            self.least_cells_review,
            self.least_cells_green,
            self.max_cells,
        )


@dataclass(frozen=True)
class Judgement:
    """A verdict and what it rests on.

    Attributes:
        verdict: See Verdict.
        blast_share: Share of blasts corrected by the network's error rates, 0 to 1.
        interval: Its interval (95% unless set otherwise), lower and upper end.
        cells_needed: Further answered cells to a verdict if the slide goes on as so far; 0 where
            there is one; None where more cells of this kind would not bring one, or no one can
            tell.
        reason: Why, in plain words, one sentence.
    """

    verdict: Verdict
    blast_share: float
    interval: tuple[float, float]
    cells_needed: int | None
    reason: str


def judge(
    tally: Tally,
    operating_point: OperatingPoint,
    settings: VerdictSettings | None = None,
    final: bool = False,
) -> Judgement:
    """Judge a slide by what was counted so far. Depends on the counts only, not on their order.

    The error rates hold when counting stops at the first verdict other than KEEP_COUNTING.

    Args:
        tally: The counts.
        operating_point: Of the network, from its bundle.
        settings: Limits and error rates; the defaults if left out.
        final: No more cells will come, so KEEP_COUNTING becomes CANNOT_JUDGE.
    """
    settings = settings or VerdictSettings()
    limits = boundaries(operating_point, settings.plan)
    verdict, needed, reason = _decide(tally, operating_point, settings, limits, final)
    return Judgement(
        verdict=verdict,
        blast_share=corrected_share(tally.cells, tally.blasts, operating_point),
        interval=share_interval(tally.cells, tally.blasts, operating_point, settings.coverage),
        cells_needed=needed,
        reason=reason,
    )


def _decide(
    tally: Tally,
    point: OperatingPoint,
    settings: VerdictSettings,
    limits: Boundaries,
    final: bool,
) -> tuple[Verdict, int | None, str]:
    too_unsure = tally.abstention_share > settings.max_abstention
    if _review_reached(tally, settings, limits, too_unsure):
        return Verdict.REVIEW, 0, _review_reason(tally, limits)
    # Of a handful of cells no share can be told: they are simply too few.
    unlike = too_unsure and tally.seen >= _CELLS_FOR_A_SHARE
    if unlike and (final or tally.unflagged + tally.abstained >= settings.least_cells_green):
        return Verdict.CANNOT_JUDGE, None, _unsure_reason(tally, settings)
    needed = None if unlike else cells_needed(tally, point, limits)
    if not too_unsure and _green_reached(tally, settings, limits):
        return Verdict.NO_BLASTS_FOUND, 0, _green_reason(tally, settings)
    if tally.seen >= settings.max_cells:
        return Verdict.CANNOT_JUDGE, None, _undecided_reason(tally)
    if final:
        return Verdict.CANNOT_JUDGE, needed, _ended_reason(tally, settings, needed)
    return Verdict.KEEP_COUNTING, needed, _counting_reason(needed)


def _review_reached(
    tally: Tally, settings: VerdictSettings, limits: Boundaries, too_unsure: bool
) -> bool:
    """Enough flagged cells.

    Where too many cells were abstained from, the answered ones may be a selection: REVIEW then
    only if it were reached with every abstained cell counted as unflagged.
    """
    cells = tally.seen if too_unsure else tally.cells
    blasts = tally.blasts
    if cells > settings.max_cells:  # the plan ends here; judged by the share of all
        blasts, cells = blasts * settings.max_cells // cells, settings.max_cells
    return blasts >= int(limits.review[cells])


def _green_reached(tally: Tally, settings: VerdictSettings, limits: Boundaries) -> bool:
    return tally.cells <= settings.max_cells and tally.blasts <= int(limits.green[tally.cells])


def cells_needed(tally: Tally, point: OperatingPoint, limits: Boundaries) -> int | None:
    """Further answered cells to a verdict if cells go on being flagged as on this slide so far.

    The rate is the likely one (posterior median) under whichever of "no blasts" and "some share
    of blasts" explains the counts better; before the first cell, that of a slide without blasts.
    None if no verdict lies on that way.
    """
    rate = likely_rate(tally.cells, tally.blasts, point)
    later = np.arange(tally.cells, limits.review.size)
    blasts = tally.blasts + rate * (later - tally.cells)
    decided = (blasts <= limits.green[later] + 0.5) & (limits.green[later] >= tally.blasts)
    decided |= blasts >= limits.review[later]
    return max(1, int(np.argmax(decided))) if decided.any() else None


def _review_reason(tally: Tally, limits: Boundaries) -> str:
    usual = int(limits.review[min(tally.cells, limits.review.size - 1)])
    return (
        f"{tally.blasts} of {tally.cells} cells look like blasts; "
        f"a slide without blasts shows fewer than {usual}."
    )


def _green_reason(tally: Tally, settings: VerdictSettings) -> str:
    return (
        f"{tally.blasts} of {tally.cells} cells look like blasts, as on a slide without blasts; "
        f"at most {settings.beta:.2%} of slides with {settings.share_limit:.0%} blasts or more "
        "would show so few."
    )


def _unsure_reason(tally: Tally, settings: VerdictSettings) -> str:
    return (
        f"{tally.abstained} of {tally.seen} cells could not be told, more than "
        f"{settings.max_abstention:.0%}: stain, focus or slide are unlike what the model knows."
    )


def _undecided_reason(tally: Tally) -> str:
    return (
        f"{tally.cells} cells were judged, {tally.blasts} of them look like blasts: "
        "too many for a clear slide, too few to be sure."
    )


def _ended_reason(tally: Tally, settings: VerdictSettings, needed: int | None) -> str:
    if tally.cells < settings.least_cells_green and needed is not None:
        return f"Only {tally.cells} cells were judged; about {needed} more are needed."
    if needed is not None:
        return f"{tally.cells} cells do not settle it; about {needed} more are needed."
    return (
        f"{tally.cells} cells were judged, {tally.blasts} of them look like blasts, "
        "and more of the same would not settle it."
    )


def _counting_reason(needed: int | None) -> str:
    if needed is None:
        return "Not settled yet; more cells may not settle it."
    return f"Not settled yet; about {needed} more cells are needed."
