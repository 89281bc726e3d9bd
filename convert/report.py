"""The report of a conversion as data: what was tried, found, and how to do it again.

It holds times of this machine, so that it is no part of the bundle: a bundle is the same for the
same input. It lies beside it, as ``NAME.report.json`` and, for people, ``NAME.report.html``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from convert.cells import CellSet
from convert.description import NetworkDescription
from convert.figures import Flags, Floats
from convert.gate import Check
from convert.latency import latencies
from convert.patients import label_table, patient_table, rates_of
from convert.report_html import as_html
from convert.trial import Trial
from edge.errors import ConversionRefused

_SCATTER_CELLS = 1500
_BINS = 15


@dataclass(frozen=True)
class Story:
    """What a report tells besides the trials.

    Attributes:
        source: Name of the network's file.
        command: What was typed, one argument each.
        settings: Of the conversion.
        notes: What was done and found before any int8 model, one line each.
        contract: The alternatives of the pixel contract with their figures.
    """

    source: str
    command: Sequence[str]
    settings: dict[str, Any]
    notes: Sequence[str]
    contract: Sequence[dict[str, Any]]


def build_report(
    story: Story, trials: Sequence[Trial], cells: CellSet, network: NetworkDescription
) -> dict[str, Any]:
    """The report as JSON holds it; the last trial is the one that counts."""
    last = trials[-1]
    return {
        "network": f"{network.name} {network.version}",
        "source": story.source,
        "passed": not last.failed,
        "command": list(story.command),
        "settings": story.settings,
        "notes": list(story.notes),
        "pixel_contract": list(story.contract),
        "rungs": [
            {
                "name": trial.rung.name,
                "passed": not trial.failed,
                "bytes": trial.facts.bytes,
                "figures": _without_sources(trial.figures),
                "checks": [_check(check) for check in trial.checks],
            }
            for trial in trials
        ],
        "decisions": _decisions(cells, last),
        "by_label": label_table(cells, last.int8, last.own, network.labels),
        "by_patient": _patients(cells, last),
        "scatter": _scatter(cells, last),
        "reliability": {
            name: _reliability(cells, answers.scores.p_blast)
            for name, answers in (("float", last.own), ("int8", last.int8))
        },
        "layers": [asdict(layer) for layer in last.layers],
        "size_bytes": {"float": len(last.rung.exact), "int8": last.facts.bytes},
        "operators": last.facts.operators,
        "latency": latencies({"float": last.rung.exact, "int8": last.rung.model}),
    }


def write_report(out: Path, report: dict[str, Any]) -> list[Path]:
    """Write both forms beside the bundle's folder.

    Returns:
        The files.

    Raises:
        ConversionRefused: They cannot be written.
    """
    forms = {
        ".report.json": json.dumps(report, indent=1, allow_nan=False) + "\n",
        ".report.html": as_html(report),
    }
    paths = []
    for ending, text in forms.items():
        path = out.with_name(out.name + ending)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise ConversionRefused(f"{path} cannot be written: {error.strerror}.") from error
        paths.append(path)
    return paths


def _decisions(cells: CellSet, trial: Trial) -> list[dict[str, Any]]:
    """Both rates of both networks, by the two ways of setting decisions; the first one decides."""
    words = ("each by its own decision", "both by the float network's decision")
    pairs = zip(words, (trial.int8, trial.unadjusted), trial.readings, strict=True)
    return [
        {
            "decision": word,
            "float": rates_of(cells, trial.own),
            "int8": rates_of(cells, int8),
            "sensitivity_loss": None if found.sensitivity is None else asdict(found.sensitivity),
            "false_blast_rise": None if found.false_blasts is None else asdict(found.false_blasts),
        }
        for word, int8, found in pairs
    ]


def _check(check: Check) -> dict[str, Any]:
    return {
        "name": check.name,
        "passed": check.passed,
        "warning": check.warning,
        "found": check.found,
    }


def _without_sources(figures: dict[str, Any]) -> dict[str, Any]:
    return {
        key: {k: v for k, v in value.items() if k != "by_source"}
        if isinstance(value, dict)
        else value
        for key, value in figures.items()
    }


def _patients(cells: CellSet, trial: Trial) -> list[dict[str, Any]]:
    """Figures of each patient with both verdicts."""
    rows = patient_table(cells, trial.int8, trial.own)
    verdicts = {each.group: each for each in trial.examined}
    for row in rows:
        found = verdicts[row["patient"]]
        row["verdict"] = {
            "float": str(found.float_verdict),
            "int8": str(found.int8_verdict),
            "cells_counted": found.counted,
        }
    return rows


def _scatter(cells: CellSet, trial: Trial) -> list[list[float]]:
    """(float p_blast, int8 p_blast, 1 for a signed blast) of cells spread evenly over the set."""
    white = np.flatnonzero(cells.is_white)
    places = np.unique(np.linspace(0, len(white) - 1, min(_SCATTER_CELLS, len(white))).astype(int))
    return [
        [
            round(float(trial.own.scores.p_blast[index]), 4),
            round(float(trial.int8.scores.p_blast[index]), 4),
            int(cells.is_blast[index]),
        ]
        for index in white[places]
    ]


def _reliability(cells: CellSet, p_blast: Floats) -> list[dict[str, float]]:
    """Bins of equal width: mean probability, share of blasts, cells."""
    white: Flags = cells.is_white
    truth, told = cells.is_blast[white], p_blast[white]
    where = np.minimum((told * _BINS).astype(int), _BINS - 1)
    return [
        {
            "told": round(float(told[where == each].mean()), 4),
            "true": round(float(truth[where == each].mean()), 4),
            "cells": int((where == each).sum()),
        }
        for each in range(_BINS)
        if (where == each).any()
    ]
