"""The figures of the report, from out-of-fold calls: plain values, ready for JSON."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from convert.figures import calibration_error, roc_auc, share
from convert.operating_point import measure_false_blasts, measure_sensitivity
from convert.settings import ConvertSettings
from edge.errors import DataMissing
from edge.judgement.operating_point import BetaSpread
from train.cells import LabelledCell
from train.evaluation.bootstrap import auc_interval
from train.evaluation.calls import Calls, RunCalls, cell_set, log_odds, network_answers
from train.labels import LABELS

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

MATURE_NORMAL: Final = frozenset(
    {
        "neutrophil",
        "neutrophil_segmented",
        "neutrophil_band",
        "lymphocyte",
        "monocyte",
        "eosinophil",
        "basophil",
    }
)
"""Source labels of the white cells of healthy blood; variants and immature forms are not."""

SPECIFICITIES: Final = (0.90, 0.95, 0.99)
FEWEST_OF_A_KIND: Final = 10
"""Blasts, and other white cells, that a patient must have for an AUC of his own."""

_BINS: Final = 15
_SEED: Final = 20261124
_DIGITS: Final = 4


def white_only(calls: Calls) -> Calls:
    """Cells signed as white cells that can be judged: what every figure is about."""
    return calls.where(calls.is_white)


def ranking(calls: Calls) -> dict[str, Any]:
    """AUC with its interval over patients, against all other white cells and against mature
    normal ones alone."""
    mature = np.array([cell.source_label in MATURE_NORMAL for cell in calls.cells], dtype=bool)
    told: dict[str, Any] = {}
    for name, chosen in (("auc", calls.is_white), ("auc_mature", calls.is_blast | mature)):
        some = calls.where(chosen)
        auc = roc_auc(some.is_blast, some.log_odds)
        told[name] = rounded(auc)
        if auc is not None:
            low, high = auc_interval(
                some.is_blast, some.log_odds, [str(p) for p in some.patients], _SEED
            )
            told[f"{name}_interval"] = [rounded(low), rounded(high)]
    return told


def sensitivities(calls: Calls) -> dict[str, Any]:
    """Share of blasts found where 90, 95 and 99% of the other white cells are let pass, and the
    false-blast rates that are asked for of healthy donors."""
    others, blasts = calls.log_odds[~calls.is_blast], calls.log_odds[calls.is_blast]
    if not len(others) or not len(blasts):
        return {}
    return {
        f"{level:.2f}": rounded(float((blasts > np.quantile(others, level)).mean()))
        for level in SPECIFICITIES
    }


def by_patient(calls: Calls) -> list[dict[str, Any]]:
    """Each patient with enough cells of both kinds: AUC, calls at the bundle's threshold."""
    rows = []
    patients = calls.patients
    for patient in sorted(set(patients) - {""}):
        own = calls.where(patients == patient)
        blasts = own.is_blast
        row: dict[str, Any] = {
            "patient": str(patient),
            "fold": int(own.fold[0]),
            "cells": len(own.cells),
            "blasts": int(blasts.sum()),
            "found": rounded(share(own.flagged[blasts & own.answered])),
            "false_blasts": rounded(share(own.flagged[~blasts & own.answered])),
            "abstained": rounded(share(~own.answered)),
        }
        enough = min(int(blasts.sum()), int((~blasts).sum())) >= FEWEST_OF_A_KIND
        row["auc"] = rounded(roc_auc(blasts, own.log_odds)) if enough else None
        rows.append(row)
    return rows


def by_label(calls: Calls) -> list[dict[str, Any]]:
    """Each label as signed: how many are flagged at the bundle's threshold."""
    signed = np.array([cell.source_label for cell in calls.cells])
    rows = []
    for source in sorted(set(calls.sources)):
        for label in sorted(set(signed[calls.sources == source])):
            own = calls.where((calls.sources == source) & (signed == label))
            rows.append(
                {
                    "source": str(source),
                    "label": str(label),
                    "blast": bool(own.is_blast[0]),
                    "cells": len(own.cells),
                    "flagged": rounded(share(own.flagged[own.answered])),
                    "abstained": rounded(share(~own.answered)),
                    "taken_for": _most_called(own),
                }
            )
    return rows


