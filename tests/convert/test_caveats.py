"""A bundle may pass every gate and still be of little use: its maker is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from convert.caveats import tell_evidence, tell_if_blind, tell_if_never_unsure
from convert.operating_point import Decision, Rate
from convert.settings import ConvertSettings
from edge.inference.recalibration import AS_IT_IS
from edge.judgement.operating_point import BetaSpread


def test_a_network_that_knows_nothing_is_told_to_be_so() -> None:
    said: list[str] = []
    tell_if_blind({"auc": 0.9, "sensitivity": 0.7}, said.append)
    assert said == []
    tell_if_blind({"auc": 0.56, "sensitivity": 0.1}, said.append)
    tell_if_blind({"auc": 0.9, "sensitivity": None}, said.append)
    assert len(said) == 2
    assert "AUC 0.5600" in said[0]


def rate(mean: float, patients: int) -> Rate:
    spread = BetaSpread(mean * 50, (1 - mean) * 50)
    names = tuple(f"P{number}" for number in range(patients))
    return Rate(spread, (1,) * patients, (50,) * patients, names)


@pytest.mark.parametrize(
    ("found", "false", "words"),
    [
        (rate(0.9, 20), rate(0.01, 9), ["20 patients with blasts and 9 without"]),
        (rate(0.9, 20), rate(0.01, 1), ["and 1 without; fewer than 5"]),
        (rate(0.3, 20), rate(0.31, 9), ["20 patients", "no slide will ever be settled"]),
    ],
)
def test_on_how_many_patients_the_rates_rest(found: Rate, false: Rate, words: list[str]) -> None:
    said: list[str] = []
    tell_evidence(found, false, said.append)
    assert len(said) == len(words)
    assert all(word in line for word, line in zip(words, said, strict=True))


def test_a_band_that_could_not_be_set() -> None:
    said: list[str] = []
    with_band = Decision(1.0, 0.0, AS_IT_IS, 0.5, 0.3, 0.6, -1.0)
    tell_if_never_unsure(with_band, ConvertSettings(), said.append)
    assert said == []
    without = replace(with_band, unsure_low=0.5, unsure_high=0.5)
    tell_if_never_unsure(without, ConvertSettings(), said.append)
    assert "no cell will be left unanswered" in said[0]
