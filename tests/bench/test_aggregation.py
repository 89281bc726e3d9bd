"""Three ways to add up what cells say, on patients made here whose truth is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.aggregation import METHODS, compare
from bench.folds import CalledCells, Fold
from bench.score_model import bin_counts, fit_score_model
from convert.cells import CellSet
from edge.judgement.operating_point import BetaSpread, OperatingPoint
from edge.judgement.slide import SlideRules
from train.cells import LabelledCell
from train.evaluation.calls import Calls, cell_set
from train.labels import LABELS

RULES = SlideRules(
    OperatingPoint(BetaSpread.from_mean_sd(0.9, 0.08), BetaSpread.from_mean_sd(0.01, 0.01))
)


def scores_of(blasts: int, others: int, rng: np.random.Generator) -> np.ndarray:
    """Log-odds as a good network gives them, with a shift of the patient's own."""
    shift = rng.normal(0, 0.5)
    return np.concatenate([rng.normal(3 + shift, 1.2, blasts), rng.normal(-6 + shift, 2, others)])


def calls_of(patients: dict[str, tuple[int, int]], seed: int) -> Calls:
    rng = np.random.default_rng(seed)
    cells, scores = [], []
    for name, (blasts, others) in patients.items():
        labels = ["blast"] * blasts + ["neutrophil"] * others
        cells += [
            LabelledCell("zip", f"{name}{i}", label, label, name, "jhu", 0.2)
            for i, label in enumerate(labels)
        ]
        scores.append(scores_of(blasts, others, rng))
    all_scores = np.concatenate(scores)
    flagged = all_scores > 0.6
    yes = np.ones(len(cells), dtype=bool)
    return Calls(
        tuple(cells),
        1 / (1 + np.exp(-all_scores)),
        np.zeros(len(cells), dtype=np.int64),
        yes,
        yes,
        flagged,
        np.full(len(cells), 0.65),
        np.zeros(len(cells), dtype=np.int64),
    )


FREE = {f"F{i}": (0, 110) for i in range(12)}
ILL = {f"B{i}": (10 + 5 * i, 100) for i in range(12)}


def fitted(seed: int = 1) -> tuple[CellSet, np.ndarray]:
    calls = calls_of({**FREE, **ILL}, seed)
    return cell_set(calls.cells), calls.log_odds


def test_a_few_cells_of_very_high_score_are_evidence_and_ordinary_ones_are_not() -> None:
    model = fit_score_model(*fitted(), blast_free_below=0.01)
    normal = bin_counts(np.full(100, -6.0))
    certain = bin_counts(np.concatenate([np.full(95, -6.0), np.full(5, 5.0)]))
    doubtful = bin_counts(np.concatenate([np.full(95, -6.0), np.full(5, 0.0)]))
    assert model.log_evidence(normal) < 0 < model.log_evidence(certain)
    assert model.log_evidence(doubtful) < model.log_evidence(certain)
    assert model.log_ratio_sum(normal) < 0 < model.log_ratio_sum(certain)
    assert model.log_evidence(np.zeros_like(normal)) == pytest.approx(0, abs=1e-9)


def test_shifts_between_patients_make_evidence_weaker_than_a_plain_sum() -> None:
    model = fit_score_model(*fitted(), blast_free_below=0.01)
    many = bin_counts(np.concatenate([np.full(300, -6.0), np.full(60, 4.0)]))
    assert model.log_evidence(many) < model.log_ratio_sum(many)


def test_all_three_rank_made_patients_and_are_hardly_ever_wrong() -> None:
    rng = np.random.default_rng(5)

    def cells(name: str, blasts: int, others: int) -> CalledCells:
        scores = scores_of(blasts, others, rng)
        label = np.full(len(scores), LABELS.index("neutrophil"))
        share = blasts / (blasts + others)
        flags = (scores > 0.6).astype(np.int64)
        return CalledCells(name, share, flags, label, 1 / (1 + np.exp(-scores)))

    donors = cells("donors", 0, 500)
    fold = Fold(
        number=0,
        rules=RULES,
        others=calls_of({**FREE, **ILL}, 2),
        patients=(
            *(cells(f"B{i}", 25 + 10 * i, 80) for i in range(5)),
            *(cells(f"F{i}", 0, 110) for i in range(4)),
        ),
        healthy=donors,
        healthy_labels=np.array(["neutrophil"] * 300 + ["lymphocyte"] * 200),
        elsewhere=((cells("phone", 0, 200), RULES),),
    )
    told = compare([fold], draws=6, seed=1)
    assert told["patients_with_5_percent"] == 5
    for method in METHODS:
        figures = told["methods"][method]
        assert set(figures["auc"]) == {"donors", "patients without blasts", "phone"}
        assert min(figures["auc"].values()) > 0.95, method
        assert figures["found"]["20% and more"] == [5, 5], method
        assert max(figures["wrong"].values()) <= 0.2, method
        assert {"donors, 400 cells", "phone, 400 cells"} <= set(figures["wrong"])


def test_the_committed_answers_lie_where_the_bench_looks_for_them() -> None:
    from bench.folds import RUNS

    assert (Path(RUNS) / "fold-0" / "answers.npz").is_file()