def _most_called(calls: Calls) -> str:
    """The network's commonest label for these cells."""
    return LABELS[int(np.bincount(calls.label, minlength=len(LABELS)).argmax())]


def reliability(calls: Calls) -> dict[str, Any]:
    """Expected calibration error, and what share of each bin of p_blast is signed as blast."""
    where = np.minimum((calls.p_blast * _BINS).astype(int), _BINS - 1)
    bins = [
        {
            "p_blast": rounded(float(calls.p_blast[where == b].mean())),
            "share": rounded(float(calls.is_blast[where == b].mean())),
            "cells": int((where == b).sum()),
        }
        for b in range(_BINS)
        if (where == b).any()
    ]
    return {"ece": rounded(calibration_error(calls.is_blast, calls.p_blast)), "bins": bins}


def abstention(calls: Calls) -> dict[str, Any]:
    """Error against coverage: the unsure are left out first, by distance from the threshold.

    ``bundle``: what the bundle's own limits leave, and the errors among what they leave.
    """
    wrong = calls.flagged != calls.is_blast
    sure = np.abs(calls.log_odds - log_odds(calls.threshold))
    order = np.argsort(-sure, kind="stable")
    errors = np.cumsum(wrong[order])
    curve = [
        {"coverage": c, "error": rounded(float(errors[n - 1] / n))}
        for c in (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 1.0)
        if (n := round(c * len(order)))
    ]
    return {
        "bundle": {
            "coverage": rounded(share(calls.answered)),
            "error": rounded(share(wrong[calls.answered])),
            "error_without_abstention": rounded(share(wrong)),
        },
        "curve": curve,
    }


def spreads(calls: Calls) -> dict[str, Any]:
    """Sensitivity and false-blast rate between patients, as a Beta distribution each: what the
    verdict reckons with. False blasts of patients with and without leukemia apart."""
    cells, answers = cell_set(calls.cells), network_answers(calls)
    told: dict[str, Any] = {}
    # A network that answers for no such cell has no rate: reported as none, not refused.
    with contextlib.suppress(DataMissing):
        told["sensitivity"] = _spread(measure_sensitivity(cells, answers))
    with contextlib.suppress(DataMissing):
        free = measure_false_blasts(cells, answers, ConvertSettings())
        told["false_blasts_without_blasts"] = _spread(free)
    rates = [
        (row["false_blasts"], row["patient"])
        for row in by_patient(calls)
        if row["blasts"] and row["false_blasts"] is not None
    ]
    told["false_blasts_beside_blasts"] = {
        "patients": len(rates),
        "median": rounded(float(np.median([rate for rate, _ in rates]))) if rates else None,
        "highest": [{"patient": p, "rate": r} for r, p in sorted(rates)[::-1][:5]],
    }
    return told


def _spread(rate: Any) -> dict[str, Any]:
    spread: BetaSpread = rate.spread
    return {
        "a": float(f"{spread.a:.5g}"),
        "b": float(f"{spread.b:.5g}"),
        "mean": rounded(spread.mean),
        "groups": len(rate.groups),
        "cells": int(sum(rate.cells)),
        "by_group": {
            group: [int(flagged), int(cells)]
            for group, flagged, cells in zip(rate.groups, rate.flagged, rate.cells, strict=True)
        },
    }


def nested_threshold(calls: Calls, specificity: float = 0.95) -> dict[int, float]:
    """For each fold the log-odds that let that share of the other white cells of the *other*
    folds' leukemia patients pass."""
    patients = calls.where(calls.patients != "")
    return {
        int(fold): log_odds_at_specificity(patients.where(patients.fold != fold), specificity)
        for fold in np.unique(calls.fold)
    }


def log_odds_at_specificity(calls: Calls, specificity: float) -> float:
    """Log-odds above which no more than 1 - specificity of the cells that are no blasts lie."""
    return float(np.quantile(calls.log_odds[~calls.is_blast], specificity))


