"""A verdict is on one slide: where two may have been counted as one, none is green."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from edge.judgement.verdict import Judgement, Verdict

_DOUBT: Final = (
    "The slide seems to have been changed during this examination: after a pause the red cells "
    "had another colour. Examine each slide by itself."
)


def of_one_slide(judgement: Judgement, doubtful: bool) -> Judgement:
    """The judgement, its reason telling of the doubt; no longer green where there is one.

    Args:
        judgement: By all cells counted.
        doubtful: Whether some of them may be another slide's.
    """
    if not doubtful:
        return judgement
    reason = f"{_DOUBT} Apart from that: {judgement.reason}"
    if judgement.verdict is Verdict.NO_BLASTS_FOUND:
        return judgement.cannot_judge(reason)
    return replace(judgement, reason=reason)
