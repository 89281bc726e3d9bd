"""Figures by patient, and how sure they are: a bootstrap that draws patients, not cells.

Cells of one patient share stain, day and disease; drawing cells would make every difference look
surer than it is. Both networks are judged on the same draws (a paired bootstrap, Efron and
Tibshirani 1993, An Introduction to the Bootstrap, chapter 8).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from convert.cells import CellSet
from convert.figures import Flags, Floats, roc_auc, share
from convert.operating_point import Answers, group_name, members_of_groups

DRAWS: Final = 2000


@dataclass(frozen=True)
class Loss:
    """How much worse a rate is than it was: below for blasts found, above for false ones.

    Attributes:
        mean: Over all patients.
        bound: It is smaller than this with a confidence of 95%, one-sided, over patients.
        patients: How many it rests on.
    """

    mean: float
    bound: float
    patients: int


@dataclass(frozen=True)
class Reading:
    """What int8 does to both rates, by one way of setting the decisions.

    Attributes:
        sensitivity: Loss of the share of signed blasts that are flagged; None where there are none.
        false_blasts: Rise of the share of other white cells that are flagged; likewise.
    """

    sensitivity: Loss | None
    false_blasts: Loss | None


def read_rates(cells: CellSet, int8: Answers, reference: Answers, seed: int) -> Reading:
    """Both rates of both networks, among white cells that one of the two takes for such.

    Args:
        cells: The holdout.
        int8: Answers of the int8 network.
        reference: Answers of the float network.
        seed: Of the draws.
    """
    counted = int8.counted | reference.counted
    now, before = int8.flagged & int8.counted, reference.flagged & reference.counted
    blasts = cells.is_blast & counted
    others = cells.is_white & ~cells.is_blast & counted
    return Reading(
        sensitivity=_fall(cells, blasts, before, now, seed),
        false_blasts=_fall(cells, others, now, before, seed),
    )


def _fall(cells: CellSet, chosen: Flags, high: Flags, low: Flags, seed: int) -> Loss | None:
    """How much smaller the share of ``low`` is than that of ``high`` among the chosen cells."""
    more, less, total = _by_patient(cells, chosen, high, low)
    if not total.size:
        return None
    draws = np.random.default_rng(seed).integers(0, total.size, (DRAWS, total.size))
    falls = (more - less)[draws].sum(axis=1) / total[draws].sum(axis=1)
    return Loss(
        mean=float((more - less).sum() / total.sum()),
        bound=float(np.quantile(falls, 0.95)),
        patients=total.size,
    )


def _by_patient(cells: CellSet, chosen: Flags, *hits: Flags) -> tuple[Floats, Floats, Floats]:
    """Hits of the first, of the second, and all chosen cells, for patients that have any."""
    members = members_of_groups(cells).values()
    own = [found[chosen[found]] for found in members]
    own = [found for found in own if len(found)]
    first, second = (np.array([hit[found].sum() for found in own], float) for hit in hits)
    return first, second, np.array([len(found) for found in own], dtype=float)


def patient_table(cells: CellSet, int8: Answers, reference: Answers) -> list[dict[str, Any]]:
    """A row for every patient, or source that names none, with the figures of both networks."""
    rows = []
    for group, members in members_of_groups(cells).items():
        white = members[cells.is_white[members]]
        truth = cells.is_blast[white]
        row: dict[str, Any] = {"patient": group_name(group), "cells": len(white),
                               "blasts": int(truth.sum())}  # fmt: skip
        for name, answers in (("float", reference), ("int8", int8)):
            flagged = answers.flagged[white] & answers.counted[white]
            row[name] = {
                "auc": _rounded(roc_auc(truth, answers.scores.p_blast[white])),
                "sensitivity": _rounded(share(flagged[truth])),
                "false_blast_rate": _rounded(share(flagged[~truth])),
                "abstained": _rounded(share(~answers.answered[white])),
            }
        rows.append(row)
    return rows


def rates_of(cells: CellSet, answers: Answers) -> dict[str, float | None]:
    """Shares of all signed blasts and of all other white cells that are counted and flagged."""
    flagged = answers.flagged & answers.counted
    others = cells.is_white & ~cells.is_blast
    return {
        "sensitivity": _rounded(share(flagged[cells.is_blast])),
        "false_blast_rate": _rounded(share(flagged[others])),
    }


def label_table(
    cells: CellSet, int8: Answers, reference: Answers, labels: tuple[str, ...]
) -> list[dict[str, Any]]:
    """A row for every label that was signed: how often each network names it."""
    rows = []
    for index, label in enumerate(labels):
        own = cells.label_index == index
        if not own.any():
            continue
        rows.append(
            {
                "label": label,
                "cells": int(own.sum()),
                "float_recall": _rounded(share(reference.scores.best[own] == index)),
                "int8_recall": _rounded(share(int8.scores.best[own] == index)),
                "float_flagged": _rounded(share(reference.flagged[own])),
                "int8_flagged": _rounded(share(int8.flagged[own])),
                "same_label": _rounded(share(int8.scores.best[own] == reference.scores.best[own])),
            }
        )
    return rows


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 5)
