"""A differential that no healthy blood has is not green, whatever the blast count.

Monocytic leukemias show it: their blasts and promonocytes look so much like monocytes that a
network calls most of them so (and people disagree on them too), and a field is full of
"monocytes". Blood has 2-10% of them; reactive monocytosis rarely goes beyond a third (WHO
Classification of Haematolymphoid Tumours, 2022, asks for other causes from 10% on). Far too many
of them call for REVIEW.

Healthy blood has no nucleated red cells. Many of them mean either disease or that overlapping red
cells were taken for cells: then the hundred cells that green needs were not white cells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from edge.judgement.verdict import Judgement, Verdict


@dataclass(frozen=True)
class DifferentialSettings:
    """What is more than blood has.

    Attributes:
        monocyte_limit: Largest share of monocytes that is not worth a look by itself, 0 to 1.
        erythroblast_limit: Largest share of nucleated red cells with which a slide may be green.
        error_rate: Highest probability that a slide with that share is called for REVIEW.
        least_cells: Answered cells before the differential is looked at.
    """

    monocyte_limit: float = 0.35
    erythroblast_limit: float = 0.1
    error_rate: float = 0.001
    least_cells: int = 20

    def __post_init__(self) -> None:
        for name in ("monocyte_limit", "erythroblast_limit", "error_rate"):
            if not 0 < getattr(self, name) < 1:
                raise ValueError(f"{name} must lie between 0 and 1, not {getattr(self, name)}")
        if self.least_cells < 1:
            raise ValueError("least_cells must be at least 1")


@lru_cache(maxsize=4096)
def excess_evidence(count: int, cells: int, limit: float) -> float:
    """Evidence that a share is larger than ``limit``: a likelihood ratio, averaged over shares.

    The likelihood of ``count`` of ``cells`` averaged over shares uniform from ``limit`` to 1,
    over that at ``limit``. At any share up to the limit it is a supermartingale, so it exceeds
    1/e with probability e at most, however often one looks (Ville's inequality).

    Raises:
        ValueError: The counts are impossible.
    """
    if not 0 <= count <= cells:
        raise ValueError(f"impossible counts: {count} of {cells}")
    shares = limit + (1 - limit) * (np.arange(400) + 0.5) / 400
    log_ratio = count * np.log(shares / limit) + (cells - count) * np.log(
        (1 - shares) / (1 - limit)
    )
    highest = float(log_ratio.max())
    mean = float(np.exp(log_ratio - highest).mean())
    return float(np.exp(min(700.0, highest + np.log(mean))))


def with_differential(
    judgement: Judgement, labels: Mapping[str, int], settings: DifferentialSettings
) -> Judgement:
    """The judgement, made stricter where the differential is none of healthy blood.

    Args:
        judgement: From the count of flagged cells.
        labels: How many answered cells were called each label.
        settings: What is too many.
    """
    cells = sum(labels.values())
    if judgement.verdict is Verdict.REVIEW or cells < settings.least_cells:
        return judgement
    monocytes, erythroblasts = labels.get("monocyte", 0), labels.get("erythroblast", 0)
    if excess_evidence(monocytes, cells, settings.monocyte_limit) * settings.error_rate >= 1:
        reason = (
            f"{monocytes} of {cells} cells look like monocytes, far more than blood has; "
            "monocytic blasts look like them."
        )
        return replace(judgement, verdict=Verdict.REVIEW, cells_needed=0, reason=reason)
    green = judgement.verdict is Verdict.NO_BLASTS_FOUND
    if green and erythroblasts > settings.erythroblast_limit * cells:
        reason = (
            f"{erythroblasts} of {cells} cells look like nucleated red cells, which healthy blood "
            "does not have: disease, or red cells lying on each other."
        )
        return replace(judgement, verdict=Verdict.CANNOT_JUDGE, cells_needed=None, reason=reason)
    return judgement
