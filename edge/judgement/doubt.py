"""A cell that could not be told, but is likelier a blast than not, counts against green.

The sequential test counts the cells that were answered. Of a leukemia whose blasts the network
mostly cannot tell, those are a healthy slide's: of one patient with 4.5% signed blasts it answered
two of nine. So green must hold with the doubtful cells flagged. This only ever takes a green away:
no error rate of the test grows by it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from edge.judgement.operating_point import OperatingPoint
from edge.judgement.tally import Tally
from edge.judgement.verdict import Judgement, Verdict, VerdictSettings, judge

_EVEN: Final = 0.5
"""As likely a blast as not: p_blast is calibrated on patients never trained on
(``convert.recalibration``)."""


def is_doubtful(p_blast: float) -> bool:
    """Whether a cell that is not answered is likelier a blast than not."""
    return p_blast >= _EVEN


def with_doubt(
    judgement: Judgement,
    tally: Tally,
    doubtful: int,
    point: OperatingPoint,
    settings: VerdictSettings,
    final: bool = False,
) -> Judgement:
    """The judgement, not yet green where the untold cells may hold too many blasts.

    Args:
        judgement: So far.
        tally: What it rests on.
        doubtful: Abstained cells that are likelier blasts than not.
        point: Of the network, from its bundle.
        settings: Of the test.
        final: No more cells will come.
    """
    if judgement.verdict is not Verdict.NO_BLASTS_FOUND or doubtful == 0:
        return judgement
    told = Tally(tally.cells + doubtful, tally.blasts + doubtful)
    doubted = judge(told, point, settings, final)
    if doubted.verdict is Verdict.NO_BLASTS_FOUND:
        return judgement
    reason = (
        f"{doubtful} of {tally.seen} cells could not be told, but are likelier blasts than not: "
        "too many for a clear slide."
    )
    if final or doubted.verdict is not Verdict.KEEP_COUNTING:
        return judgement.cannot_judge(reason)
    return replace(
        judgement,
        verdict=Verdict.KEEP_COUNTING,
        reason=reason,
        cells_needed=doubted.cells_needed,
        cells_needed_95=doubted.cells_needed_95,
        share_ruled_out=doubted.share_ruled_out,
    )
