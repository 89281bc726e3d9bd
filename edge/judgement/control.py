"""The daily control: a slide of known content must be found to be what it is.

A run of the control counts a fixed number of cells of a slide whose share of blasts is known. It
passes if enough cells were seen, not too many were abstained from, the known share is one that the
counts allow (interval of 99.7%, as wide as three standard deviations), a slide full of blasts is
called for review and one without blasts is not, and, once the control has limits of its own, if
neither the flagged nor the abstained share breaks a rule of Westgard's that rejects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from edge.judgement.share import share_interval
from edge.judgement.slide import Evidence, SlideRules, judge_slide
from edge.judgement.tally import Tally
from edge.judgement.verdict import Judgement, Verdict
from edge.judgement.westgard import CountedShare, Limits, broken_rules, limits_of

REQUIREMENTS: Final = ("camera", "always", "never")
COVERAGE: Final = 0.997
"""Of the interval in which the known share must lie: a sound device fails one day in 300."""

SURE_REVIEW: Final = 0.20
"""A control with this share of blasts or more must be called for REVIEW."""


@dataclass(frozen=True)
class ControlSettings:
    """The daily control.

    Attributes:
        required: Whose green needs a passed control. "camera": that of the device's own camera,
            for the control proves camera, light and optics; pictures from files and rendered
            smears need none. "always": of every source. "never": of none; then nothing has
            proven the optics, and the record says so.
        valid_h: Hours for which a passed control counts.
        cells: White cells counted on a control slide.
        baseline_runs: Passed runs of a control that set its mean and standard deviation; before
            that many there are no limits but the known content.
        slide: What the control slide is called where nobody says; a new slide needs a new name,
            because its limits are its own.
        blast_share: Known share of blasts of that slide, 0 to 1.

    Raises:
        ValueError: A setting is out of its range.
    """

    required: str = "camera"
    valid_h: float = 24.0
    cells: int = 100
    baseline_runs: int = 20
    slide: str = "control"
    blast_share: float = 0.0

    def __post_init__(self) -> None:
        if self.required not in REQUIREMENTS:
            raise ValueError(f"required must be one of {', '.join(REQUIREMENTS)}")
        if not 0 < self.valid_h <= 24 * 31:
            raise ValueError(f"valid_h must be above 0 and at most 744, not {self.valid_h}")
        if not 20 <= self.cells <= 1000:
            raise ValueError(f"cells must be 20 to 1000, not {self.cells}")
        if not 2 <= self.baseline_runs <= 1000:
            raise ValueError(f"baseline_runs must be 2 to 1000, not {self.baseline_runs}")
        if not self.slide.strip():
            raise ValueError("slide must be a name")
        check_share(self.blast_share)


def check_share(share: float) -> None:
    """Refuse what is no share of blasts.

    Raises:
        ValueError: It lies outside 0 to 1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"blast_share must be 0 to 1, not {share}")


@dataclass(frozen=True)
class ControlCounts:
    """What one run counted.

    Attributes:
        flagged: Answered cells flagged as blasts.
        answered: Cells that the network answered for.
        abstained: Cells that it did not.
    """

    flagged: int
    answered: int
    abstained: int

    @property
    def seen(self) -> int:
        """All white cells."""
        return self.answered + self.abstained

    @property
    def quantities(self) -> dict[str, CountedShare]:
        """What is watched from day to day, by name; nothing where no cell was counted."""
        shares = {
            "flagged": (self.flagged, self.answered),
            "not told": (self.abstained, self.seen),
        }
        return {name: CountedShare(*counts) for name, counts in shares.items() if counts[1]}


@dataclass(frozen=True)
class ControlResult:
    """How a run ended.

    Attributes:
        passed: Whether it proves the device.
        reason: Why, one sentence.
        warnings: What a careful person looks at although it passed, one sentence each.
        limits: Of each quantity that has limits, by name.
    """

    passed: bool
    reason: str
    warnings: tuple[str, ...]
    limits: dict[str, Limits]


def judge_control(
    evidence: Evidence,
    known_share: float,
    earlier: Sequence[ControlCounts],
    earlier_passed: Sequence[bool],
    rules: SlideRules,
    settings: ControlSettings,
) -> ControlResult:
    """Judge a run of a control.

    Args:
        evidence: What was counted.
        known_share: Share of blasts that the slide is known to have, 0 to 1.
        earlier: Earlier runs of the same slide, model and camera, the oldest first.
        earlier_passed: Whether each of them passed.
        rules: What slides are judged by.
        settings: Of the control.
    """
    counts = counts_of(evidence.tally)
    first = [run for run, passed in zip(earlier, earlier_passed, strict=True) if passed]
    limits = baseline(first, settings.baseline_runs)
    fault = _content_fault(evidence, known_share, rules, settings)
    rejected, warnings = _trend(counts, earlier[-1] if earlier else None, limits)
    if fault is None and rejected:
        fault = rejected[0]
    if fault is not None:
        return ControlResult(False, fault, tuple(warnings), limits)
    passed = f"{counts.flagged} of {counts.answered} cells look like blasts, as on this slide."
    if not limits:
        known = min(len(first) + 1, settings.baseline_runs)
        passed += f" Its limits are being learned: run {known} of {settings.baseline_runs}."
    return ControlResult(True, passed, tuple(warnings), limits)


