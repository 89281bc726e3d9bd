"""Figures against their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from train.evaluation.scores import blast_probability, roc_auc
from train.labels import LABELS


@settings(max_examples=60, deadline=None)
@given(
    positives=st.lists(st.integers(0, 9), min_size=1, max_size=20),
    negatives=st.lists(st.integers(0, 9), min_size=1, max_size=20),
)
def test_auc_is_the_chance_that_a_blast_scores_higher(
    positives: list[int], negatives: list[int]
) -> None:
    wins = [(p > n) + 0.5 * (p == n) for p in positives for n in negatives]
    truth = np.array([True] * len(positives) + [False] * len(negatives))
    score = np.array(positives + negatives, dtype=float)
    assert roc_auc(truth, score) == pytest.approx(sum(wins) / len(wins))


def test_auc_of_one_class_is_not_a_number() -> None:
    assert math.isnan(roc_auc(np.array([True, True]), np.array([0.1, 0.2])))


def test_p_blast_asks_only_among_white_cells() -> None:
    logits = np.full((1, len(LABELS)), -20.0, dtype=np.float32)
    logits[0, LABELS.index("artefact")] = 9.0
    logits[0, LABELS.index("blast")] = 1.0
    logits[0, LABELS.index("neutrophil")] = 1.0
    assert blast_probability(logits)[0] == pytest.approx(0.5, abs=1e-6)


def test_a_higher_temperature_is_less_sure() -> None:
    logits = np.zeros((1, len(LABELS)), dtype=np.float32)
    logits[0, LABELS.index("blast")] = 6.0
    sure, unsure = blast_probability(logits, 1.0)[0], blast_probability(logits, 3.0)[0]
    assert 0.5 < unsure < sure < 1.0
