"""The honest report: ``report.json``, ``report.html`` and contact sheets of the worst mistakes."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np

from convert.figures import share
from convert.out_of_fold import CALLS_FILE, COLUMNS, REPORT_FILE
from train.evaluation import figures
from train.evaluation.calls import Calls, RunCalls, out_of_fold, read_calls
from train.evaluation.curves import read_curves
from train.evaluation.mistakes import false_blasts, missed_blasts, write_sheet
from train.labels import BLAST_LABELS, LABELS
from train.plan import Run, read_cells
from train.recipe import Recipe

_SHEET_CELLS: Final = 60


def write_report(
    recipe: Recipe, runs: Sequence[Run], answers: Path, data: Path, out: Path
) -> Iterator[str]:
    """Write the report; yields what to tell.

    Raises:
        DataMissing: Answers of a run, or the cells, are not there.
    """
    from train.evaluation.page import write_page

    cells = read_cells(recipe, data)
    called = read_calls(recipe, runs, answers, cells)
    calls = out_of_fold(called)
    told = report(recipe, called)
    out.mkdir(parents=True, exist_ok=True)
    (out / REPORT_FILE).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    write_table(out / CALLS_FILE, calls)
    yield f"wrote {out / REPORT_FILE} and {out / CALLS_FILE}"
    write_page(out / "report.html", told, calls, read_curves(answers, runs))
    yield f"wrote {out / 'report.html'}"
    for name, worst in (
        ("missed_blasts", missed_blasts(calls, _SHEET_CELLS)),
        ("false_blasts", false_blasts(calls, _SHEET_CELLS)),
    ):
        write_sheet(out / f"{name}.png", worst, data)
        yield f"wrote {out / name}.png (real cells: not to be passed on)"
    yield summary(told)


def report(recipe: Recipe, runs: Sequence[RunCalls]) -> dict[str, Any]:
    """All figures, plain values."""
    everything = out_of_fold(runs)
    calls = figures.white_only(everything)
    patients = calls.where(calls.patients != "")
    limits = figures.nested_threshold(calls)
    rows = figures.by_patient(patients)
    areas = [row["auc"] for row in rows if row["auc"] is not None]
    artefacts = everything.where(~everything.is_white)
    return {
        "recipe": recipe.name,
        "version": recipe.version,
        "seed": recipe.seed,
        "folds": recipe.split.folds,
        "views": min((run.answers.views for run in runs), default=recipe.network.views),
        "cells": len(calls.cells),
        "patients": len(rows),
        "cross_validation": {
            "leukemia_patients": {
                **figures.ranking(patients),
                "sensitivity_at_specificity": figures.sensitivities(patients),
                "patient_auc": {
                    "patients": len(areas),
                    "median": figures.rounded(float(np.median(areas))) if areas else None,
                    "lowest": min(areas, default=None),
                    "under_0.90": sum(area < 0.90 for area in areas),
                },
            },
            "all_sources": figures.ranking(calls),
            "one_threshold": figures.at_one_threshold(calls, limits),
            "calibration": {
                "all": figures.reliability(calls),
                **{
                    str(source): figures.reliability(calls.where(calls.sources == source))
                    for source in sorted(set(calls.sources))
                },
            },
            "abstention": figures.abstention(patients),
            "abstention_all_sources": figures.abstention(calls),
            "spread": figures.spreads(calls),
            "taken_for_artefacts": figures.rounded(share(~calls.counted)),
            "artefacts_counted": figures.rounded(share(artefacts.counted)),
            "by_patient": rows,
            "by_label": figures.by_label(calls),
        },
        "left_out": {
            str(run.run.leave_out): _left_out(run, limits)
            for run in runs
            if run.run.leave_out is not None
        },
        "healthy_fields": figures.healthy_fields(runs, limits),
        "robustness": [row for run in runs for row in figures.robustness(run)],
        "recalibration": _recalibration(runs),
    }


def _recalibration(runs: Sequence[RunCalls]) -> dict[str, Any]:
    """How sure a network of this recipe may be: the same for all folds."""
    return asdict(next(run.decision.recalibration for run in runs if run.run.leave_out is None))


def _left_out(run: RunCalls, limits: dict[int, float]) -> dict[str, Any]:
    """A source that the network never saw; its threshold is the one of the other folds, which
    rests on no cell of this source."""
    white = figures.white_only(run.holdout)
    own = white.where(white.sources == run.run.leave_out)
    return {
        "cells": len(own.cells),
        "blasts": int(own.is_blast.sum()),
        **figures.ranking(own),
        "at_one_threshold": figures.at_one_threshold(own, limits)[str(run.run.leave_out)],
        "false_blasts_by_label": figures.false_blasts_by_label(own, limits),
        "ece": figures.reliability(own)["ece"],
        "abstained": figures.rounded(share(~own.answered)),
        "answered_flagged_blasts": figures.rounded(share(own.flagged[own.answered & own.is_blast])),
        "answered_flagged_others": figures.rounded(
            share(own.flagged[own.answered & ~own.is_blast])
        ),
    }


def write_table(path: Path, calls: Calls) -> None:
    """Out-of-fold calls of all white cells, as ``convert.out_of_fold`` reads them."""
    chosen = calls.where(calls.is_white & calls.counted)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for index, cell in enumerate(chosen.cells):
            writer.writerow(
                [
                    cell.file,
                    cell.source,
                    cell.patient,
                    cell.source_label,
                    int(cell.label in BLAST_LABELS),
                    f"{chosen.p_blast[index]:.6f}",
                    int(chosen.flagged[index]),
                    int(not chosen.answered[index]),
                    LABELS[chosen.label[index]],
                ]
            )


def summary(told: dict[str, Any]) -> str:
    """One line for the terminal."""
    ranked = told["cross_validation"]["leukemia_patients"]
    low, high = ranked["auc_interval"]
    return (
        f"AUC {ranked['auc']} ({low}-{high}) over {told['patients']} patients, each judged by a "
        f"network that never saw them; lowest patient {ranked['patient_auc']['lowest']}"
    )
