"""One slide judged from its cells: all rules put together, in the order in which they speak.

The loop on the device and the simulations on the workstation both judge by this, so that what is
measured is what is used.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from edge.judgement.differential import Differential, DifferentialSettings, with_differential
from edge.judgement.domain import DomainSettings, with_domain
from edge.judgement.doubt import is_doubtful, with_doubt
from edge.judgement.operating_point import OperatingPoint
from edge.judgement.score_bins import NO_SCORES, ScoreReference, score_bin
from edge.judgement.tally import Tally
from edge.judgement.verdict import Judgement, VerdictSettings, judge


@dataclass(frozen=True)
class SlideRules:
    """What a slide is judged by.

    Attributes:
        point: Operating point of the network, from its bundle.
        verdict: Settings of the sequential test.
        differential: Settings of what is more than blood has.
        domain: When scores are unlike those of every patient.
        reference: Scores of the patients of the bundle; None where it tells none.
        certain_threshold: The p_blast from which a flagged cell is certain; None without such.
    """

    point: OperatingPoint
    verdict: VerdictSettings = field(default_factory=VerdictSettings)
    differential: DifferentialSettings = field(default_factory=DifferentialSettings)
    domain: DomainSettings = field(default_factory=DomainSettings)
    reference: ScoreReference | None = None
    certain_threshold: float | None = None

    def is_certain(self, p_blast: float) -> bool:
        """Whether a flagged cell with this score is a certain one."""
        return self.certain_threshold is not None and p_blast >= self.certain_threshold


@dataclass(frozen=True)
class Evidence:
    """What was seen on a slide so far; immutable, a new one for every cell.

    Attributes:
        tally: Counts of flagged, unflagged and abstained cells.
        differential: How the cells divide by label.
        scores: White cells in each bin of score_bins.py.
        doubtful: Abstained cells that are likelier blasts than not.
    """

    tally: Tally = field(default_factory=Tally)
    differential: Differential = field(default_factory=Differential)
    scores: tuple[int, ...] = NO_SCORES
    doubtful: int = 0

    def add(self, blast: bool | None, label: str, p_blast: float, certain: bool = False) -> Self:
        """One more white cell.

        Args:
            blast: Flagged (True), not flagged (False), or abstained from (None).
            label: The likeliest label.
            p_blast: Calibrated probability of a blast, 0 to 1, abstained or not.
            certain: Its score is very high (`SlideRules.is_certain`).
        """
        place = score_bin(p_blast)
        scores = (*self.scores[:place], self.scores[place] + 1, *self.scores[place + 1 :])
        return type(self)(
            self.tally.add(blast, certain),
            self.differential.add(blast, label),
            scores,
            self.doubtful + int(blast is None and is_doubtful(p_blast)),
        )


def judge_slide(evidence: Evidence, rules: SlideRules, final: bool = False) -> Judgement:
    """Judge what was seen so far; the order of the cells does not matter.

    Args:
        evidence: What was seen.
        rules: What it is judged by.
        final: No more cells will come.
    """
    told, point, limits = evidence.tally, rules.point, rules.verdict
    counted = judge(told, point, limits, final)
    sure = with_doubt(counted, told, evidence.doubtful, point, limits, final)
    seen = with_differential(sure, evidence.differential, rules.differential)
    return with_domain(seen, evidence.scores, rules.reference, rules.domain, final)
