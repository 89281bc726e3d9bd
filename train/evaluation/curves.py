"""How the trainings went, epoch by epoch: read from their logs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.errors import DataMissing
from train.plan import Run

LOG: Final = "training.log"
COARSE: Final = "coarse"
"""Folder, within a run's, of the part that was trained on coarse views."""


@dataclass(frozen=True)
class Epoch:
    """One epoch of a run.

    Attributes:
        number: From 1, coarse epochs counted first.
        coarse: Whether its views were coarse.
        loss: Mean of its steps.
        tune_auc: AUC on the tuning cells of all sources after it.
        tune_auc_patients: On those of named patients alone.
    """

    number: int
    coarse: bool
    loss: float
    tune_auc: float
    tune_auc_patients: float


def read_curves(folder: Path, runs: Sequence[Run]) -> dict[str, list[Epoch]]:
    """The epochs of every run, by its name.

    Raises:
        DataMissing: A log is not there or is damaged.
    """
    return {run.name: _read(folder / run.name) for run in runs}


def _read(folder: Path) -> list[Epoch]:
    epochs: list[Epoch] = []
    for part, coarse in ((folder / COARSE, True), (folder, False)):
        path = part / LOG
        if coarse and not path.is_file():
            continue
        try:
            for line in path.read_text(encoding="utf-8").splitlines():
                row = json.loads(line)
                figures = (row["loss"], row["tune_auc"], row["tune_auc_patients"])
                epochs.append(Epoch(len(epochs) + 1, coarse, *map(float, figures)))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataMissing(f"Log {path} cannot be read: {error}.", "Train again.") from error
    return epochs
