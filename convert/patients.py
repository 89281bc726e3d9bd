"""Figures by patient, and how sure they are: a bootstrap that draws patients, not cells.

Cells of one patient share stain, day and disease; drawing cells would make every difference look
surer than it is. Both networks are judged on the same draws (a paired bootstrap, Efron and
Tibshirani 1993, An Introduction to the Bootstrap, chapter 8).
"""

from __future__ import annotations

from collections.abc import Sequence
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


def read_rates(cells: CellSet, ways: Sequence[tuple[Answers, Answers]], seed: int) -> Reading:
    """Both rates of both networks, among white cells that one of the two takes for such.

    Args:
        cells: The holdout.
        ways: Answers of the int8 and of the float network to the cells as they lay, and as they
            might have lain: what quantization does near the threshold is chance, and another
            chance for each way; a patient's cells are drawn in all ways or in none.
        seed: Of the draws.
    """
    lost, risen = [], []
    for int8, reference in ways:
        counted = int8.counted | reference.counted
        now, before = int8.flagged & int8.counted, reference.flagged & reference.counted
        others = cells.is_white & ~cells.is_blast
        lost.append(_by_patient(cells, cells.is_blast & counted, before, now))
        risen.append(_by_patient(cells, others & counted, now, before))
    return Reading(_fall(np.sum(lost, axis=0), seed), _fall(np.sum(risen, axis=0), seed))


def _fall(counts: Floats, seed: int) -> Loss | None:
    """How much smaller the second share is than the first; see ``_by_patient``."""
    more, less, total = counts[:, counts[2] > 0]
    if not total.size:
        return None
    draws = np.random.default_rng(seed).integers(0, total.size, (DRAWS, total.size))
    falls = (more - less)[draws].sum(axis=1) / total[draws].sum(axis=1)
    return Loss(
        mean=float((more - less).sum() / total.sum()),
        bound=float(np.quantile(falls, 0.95)),
        patients=total.size,
    )


def _by_patient(cells: CellSet, chosen: Flags, first: Flags, second: Flags) -> Floats:
    """Hits of the first and of the second, and all chosen cells, shape (3, patients)."""
    counts = [
        ((first & chosen)[own].sum(), (second & chosen)[own].sum(), chosen[own].sum())
        for own in members_of_groups(cells).values()
    ]
    return np.array(counts, dtype=float).reshape(-1, 3).T


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
    """A row for every label that was signed: how often each network names it, and how often it
    calls such cells blasts; what it takes for no white cell it calls nothing."""
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
                "float_flagged": _rounded(share((reference.flagged & reference.counted)[own])),
                "int8_flagged": _rounded(share((int8.flagged & int8.counted)[own])),
                "same_label": _rounded(share(int8.scores.best[own] == reference.scores.best[own])),
            }
        )
    return rows


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 5)
