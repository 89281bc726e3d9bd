"""Decision on calibration cells, rates on the holdout: from logits alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from convert.cells import Cell, CellSet
from convert.description import NetworkDescription
from convert.figures import calibration_error, roc_auc
from convert.operating_point import (
    Reference,
    answer,
    blast_free,
    measure_false_blasts,
    measure_sensitivity,
    network_scores,
    set_decision,
)
from convert.settings import ConvertSettings
from edge.errors import DataMissing

LABELS = ("blast", "neutrophil", "lymphocyte", "artefact")
NETWORK = NetworkDescription(
    "toy", "1", LABELS, ("blast",), ("artefact",), {}, 32, 0.2, {}, (1.0,) * 3, (0.0,) * 3,
    [], {}, None,
)  # fmt: skip
SETTINGS = ConvertSettings()


def make(seed: int, bias: float = 0.0) -> tuple[CellSet, np.ndarray]:
    """Cells of two patients with blasts and two sources without, and logits that know them."""
    rng = np.random.default_rng(seed)
    told = [("clinic", "P1", (0.5, 0.3, 0.1, 0.1)), ("clinic", "P2", (0.2, 0.4, 0.3, 0.1))]
    told += [("clinic", "P3", (0.0, 0.5, 0.4, 0.1)), ("donors", "", (0.0, 0.1, 0.8, 0.1))]
    cells, truth = [], []
    for source, patient, mix in told:
        for label in rng.choice(4, 1500, p=mix):
            cells.append(Cell(Path("z"), str(len(cells)), LABELS[label], patient, source, 0.2))
            truth.append(label)
    index = np.array(truth)
    logits = rng.normal(0, 1, (len(cells), 4))
    logits[np.arange(len(cells)), index] += 4.0
    logits[:, 0] += bias
    crops = np.zeros((len(cells), 1, 1, 3), dtype=np.uint8)
    return CellSet(tuple(cells), crops, index, index != 3, index == 0), logits


def test_the_threshold_keeps_its_specificities() -> None:
    cells, logits = make(0)
    answers = answer(logits, NETWORK, set_decision(logits, cells, NETWORK, SETTINGS))
    others = cells.is_white & ~cells.is_blast
    assert answers.flagged[others].mean() <= 1 - SETTINGS.specificity
    free = others & blast_free(cells, SETTINGS.blast_free_below)
    rates = [
        answers.flagged[free & np.array([group == own for group in cells.groups])].mean()
        for own in (("clinic", "P3"), ("donors", ""))
    ]
    assert np.mean(rates) <= 1 - SETTINGS.blast_free_specificity + 1e-3


@pytest.mark.parametrize("bias", [0.0, 2.5])
def test_p_blast_is_calibrated_though_training_drew_blasts_too_often(bias: float) -> None:
    cells, logits = make(1, bias)
    decision = set_decision(logits, cells, NETWORK, SETTINGS)
    held_out, unseen = make(2, bias)
    answers = answer(unseen, NETWORK, decision)
    white = held_out.is_white
    error = calibration_error(held_out.is_blast[white], answers.scores.p_blast[white])
    print("ECE", error, decision)
    assert error < 0.02


@pytest.mark.parametrize("error", [0.01, 0.03, 0.1])
def test_no_more_than_the_conformal_error_is_answered_wrongly(error: float) -> None:
    cells, logits = make(3)
    settings = replace(SETTINGS, conformal_error=error)
    decision = set_decision(logits, cells, NETWORK, settings)
    assert decision.unsure_low <= decision.threshold <= decision.unsure_high
    fresh, unseen = make(30)
    answers = answer(unseen, NETWORK, decision)
    white = fresh.is_white & answers.answered
    missed = (white & fresh.is_blast & ~answers.flagged).sum() / fresh.is_blast.sum()
    false = (white & ~fresh.is_blast & answers.flagged).sum() / (
        fresh.is_white & ~fresh.is_blast
    ).sum()
    print(f"conformal error {error}: {missed:.4f} of blasts missed, {false:.4f} false")
    # Exchangeable cells: the guarantee holds up to the chance of a thousand blasts (3 sigma).
    assert missed <= error + 3 * (error / 1000) ** 0.5
    assert false <= error + 3 * (error / 4000) ** 0.5


def test_a_weak_network_abstains_more() -> None:
    silent = []
    for strength in (1.0, 0.4):
        cells, logits = make(3)
        noisy = logits + np.random.default_rng(9).normal(0, 2.0 / strength - 2.0, logits.shape)
        decision = set_decision(noisy, cells, NETWORK, SETTINGS)
        answers = answer(noisy, NETWORK, decision)
        silent.append((answers.counted & ~answers.answered)[cells.is_white].mean())
    assert silent[1] > silent[0] + 0.05


def test_other_patients_calls_set_threshold_and_band_where_they_are_given() -> None:
    cells, logits = make(6)
    own = set_decision(logits, cells, NETWORK, SETTINGS)
    others, scores = make(7, bias=1.0)
    p_blast = network_scores(scores, NETWORK, own.temperature, own.blast_offset).p_blast
    found = set_decision(logits, cells, NETWORK, SETTINGS, Reference(others, p_blast))
    assert (found.temperature, found.blast_offset) == (own.temperature, own.blast_offset)
    free = others.is_white & ~others.is_blast
    assert (p_blast[free] >= found.threshold).mean() <= 1 - SETTINGS.specificity
    assert found.threshold > own.threshold


def test_rates_are_by_patient_and_false_blasts_only_of_those_without_blasts() -> None:
    cells, logits = make(4)
    answers = answer(logits, NETWORK, set_decision(logits, cells, NETWORK, SETTINGS))
    assert measure_sensitivity(cells, answers).groups == ("clinic/P1", "clinic/P2")
    rate = measure_false_blasts(cells, answers, SETTINGS)
    assert rate.groups == ("clinic/P3", "donors")
    assert rate.spread.mean < 0.03
    # 8 lymphocytes for 1 neutrophil, and a normal differential wants half as many.
    assert rate.cells[1] < 0.5 * (answers.answered & cells.is_white)[4500:].sum()


@pytest.mark.parametrize(
    ("blasts", "others", "said"), [(0, 100, "no blasts"), (19, 100, "hold 19 blasts and 100 other")]
)
def test_too_few_cells_of_a_kind_set_nothing(blasts: int, others: int, said: str) -> None:
    """A threshold used to be set on one blast and one neutrophil, and its bundle was written."""
    cells, logits = make(5)
    keep = np.sort(
        np.concatenate([np.flatnonzero(cells.is_blast)[:blasts],
                        np.flatnonzero(cells.is_white & ~cells.is_blast)[:others]])
    )  # fmt: skip
    few = CellSet(
        tuple(cells.cells[index] for index in keep), cells.crops[keep], cells.label_index[keep],
        cells.is_white[keep], cells.is_blast[keep],
    )  # fmt: skip
    with pytest.raises(DataMissing, match=said):
        set_decision(logits[keep], few, NETWORK, SETTINGS)


def test_auc_counts_ties_half_and_knows_when_it_cannot_be() -> None:
    truth = np.array([True, True, False, False])
    assert roc_auc(truth, np.array([0.9, 0.5, 0.5, 0.1])) == pytest.approx(0.875)
    assert roc_auc(truth, np.ones(4)) == pytest.approx(0.5)
    assert roc_auc(truth[:2], np.ones(2)) is None
