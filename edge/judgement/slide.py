"""One slide judged from its cells: all rules put together, in the order in which they speak.

The loop on the device and the simulations on the workstation both judge by this, so that what is
measured is what is used.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from edge.judgement.differential import Differential, DifferentialSettings, with_differential
from edge.judgement.operating_point import OperatingPoint
from edge.judgement.tally import Tally
from edge.judgement.verdict import Judgement, VerdictSettings, judge


@dataclass(frozen=True)
class SlideRules:
    """What a slide is judged by.

    Attributes:
        point: Operating point of the network, from its bundle.
        verdict: Settings of the sequential test.
        differential: Settings of what is more than blood has.
    """

    point: OperatingPoint
    verdict: VerdictSettings = field(default_factory=VerdictSettings)
    differential: DifferentialSettings = field(default_factory=DifferentialSettings)


@dataclass(frozen=True)
class Evidence:
    """What was seen on a slide so far; immutable, a new one for every cell.

    Attributes:
        tally: Counts of flagged, unflagged and abstained cells.
        differential: How the cells divide by label.
    """

    tally: Tally = field(default_factory=Tally)
    differential: Differential = field(default_factory=Differential)

    def add(self, blast: bool | None, label: str) -> Self:
        """One more white cell.

        Args:
            blast: Flagged (True), not flagged (False), or abstained from (None).
            label: The likeliest label.
        """
        return type(self)(self.tally.add(blast), self.differential.add(blast, label))


def judge_slide(evidence: Evidence, rules: SlideRules, final: bool = False) -> Judgement:
    """Judge what was seen so far; the order of the cells does not matter.

    Args:
        evidence: What was seen.
        rules: What it is judged by.
        final: No more cells will come.
    """
    counted = judge(evidence.tally, rules.point, rules.verdict, final)
    return with_differential(counted, evidence.differential, rules.differential)
