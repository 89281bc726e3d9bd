"""What a bundle that passed every gate is nevertheless not: said where the conversion ends.

int8 held what float promised; whether that is enough for a slide is another question.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from convert.operating_point import Decision, Rate
from convert.settings import ConvertSettings

Say = Callable[[str], None]

_BLIND_AUC = 0.75
_FEW_PATIENTS: Final = 5


def tell_if_blind(figures: dict[str, Any], say: Say) -> None:
    """int8 was proven to hold what float promises; where that is next to nothing, say so."""
    if figures["auc"] < _BLIND_AUC or not figures["sensitivity"]:
        say(
            f"the float network itself hardly tells blasts from other cells of the holdout (AUC "
            f"{figures['auc']:.4f}, sensitivity {figures['sensitivity'] or 0:.4f}): the bundle "
            "holds what it promises, which is little"
        )


def tell_evidence(sensitivity: Rate, false_blasts: Rate, say: Say) -> None:
    """On how many patients the verdict's rates rest: a device shows them to nobody else."""
    found, free = len(sensitivity.groups), len(false_blasts.groups)
    few = f"; fewer than {_FEW_PATIENTS} of a kind tell little of the next"
    say(
        f"operating point: measured on {found} patients with blasts and {free} without"
        + (few if min(found, free) < _FEW_PATIENTS else "")
    )
    if sensitivity.spread.mean <= false_blasts.spread.mean:
        say("blasts are flagged no more often than other cells: no slide will ever be settled")


def tell_if_never_unsure(decision: Decision, settings: ConvertSettings, say: Say) -> None:
    """Without enough cells of one source there is no band without answers, and no promise."""
    if decision.unsure_low == decision.unsure_high:
        say(
            "no cell will be left unanswered for being unsure: no source has enough cells for a "
            f"band that keeps wrong answers below {settings.conformal_error:.1%}, or none is needed"
        )
