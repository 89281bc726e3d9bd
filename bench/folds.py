"""Out-of-fold calls as slides: every patient judged by what was fitted without that patient.

For each fold of the cross-validation the network, its calibration, its threshold and band of no
answer (`train.evaluation.calls`) and the operating point (here) come from the other folds'
patients. So no patient is judged by anything that was fitted on the patient's own cells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.figures import NORMAL_DRAW, RECIPE, ROOT, data_folder
from convert.operating_point import answer, measure_false_blasts, measure_sensitivity
from convert.score_reference import score_reference
from convert.settings import ConvertSettings
from convert.unseen_cameras import with_unseen_cameras
from edge.judgement.operating_point import OperatingPoint
from edge.judgement.score_bins import ScoreReference
from edge.judgement.slide import Evidence, SlideRules, judge_slide
from edge.judgement.verdict import Judgement, Verdict
from train.evaluation.calls import (
    Calls,
    RunCalls,
    cell_set,
    network_answers,
    network_labels,
    out_of_fold,
    read_calls,
)
from train.labels import LABELS
from train.plan import cross_validation, read_cells
from train.recipe import Recipe

RUNS: Final = ROOT / "models" / "float" / "leukoscope-mnv2" / "runs"
HEALTHY_SOURCE: Final = "barcelona"
PATIENT_SOURCE: Final = "jhu"

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class CalledCells:
    """Calls of the white cells that a slide is made of; all arrays of shape (cells,).

    Attributes:
        name: A patient, or a source of healthy blood.
        signed_share: Share of signed blasts, 0 to 1.
        blast: 1 flagged, 0 not flagged, -1 abstained from; int64.
        label: Place of the network's label in ``LABELS``; int64.
        p_blast: Calibrated, 0 to 1.
    """

    name: str
    signed_share: float
    blast: Indices
    label: Indices
    p_blast: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.blast)

    def add_to(self, evidence: Evidence, cell: int) -> Evidence:
        """The evidence with one of the cells more."""
        blast = None if self.blast[cell] < 0 else bool(self.blast[cell])
        return evidence.add(blast, LABELS[self.label[cell]], float(self.p_blast[cell]))


@dataclass(frozen=True)
class Fold:
    """One fold: what is fitted on the others, and slides of its own.

    Attributes:
        number: Which.
        rules: What a device with the other folds' bundle would judge by.
        others: White cells of the other folds, to fit more on.
        patients: Those held out.
        healthy: Held-out cells of healthy donors of a laboratory seen in training; the true
            label of each cell is in ``healthy_labels``.
        healthy_labels: Signed label of each of the healthy cells.
        elsewhere: Healthy blood of cameras that no part of training saw, each with rules that
            rest on the other cameras only.
    """

    number: int
    rules: SlideRules
    others: Calls
    patients: tuple[CalledCells, ...]
    healthy: CalledCells
    healthy_labels: NDArray[np.str_]
    elsewhere: tuple[tuple[CalledCells, SlideRules], ...]

    def draw_normal(self, rng: np.random.Generator) -> Indices:
        """Up to 400 of the healthy cells in a normal differential, each once, in random order."""
        drawn = [
            rng.permutation(np.flatnonzero(self.healthy_labels == label))[:count]
            for label, count in NORMAL_DRAW.items()
        ]
        return np.asarray(rng.permutation(np.concatenate(drawn)))


def read_folds(runs: Path = RUNS, recipe_file: Path = RECIPE) -> list[Fold]:
    """All folds of a cross-validation, from the committed answers of its networks.

    Raises:
        DataMissing: Answers or the list of cells are not there.
    """
    recipe = Recipe.load(recipe_file)
    cells = read_cells(recipe, data_folder())
    called = read_calls(recipe, cross_validation(recipe), runs, cells)
    folds = [run for run in called if run.run.leave_out is None]
    return [_fold(run, [other for other in folds if other is not run]) for run in folds]


def _fold(run: RunCalls, others: Sequence[RunCalls]) -> Fold:
    fitted_on = white(out_of_fold(others))
    own = white(run.holdout)
    healthy = own.where(own.sources == HEALTHY_SOURCE)
    patients = own.where(own.sources == PATIENT_SOURCE)
    cameras = {name: [_elsewhere(other, name) for other in others] for name in run.answers.fields}

    told = score_reference(cell_set(fitted_on.cells), fitted_on.p_blast)
    reference = ScoreReference(tuple(tuple(row["cells"]) for row in told["patients"]))

    def rules(left_out: str = "") -> SlideRules:
        known = {name: seen for name, seen in cameras.items() if name != left_out}
        return SlideRules(fit_operating_point(fitted_on, known), reference=reference)

    return Fold(
        number=run.run.fold,
        rules=rules(),
        others=fitted_on,
        patients=tuple(
            called_cells(name, patients.where(patients.patients == name))
            for name in sorted(set(map(str, patients.patients)))
        ),
        healthy=called_cells(HEALTHY_SOURCE, healthy),
        healthy_labels=np.array([cell.label for cell in healthy.cells]),
        elsewhere=tuple((_elsewhere(run, name), rules(name)) for name in sorted(cameras)),
    )


def white(calls: Calls) -> Calls:
    """Signed white cells that the network takes for such."""
    return calls.where(calls.is_white & calls.counted)


def fit_operating_point(
    calls: Calls, cameras: Mapping[str, Sequence[CalledCells]]
) -> OperatingPoint:
    """As `convert` measures it for a bundle.

    Args:
        calls: White cells of patients and donors.
        cameras: Of each camera never trained on, healthy cells as several networks called them.
    """
    measured = cell_set(calls.cells), network_answers(calls)
    free = measure_false_blasts(*measured, ConvertSettings())
    rows = {
        name: {"networks": [_as_reported(cells) for cells in seen]}
        for name, seen in cameras.items()
    }
    return OperatingPoint(
        measure_sensitivity(*measured).spread,
        with_unseen_cameras(free, {"healthy_fields": rows}).spread,
    )


def _as_reported(cells: CalledCells) -> dict[str, float | int | None]:
    """One network's line of ``healthy_fields`` in the trainer's report."""
    answered = int((cells.blast >= 0).sum())
    flagged = int((cells.blast == 1).sum())
    return {"answered": answered, "flagged": flagged / answered if answered else None}


def called_cells(name: str, calls: Calls) -> CalledCells:
    """The calls of one patient or source."""
    blast = np.where(calls.answered, calls.flagged.astype(np.int64), -1)
    return CalledCells(name, float(calls.is_blast.mean()), blast, calls.label, calls.p_blast)


def _elsewhere(run: RunCalls, name: str) -> CalledCells:
    """Boxed white cells of fields, as this fold's network calls them; none is a blast."""
    logits = run.answers.fields[name].astype(np.float64)
    found = answer(logits, network_labels(), run.decision)
    blast = np.where(found.answered, found.flagged.astype(np.int64), -1)
    kept = found.counted
    return CalledCells(name, 0.0, blast[kept], found.scores.best[kept], found.scores.p_blast[kept])


@dataclass(frozen=True)
class SlideEnd:
    """How one slide ended.

    Attributes:
        verdict: Its verdict.
        cells: White cells seen until then, abstained ones among them.
        reason: In words.
    """

    verdict: Verdict
    cells: int
    reason: str


def examine(cells: CalledCells, order: Sequence[int] | Indices, rules: SlideRules) -> SlideEnd:
    """Judge cells one after the other, as the device does, until a verdict or the last of them."""
    evidence = Evidence()
    judgement: Judgement | None = None
    for cell in order:
        evidence = cells.add_to(evidence, int(cell))
        judgement = judge_slide(evidence, rules)
        if judgement.verdict is not Verdict.KEEP_COUNTING:
            break
    if judgement is None or judgement.verdict is Verdict.KEEP_COUNTING:
        judgement = judge_slide(evidence, rules, final=True)
    return SlideEnd(judgement.verdict, evidence.tally.seen, judgement.reason)
