"""The verdict on a slide from its counts: what the lamps, the record and the page show."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from edge.judgement.operating_point import OperatingPoint
from edge.judgement.rates import IntArray
from edge.judgement.sequential import Boundaries, TestPlan, boundaries
from edge.judgement.share import corrected_share, share_interval, share_ruled_out
from edge.judgement.sufficiency import CellsNeeded, cells_needed
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
        certain_part: Part of alpha that the certain sign may spend (a few cells of very high
            score, see operating_point.CertainSign), 0 to below 1; 0 leaves it out.
        least_certain: Certain cells before they call for REVIEW.

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
    certain_part: float = 0.5
    least_certain: int = 3

    def __post_init__(self) -> None:
        for name in ("share_limit", "alpha", "beta", "coverage"):
            if not 0 < getattr(self, name) < 1:
                raise ValueError(f"{name} must lie between 0 and 1, not {getattr(self, name)}")
        if not 0 <= self.max_abstention <= 1:
            raise ValueError(f"max_abstention must be 0 to 1, not {self.max_abstention}")
        if not 0 <= self.certain_part < 1:
            raise ValueError(f"certain_part must be 0 to below 1, not {self.certain_part}")
        if self.least_certain < 1:
            raise ValueError(f"least_certain must be at least 1, not {self.least_certain}")
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
            self.certain_part,
            self.least_certain,
        )


@dataclass(frozen=True)
class Judgement:
    """A verdict and what it rests on.

    Attributes:
        verdict: See Verdict.
        blast_share: Share of blasts corrected by the network's error rates, 0 to 1.
        interval: Its interval (95% unless set otherwise), lower and upper end.
        cells_needed: Further answered cells to a verdict, expected; 0 where there is one; None
            where more cells of this kind would hardly bring one, or no one can tell.
        reason: Why, in plain words, one sentence.
        cells_needed_95: Enough for 95 of 100 slides like this one; 0 where there is a verdict;
            None where fewer would ever reach one.
        share_ruled_out: The smallest share such that it and all larger ones are ruled out so far,
            0 to 1, wrongly for at most ``beta`` of slides however often one looks; None where
            none is.
    """

    verdict: Verdict
    blast_share: float
    interval: tuple[float, float]
    cells_needed: int | None
    reason: str
    cells_needed_95: int | None = None
    share_ruled_out: float | None = None

    def cannot_judge(self, reason: str) -> Judgement:
        """The same counts without a result, which more cells of this kind would not bring."""
        return replace(
            self,
            verdict=Verdict.CANNOT_JUDGE,
            cells_needed=None,
            cells_needed_95=None,
            reason=reason,
        )


_SETTLED = CellsNeeded(0, 0)
_NO_WAY = CellsNeeded(None, None)


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
    verdict, needed, reason = _decide(tally, operating_point, settings, final)
    ruled_out = share_ruled_out(tally.cells, tally.blasts, operating_point, settings.beta)
    if verdict is Verdict.NO_BLASTS_FOUND:
        # The test knows when it ends, and so rules out a little earlier than who looks forever.
        ruled_out = min(settings.share_limit, ruled_out or 1.0)
    return Judgement(
        verdict=verdict,
        blast_share=corrected_share(tally.cells, tally.blasts, operating_point),
        interval=share_interval(tally.cells, tally.blasts, operating_point, settings.coverage),
        cells_needed=needed.expected,
        reason=reason,
        cells_needed_95=needed.most,
        share_ruled_out=ruled_out,
    )


def _decide(
    tally: Tally, point: OperatingPoint, settings: VerdictSettings, final: bool
) -> tuple[Verdict, CellsNeeded, str]:
    limits = boundaries(point, settings.plan)
    too_unsure = tally.abstention_share > settings.max_abstention
    reason = _review_reason(tally, limits, settings, too_unsure)
    if reason is not None:
        return Verdict.REVIEW, _SETTLED, reason
    # Of a handful of cells no share can be told: they are simply too few.
    unlike = too_unsure and tally.seen >= _CELLS_FOR_A_SHARE
    if unlike and (final or tally.unflagged + tally.abstained >= settings.least_cells_green):
        return Verdict.CANNOT_JUDGE, _NO_WAY, _unsure_reason(tally, settings)
    if not too_unsure and _green_reached(tally, settings, limits):
        return Verdict.NO_BLASTS_FOUND, _SETTLED, _green_reason(tally, settings)
    if tally.seen >= settings.max_cells:
        return Verdict.CANNOT_JUDGE, _NO_WAY, _undecided_reason(tally)
    needed = _still_needed(tally, point, settings, unlike)
    if final:
        return Verdict.CANNOT_JUDGE, needed, _ended_reason(tally, settings, needed.expected)
    return Verdict.KEEP_COUNTING, needed, _counting_reason(needed)


def _still_needed(
    tally: Tally, point: OperatingPoint, settings: VerdictSettings, unlike: bool
) -> CellsNeeded:
    if unlike:
        return _NO_WAY
    needed = cells_needed(tally.cells, tally.blasts, point, settings.plan)
    # Where only abstentions hold a verdict back, the counts alone need no more cells.
    return _NO_WAY if needed.expected == 0 else needed


def _review_reason(
    tally: Tally, limits: Boundaries, settings: VerdictSettings, too_unsure: bool
) -> str | None:
    """Why this calls for REVIEW, by the flagged cells or by the certain ones; None if it does not.

    Where too many cells were abstained from, the answered ones may be a selection: REVIEW then
    only if it were reached with every abstained cell counted as unflagged.
    """
    cells = tally.seen if too_unsure else tally.cells
    if _reached(tally.blasts, cells, limits.review, settings.max_cells):
        return (
            f"{tally.blasts} of {cells} cells look like blasts; "
            f"a slide without blasts shows fewer than {_usual(cells, limits.review)}."
        )
    if _reached(tally.certain, cells, limits.certain, settings.max_cells):
        return (
            f"{tally.certain} of {cells} cells look like blasts beyond doubt; "
            f"a slide without blasts shows fewer than {_usual(cells, limits.certain)}."
        )
    return None


def _reached(count: int, cells: int, limit: IntArray, max_cells: int) -> bool:
    if cells > max_cells:  # the plan ends here; judged by the share of all
        count, cells = count * max_cells // cells, max_cells
    return count >= int(limit[cells])


def _usual(cells: int, limit: IntArray) -> int:
    return int(limit[min(cells, limit.size - 1)])


def _green_reached(tally: Tally, settings: VerdictSettings, limits: Boundaries) -> bool:
    return tally.cells <= settings.max_cells and tally.blasts <= int(limits.green[tally.cells])


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


def _counting_reason(needed: CellsNeeded) -> str:
    if needed.expected is None:
        return "Not settled yet; more cells may not settle it."
    most = "" if needed.most is None else f" ({needed.most} at most for 95 of 100 such slides)"
    return f"Not settled yet; about {needed.expected} more cells are needed{most}."
