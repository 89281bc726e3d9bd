"""A differential that no healthy blood has is not green, whatever the blast count.

Two kinds of blasts hide among other cells, and then show in the differential:

- Monocytic blasts and promonocytes look so much like monocytes that a network calls most of them
  so, or does not want to tell (people disagree on them too): a field is full of cells between
  monocyte and blast. Blood has 2-10% monocytes; reactive monocytosis rarely goes beyond a third
  (WHO Classification of Haematolymphoid Tumours, 2022, asks for other causes from 10% on).
- Promyelocytes full of granules are called immature granulocytes. Blood has under 1% of these; a
  left shift beyond 10% needs a trained eye whatever its cause.

Far too many of either call for REVIEW. Other cells hold green back only. Healthy blood has no
nucleated red cells: many of them mean disease, or that overlapping red cells were taken for white
ones. Next to nothing but lymphocytes may be lymphoid leukemia or what it leaves behind, and a
network that never saw lymphoblasts takes them for lymphocytes. Many basophils or eosinophils mean
disease, or a stain that the network does not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

import numpy as np

from edge.judgement.verdict import Judgement, Verdict

MONOCYTE: Final = "monocyte"
BETWEEN: Final = frozenset({MONOCYTE, "blast"})
"""What a cell between monocyte and blast is called when the network does not want to tell."""

IMMATURE: Final = "immature_granulocyte"


@dataclass(frozen=True)
class DifferentialSettings:
    """What is more than blood has.

    Attributes:
        monocyte_limit: Largest share of monocytes, flagged cells and untold ones between the two
            that is not worth a look by itself, 0 to 1.
        immature_limit: Largest share of immature granulocytes that is not worth a look by itself.
        erythroblast_limit: Largest share of nucleated red cells with which a slide may be green.
        lymphocyte_limit: The same for lymphocytes.
        basophil_limit: The same for basophils.
        eosinophil_limit: The same for eosinophils.
        error_rate: Highest probability, for each of the first two, that a slide with that share
            is called for REVIEW.
        least_cells: Cells before the differential is looked at.
    """

    monocyte_limit: float = 0.35
    immature_limit: float = 0.10
    erythroblast_limit: float = 0.10
    lymphocyte_limit: float = 0.90
    basophil_limit: float = 0.20
    eosinophil_limit: float = 0.40
    error_rate: float = 0.001
    least_cells: int = 20

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            if name != "least_cells" and not 0 < value < 1:
                raise ValueError(f"{name} must lie between 0 and 1, not {value}")
        if self.least_cells < 1:
            raise ValueError("least_cells must be at least 1")


@dataclass(frozen=True)
class Differential:
    """How the white cells of a slide divide; immutable.

    Attributes:
        labels: How many told cells were called each label.
        monocytic: Cells called monocytes, flagged ones, and untold ones between the two.
        cells: All white cells, untold ones among them.
    """

    labels: Mapping[str, int] = field(default_factory=dict)
    monocytic: int = 0
    cells: int = 0

    def add(self, blast: bool | None, label: str) -> Differential:
        """One more cell; see `Evidence.add`."""
        told = blast is not None
        labels = {**self.labels, label: self.labels.get(label, 0) + 1} if told else self.labels
        monocytic = bool(blast) or label == MONOCYTE or (not told and label in BETWEEN)
        return Differential(labels, self.monocytic + int(monocytic), self.cells + 1)

    @property
    def told(self) -> int:
        """Cells with a label."""
        return sum(self.labels.values())


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
    judgement: Judgement, found: Differential, settings: DifferentialSettings
) -> Judgement:
    """The judgement, made stricter where the differential is none of healthy blood.

    Args:
        judgement: From the count of flagged cells.
        found: How the cells divide.
        settings: What is too many.
    """
    if judgement.verdict is Verdict.REVIEW or found.cells < settings.least_cells:
        return judgement
    reason = _review_reason(found, settings)
    if reason is not None:
        return replace(
            judgement,
            verdict=Verdict.REVIEW,
            cells_needed=0,
            cells_needed_95=0,
            reason=reason,
        )
    reason = _no_blood_reason(found, settings)
    if judgement.verdict is Verdict.NO_BLASTS_FOUND and reason is not None:
        return judgement.cannot_judge(reason)
    return judgement


def _review_reason(found: Differential, settings: DifferentialSettings) -> str | None:
    monocytic, cells = found.monocytic, found.cells
    if excess_evidence(monocytic, cells, settings.monocyte_limit) * settings.error_rate >= 1:
        return (
            f"{monocytic} of {cells} cells look like monocytes or blasts, far more than blood has; "
            "monocytic blasts look like monocytes."
        )
    immature, told = found.labels.get(IMMATURE, 0), found.told
    if excess_evidence(immature, told, settings.immature_limit) * settings.error_rate >= 1:
        return (
            f"{immature} of {told} cells look like immature granulocytes, far more than blood has; "
            "promyelocytes look like them."
        )
    return None


def _no_blood_reason(found: Differential, settings: DifferentialSettings) -> str | None:
    """What no healthy blood has, in words; None where it may be healthy blood."""
    kinds = (
        (
            "erythroblast",
            settings.erythroblast_limit,
            "nucleated red cells, which healthy blood does not have: disease, or red cells lying "
            "on each other",
        ),
        (
            "lymphocyte",
            settings.lymphocyte_limit,
            "lymphocytes, next to nothing else: the model has never seen lymphoblasts, which look "
            "like them",
        ),
        (
            "basophil",
            settings.basophil_limit,
            "basophils, more than healthy blood has: disease, or a stain unlike what the model "
            "knows",
        ),
        (
            "eosinophil",
            settings.eosinophil_limit,
            "eosinophils, more than healthy blood has: disease, or a stain unlike what the model "
            "knows",
        ),
    )
    for label, limit, words in kinds:
        count = found.labels.get(label, 0)
        if count > limit * found.told:
            return f"{count} of {found.told} cells look like {words}."
    return None