def at_one_threshold(calls: Calls, limits: dict[int, float]) -> dict[str, Any]:
    """Calls at a threshold fixed on other patients, by source."""
    over = _over(calls, limits)
    told: dict[str, Any] = {}
    for source in sorted(set(calls.sources)):
        own = calls.sources == source
        told[str(source)] = {
            "sensitivity": rounded(share(over[own & calls.is_blast])),
            "false_blasts": rounded(share(over[own & ~calls.is_blast])),
        }
    return told


def false_blasts_by_label(calls: Calls, limits: dict[int, float]) -> list[dict[str, Any]]:
    """Which cells that are no blasts are flagged at a threshold fixed on other patients."""
    over = _over(calls, limits)
    signed = np.array([cell.source_label for cell in calls.cells])
    rows = []
    for label in sorted(set(signed[~calls.is_blast])):
        own = ~calls.is_blast & (signed == label)
        found = share(over[own])
        rows.append(
            {
                "label": str(label),
                "cells": int(own.sum()),
                "false_blasts": rounded(found),
                "flagged_as": _most_called(calls.where(own & over)) if found else None,
            }
        )
    return rows


def _over(calls: Calls, limits: dict[int, float]) -> Flags:
    """Which calls lie above the limit of the fold that judged them."""
    above: Flags = calls.log_odds > np.array([limits[int(fold)] for fold in calls.fold])
    return above


def robustness(run: RunCalls) -> list[dict[str, Any]]:
    """AUC of the same cells as they are and under each simulated degradation."""
    chosen = [run.holdout.cells[i] for i in run.answers.degraded_cells]
    if not chosen:
        return []
    plain = run.ask(run.answers.holdout[run.answers.degraded_cells], chosen)
    truth = plain.is_blast
    before = roc_auc(truth, plain.log_odds)
    rows = []
    for name, logits in run.answers.degraded.items():
        kind, strength = name.split("/")
        after = run.ask(logits, chosen)
        auc = roc_auc(truth, after.log_odds)
        rows.append(
            {
                "degradation": kind,
                "strength": strength,
                "auc": rounded(auc),
                "loss": rounded(None if auc is None or before is None else before - auc),
                "sensitivity": rounded(share(after.flagged[truth])),
                "false_blasts": rounded(share(after.flagged[~truth])),
                "abstained": rounded(share(~after.answered)),
            }
        )
    plainly = {
        "degradation": "none",
        "strength": "",
        "auc": rounded(before),
        "loss": 0.0,
        "sensitivity": rounded(share(plain.flagged[truth])),
        "false_blasts": rounded(share(plain.flagged[~truth])),
        "abstained": rounded(share(~plain.answered)),
    }
    return [plainly, *rows]


def healthy_fields(runs: Sequence[RunCalls], limits: dict[int, float]) -> dict[str, Any]:
    """False blasts on boxed white cells of healthy donors, from cameras never trained on.

    ``networks`` has one rate a network: with the bundle's threshold among answered cells, and at
    the one threshold among all taken for white cells.
    """
    told: dict[str, Any] = {}
    for name in sorted({key for run in runs for key in run.answers.fields}):
        rows: list[dict[str, Any]] = []
        for run in runs:
            if run.run.leave_out is not None or name not in run.answers.fields:
                continue
            logits = run.answers.fields[name]
            unsigned = LabelledCell(name, "", "neutrophil", "unsigned", "", name, 0.0)
            calls = run.ask(logits, [unsigned] * len(logits))
            over = calls.log_odds > limits[run.run.fold]
            rows.append(
                {
                    "run": run.run.name,
                    "cells": len(logits),
                    "counted": int(calls.counted.sum()),
                    "answered": int(calls.answered.sum()),
                    "flagged": rounded(share(calls.flagged[calls.answered])),
                    "at_one_threshold": rounded(share(over[calls.counted])),
                }
            )
        told[name] = {"networks": rows} | {
            key: rounded(float(np.mean([row[key] for row in rows if row[key] is not None])))
            for key in ("flagged", "at_one_threshold")
        }
    return told


def rounded(value: float | None) -> float | None:
    """Four digits are more than any of these sets can tell."""
    return None if value is None or not np.isfinite(value) else round(float(value), _DIGITS)
