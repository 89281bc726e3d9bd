"""Out-of-fold calls: every cell judged by the one network of the folds that never saw its patient.

Each fold's network is calibrated on its own tuning patients by the code that sets a bundle's
decision, so that the scores of all folds can be laid side by side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convert.cells import Cell, CellSet
from convert.description import NetworkDescription
from convert.operating_point import Answers as NetworkAnswers
from convert.operating_point import Decision, Reference, answer, set_decision
from convert.recalibration import fit_line
from convert.settings import ConvertSettings
from edge.inference.classifier import Scores
from edge.inference.recalibration import Recalibration
from train.cells import LabelledCell, Part, split_cells
from train.evaluation.answers import Answers, read_answers
from train.labels import BLAST_LABELS, LABELS, NON_CELL_LABELS
from train.plan import Run
from train.recipe import Recipe

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Calls:
    """Calls of cells, in step with each other; all arrays of shape (cells,).

    Attributes:
        cells: Whose.
        p_blast: Calibrated, 0-1.
        label: int64, the best label's place in ``LABELS``.
        counted: Taken for a white cell.
        answered: Counted and not abstained from.
        flagged: At or above the bundle's threshold, answered or not.
        threshold: The bundle's, on p_blast, of the network that answered.
        fold: int64, which fold's network answered.
    """

    cells: tuple[LabelledCell, ...]
    p_blast: Floats
    label: NDArray[np.int64]
    counted: Flags
    answered: Flags
    flagged: Flags
    threshold: Floats
    fold: NDArray[np.int64]

    @property
    def is_blast(self) -> Flags:
        """Signed as blast."""
        return np.array([cell.label in BLAST_LABELS for cell in self.cells], dtype=bool)

    @property
    def is_white(self) -> Flags:
        """Signed as a white cell that can be judged."""
        return np.array([cell.label not in NON_CELL_LABELS for cell in self.cells], dtype=bool)

    @property
    def sources(self) -> NDArray[np.str_]:
        """Laboratory of each cell."""
        return np.array([cell.source for cell in self.cells])

    @property
    def patients(self) -> NDArray[np.str_]:
        """Patient of each cell, empty where not told."""
        return np.array([cell.patient for cell in self.cells])

    @property
    def log_odds(self) -> Floats:
        """Of p_blast: even where probabilities crowd at 0 and 1."""
        return log_odds(self.p_blast)

    def where(self, chosen: Flags) -> Calls:
        """Those of some cells."""
        places = np.flatnonzero(chosen)
        return Calls(
            tuple(self.cells[i] for i in places),
            self.p_blast[chosen],
            self.label[chosen],
            self.counted[chosen],
            self.answered[chosen],
            self.flagged[chosen],
            self.threshold[chosen],
            self.fold[chosen],
        )


@dataclass(frozen=True)
class RunCalls:
    """One run's calls.

    Attributes:
        run: Which.
        decision: Set on its tuning patients.
        holdout: Calls of the held-out cells.
        answers: Logits, as stored.
    """

    run: Run
    decision: Decision
    holdout: Calls
    answers: Answers

    def ask(self, logits: NDArray[np.float32], cells: Sequence[LabelledCell]) -> Calls:
        """Calls by this run's decision."""
        return decide(logits, cells, self.decision, self.run.fold)


def log_odds(probability: Floats) -> Floats:
    """ln(p / (1 - p)), finite."""
    clipped = np.clip(probability, 1e-12, 1 - 1e-12)
    return np.log(clipped / (1 - clipped))


def network_labels() -> NetworkDescription:
    """The labels of every network of this package, as ``convert`` wants them."""
    return NetworkDescription(
        name="",
        version="",
        labels=LABELS,
        blast_labels=BLAST_LABELS,
        non_cell_labels=NON_CELL_LABELS,
        synonyms={},
        size_px=0,
        um_per_px=0.0,
        colour={},
        multiply=(1.0, 1.0, 1.0),
        add=(0.0, 0.0, 0.0),
        trained_on=[],
        told={},
        log=None,
    )