def counts_of(tally: Tally) -> ControlCounts:
    """The counts of a tally that are watched."""
    return ControlCounts(tally.blasts, tally.cells, tally.abstained)


def baseline(passed: Sequence[ControlCounts], runs: int) -> dict[str, Limits]:
    """The limits of each quantity from the first passed runs; empty before there are as many."""
    if len(passed) < runs:
        return {}
    first = [run.quantities for run in passed[:runs]]
    names = [name for name in first[0] if all(name in each for each in first)]
    return {name: limits_of([each[name] for each in first]) for name in names}


def _content_fault(
    evidence: Evidence, known_share: float, rules: SlideRules, settings: ControlSettings
) -> str | None:
    """Why the counts are not those of a slide of known content; None where they are."""
    tally = evidence.tally
    if tally.seen < settings.cells:
        return f"Only {tally.seen} of {settings.cells} cells were found on the control slide."
    if tally.abstention_share > rules.verdict.max_abstention:
        return (
            f"{tally.abstained} of {tally.seen} cells of the control slide could not be told: "
            "clean the optics, check focus, light and stain."
        )
    low, high = share_interval(tally.cells, tally.blasts, rules.point, COVERAGE)
    if not low <= known_share <= high:
        return (
            f"{tally.blasts} of {tally.cells} cells look like blasts: a share of {low:.1%} to "
            f"{high:.1%}, and the control slide is known to have {known_share:.1%}."
        )
    verdict = judge_slide(evidence, rules, final=True).verdict
    if known_share == 0 and verdict is Verdict.REVIEW:
        return "The control slide has no blasts, and would have been called for review."
    if known_share >= SURE_REVIEW and verdict is not Verdict.REVIEW:
        return "The control slide is full of blasts, and was not called for review."
    return None


def _trend(
    counts: ControlCounts, before: ControlCounts | None, limits: dict[str, Limits]
) -> tuple[list[str], list[str]]:
    """What rejects the run and what only warns, by Westgard's rules, one sentence each."""
    rejected: list[str] = []
    warnings: list[str] = []
    earlier = {} if before is None else before.quantities
    for name, own in limits.items():
        found = counts.quantities.get(name)
        if found is None:
            continue
        for rule in broken_rules(found, earlier.get(name), own):
            deviation = own.deviations(found)
            said = (
                f"The share of cells {name} is {found.share:.1%}, {abs(deviation):.1f} standard "
                f"deviations {'above' if deviation > 0 else 'below'} this slide's mean "
                f"(rule {rule.value})."
            )
            (rejected if rule.rejects else warnings).append(said)
    return rejected, warnings


class Standing(StrEnum):
    """How the daily control stands."""

    PASSED = "PASSED"
    DUE = "DUE"
    FAILED = "FAILED"
    """The newest run of a control slide within the hours was not passed."""
    NOT_ASKED = "NOT_ASKED"


@dataclass(frozen=True)
class ControlState:
    """Whether the device is proven today.

    Attributes:
        required: Whether green needs it.
        holds: Whether a control was passed in time, and none failed since.
        reason: One sentence for a person.
        failed: Whether one was not passed within the hours that a control counts.
    """

    required: bool
    holds: bool
    reason: str
    failed: bool = False

    @property
    def standing(self) -> Standing:
        """The same in one word."""
        if self.failed:
            return Standing.FAILED
        if self.holds:
            return Standing.PASSED
        return Standing.DUE if self.required else Standing.NOT_ASKED

    @property
    def allows_green(self) -> bool:
        """Whether green is allowed."""
        return self.holds or not self.required


NOT_ASKED: Final = ControlState(False, False, "No control slide is asked for.")


def with_control(judgement: Judgement, state: ControlState) -> Judgement:
    """The judgement, no longer green where the device was not proven today."""
    if judgement.verdict is not Verdict.NO_BLASTS_FOUND or state.allows_green:
        return judgement
    reason = (
        f"Not green before the control slide is passed. {state.reason} "
        f"Apart from that: {judgement.reason}"
    )
    return judgement.cannot_judge(reason)
