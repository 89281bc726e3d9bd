"""Out-of-fold calls: what networks of the same recipe said of patients they had never seen.

A network's own holdout is a fifth of the patients; cross-validation has every patient once. The
operating point, above all its spread between patients, is better known from all of them. The
trainer's report is a folder: a table of one line a signed white cell that was taken for one, and
figures for people.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any, Final

import numpy as np

from convert.cells import Cell, CellSet, network_label
from convert.description import NetworkDescription
from convert.operating_point import Answers
from edge.errors import DataMissing
from edge.inference.classifier import Scores

CALLS_FILE: Final = "out_of_fold.csv"
REPORT_FILE: Final = "report.json"
COLUMNS: Final = (
    "file", "source", "patient", "label", "is_blast", "p_blast", "flagged", "abstained", "called",
)  # fmt: skip
"""``label`` as signed, ``called`` by the network; ``is_blast``, ``flagged`` and ``abstained`` are
0 or 1; ``p_blast`` calibrated by the fold's own tuning patients, and recalibrated by the calls of
all folds (``convert.recalibration``)."""


def read_report(folder: Path | None) -> dict[str, Any] | None:
    """The figures of the trainer's cross-validation, ``report.json``; None where there is none.

    Raises:
        DataMissing: It cannot be read.
    """
    if folder is None:
        return None
    path = folder / REPORT_FILE
    try:
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataMissing(f"{path} cannot be read: {error}.", "See `train evaluate`.") from error
    return told


def read_out_of_fold(path: Path, network: NetworkDescription) -> tuple[CellSet, Answers]:
    """The cells, without pictures, and the calls of them.

    Raises:
        DataMissing: The table is not there, lacks a column or holds a value that is none; names
            the line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataMissing(f"{path} cannot be read: {error}.") from error
    reader = csv.DictReader(io.StringIO(text))
    lacking = set(COLUMNS) - set(reader.fieldnames or ())
    if lacking:
        raise DataMissing(f"{path} lacks the column {min(lacking)}.")
    cells, p_blast, flagged, answered, called = [], [], [], [], []
    for number, row in enumerate(reader, 2):
        label = network_label(row["label"], network, path.name)
        cells.append(Cell(path, row["file"], label, row["patient"], row["source"], 0.2))
        try:
            p_blast.append(_probability(row["p_blast"]))
            flagged.append(_flag(row["flagged"]))
            answered.append(not _flag(row["abstained"]))
            called.append(network.labels.index(row["called"]))
        except ValueError as error:
            raise DataMissing(f"Line {number} of {path}: {error}.") from None
    if not cells:
        raise DataMissing(f"{path} holds no calls.")
    white = [cell.label not in network.non_cell_labels for cell in cells]
    found = CellSet(
        cells=tuple(cells),
        crops=np.zeros((0, 0, 0, 3), dtype=np.uint8),
        label_index=np.array([network.labels.index(cell.label) for cell in cells]),
        is_white=np.array(white),
        is_blast=np.array([cell.label in network.blast_labels for cell in cells]),
    )
    nothing = np.zeros(len(cells))
    scores = Scores(nothing[:, None], np.array(p_blast), nothing, np.array(called))
    answers = Answers(
        scores, np.ones(len(cells), dtype=bool), np.array(answered), np.array(flagged)
    )
    return found, answers


def _probability(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise ValueError(f"p_blast {text} is no probability")
    return value


def _flag(text: str) -> bool:
    if text not in {"0", "1"}:
        raise ValueError(f"{text!r} is neither 0 nor 1")
    return text == "1"