def decide(
    logits: NDArray[np.float32], cells: Sequence[LabelledCell], decision: Decision, fold: int
) -> Calls:
    """Calls of cells from their logits."""
    answers = answer(logits.astype(np.float64), network_labels(), decision)
    return Calls(
        tuple(cells),
        answers.scores.p_blast,
        answers.scores.best,
        answers.counted,
        answers.answered,
        answers.flagged,
        np.full(len(cells), decision.threshold),
        np.full(len(cells), fold, dtype=np.int64),
    )


def read_calls(
    recipe: Recipe, runs: Sequence[Run], folder: Path, cells: Sequence[LabelledCell]
) -> list[RunCalls]:
    """Each run's calls.

    Temperature and offset are the run's own, from its tuning patients. Threshold and band of no
    answer are set on the out-of-fold calls of the *other* folds: many more patients, none of them
    those judged, and none of a source that was left out. p_blast is recalibrated by those of all
    folds, without a source that was left out.

    Raises:
        DataMissing: A run's answers are not there, or are of other cells.
    """
    alone = []
    for run in runs:
        parts = split_cells(cells, recipe, run.fold, run.leave_out)
        answers = read_answers(folder / run.name, parts["tune"], parts["holdout"])
        alone.append((parts, answers, call_run(run, parts, answers)))
    everything = out_of_fold([called for _, _, called in alone])
    everything = everything.where(everything.is_white & everything.counted)
    together = []
    for parts, answers, called in alone:
        run = called.run
        seen = everything.where(everything.sources != str(run.leave_out))
        line = _line(seen)
        others = seen.where(seen.fold != run.fold)
        reference = Reference(cell_set(others.cells), line.apply(others.log_odds), line)
        together.append(call_run(run, parts, answers, reference))
    return together


def _line(calls: Calls) -> Recalibration:
    """How sure scores may be. Two numbers, one pair for all folds: a pair of the others for each
    fold would lean away from that fold's own cells, and lay the folds' scores side by side askew.
    """
    return fit_line(calls.log_odds, calls.is_blast, [str(source) for source in calls.sources])


def call_run(
    run: Run,
    parts: Mapping[Part, list[LabelledCell]],
    answers: Answers,
    reference: Reference | None = None,
) -> RunCalls:
    """A run's decision, set on its tuning patients and on others' calls where given; its calls."""
    decision = set_decision(
        answers.tune.astype(np.float64),
        cell_set(parts["tune"]),
        network_labels(),
        ConvertSettings(),
        reference,
    )
    holdout = decide(answers.holdout, parts["holdout"], decision, run.fold)
    return RunCalls(run, decision, holdout, answers)


def out_of_fold(runs: Sequence[RunCalls]) -> Calls:
    """Every cell once: the holdouts of all folds, end to end."""
    folds = [run.holdout for run in runs if run.run.leave_out is None]
    arrays = [
        np.concatenate([getattr(part, field.name) for part in folds])
        for field in fields(Calls)
        if field.name != "cells"
    ]
    return Calls(tuple(cell for part in folds for cell in part.cells), *arrays)


def network_answers(calls: Calls) -> NetworkAnswers:
    """Calls as ``convert`` knows them."""
    unused = np.zeros(len(calls.cells))
    return NetworkAnswers(
        Scores(unused[:, None], calls.p_blast, unused, calls.label),
        calls.counted,
        calls.answered,
        calls.flagged,
    )


def cell_set(cells: Sequence[LabelledCell]) -> CellSet:
    """Labelled cells as ``convert`` knows them, without their pictures."""
    return CellSet(
        cells=tuple(
            Cell(Path(c.zip), c.file, c.label, c.patient, c.source, c.um_per_px) for c in cells
        ),
        crops=np.zeros((0, 0, 0, 3), dtype=np.uint8),
        label_index=np.array([LABELS.index(c.label) for c in cells], dtype=np.int64),
        is_white=np.array([c.label not in NON_CELL_LABELS for c in cells], dtype=bool),
        is_blast=np.array([c.label in BLAST_LABELS for c in cells], dtype=bool),
    )
