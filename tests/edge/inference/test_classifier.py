"""Logits to calls."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import BundleRefused
from edge.inference.bundle import Bundle, InputSpec, Quantization, load_bundle
from edge.inference.classifier import (
    NOT_A_WHITE_CELL,
    UNLIKE_TRAINING,
    UNSURE,
    Classifier,
    pixel_table,
    quantize,
    score,
)
from edge.inference.interpreter import Interpreter
from edge.inference.recalibration import Recalibration
from tests.edge.inference.bundle_maker import SIDE, ToyInterpreter, description, write_bundle


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return load_bundle(write_bundle(tmp_path))


def classifier(bundle: Bundle) -> Classifier:
    return Classifier(bundle, cast(Interpreter, ToyInterpreter()))


def crops(*colours: tuple[int, int, int]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    flat = np.array(colours, dtype=np.uint8)[:, None, None, :]
    return np.broadcast_to(flat, (len(colours), SIDE, SIDE, 3)).copy()


def test_dark_red_is_a_blast_and_light_red_is_not(bundle: Bundle) -> None:
    blast, normal = classifier(bundle).classify(crops((100, 100, 100), (160, 100, 100)))
    assert (blast.blast, blast.label, blast.white_cell, blast.reason) == (True, "blast", True, None)
    assert (normal.blast, normal.label, normal.abstained) == (False, "neutrophil", False)
    assert blast.p_blast > 0.99 > 0.01 > normal.p_blast


def test_an_artefact_is_no_white_cell(bundle: Bundle) -> None:
    (call,) = classifier(bundle).classify(crops((128, 250, 100)))
    assert (call.white_cell, call.blast, call.abstained) == (False, None, True)
    assert call.reason == NOT_A_WHITE_CELL
    assert 0 <= call.p_blast <= 1


def test_it_is_silent_between_blast_and_not(bundle: Bundle) -> None:
    (call,) = classifier(bundle).classify(crops((127, 100, 100)))
    assert (call.blast, call.abstained, call.reason) == (None, True, UNSURE)
    assert bundle.abstention.unsure_low < call.p_blast < bundle.abstention.unsure_high


def test_it_is_silent_on_what_no_training_cell_was_like(bundle: Bundle) -> None:
    (call,) = classifier(bundle).decide(np.array([[-3.0, -9.0, -9.0]]))
    assert (call.blast, call.reason, call.white_cell) == (None, UNLIKE_TRAINING, True)


def test_a_crop_judged_alone_or_among_others_gets_the_same_call(bundle: Bundle) -> None:
    known = classifier(bundle)
    batch = np.random.default_rng(1).integers(0, 256, (7, SIDE, SIDE, 3), dtype=np.uint8)
    assert known.classify(batch) == [known.classify(crop[None])[0] for crop in batch]
    assert known.classify(batch[:0]) == []


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((1, SIDE, SIDE, 3), dtype=np.float32),
        np.zeros((SIDE, SIDE, 3), dtype=np.uint8),
        np.zeros((1, 16, 16, 3), dtype=np.uint8),
        np.zeros((1, SIDE, SIDE), dtype=np.uint8),
    ],
)
def test_crops_of_another_shape_are_refused(bundle: Bundle, wrong: Any) -> None:
    with pytest.raises(ValueError, match="crops"):
        classifier(bundle).classify(wrong)


@pytest.mark.parametrize(
    ("part", "key", "value"), [("input", "scale", 0.02), ("output", "zero_point", 4)]
)
def test_a_model_that_the_description_does_not_fit(
    part: str, key: str, value: float, tmp_path: Path
) -> None:
    told = copy.deepcopy(description())
    told[part]["quantization"][key] = value
    with pytest.raises(BundleRefused, match=f"{part}.quantization"):
        classifier(load_bundle(write_bundle(tmp_path, told)))


@settings(derandomize=True, max_examples=100, deadline=None)
@given(
    logits=st.lists(st.floats(-1e4, 1e4), min_size=4, max_size=4),
    temperature=st.floats(0.05, 50),
)
def test_probabilities_are_probabilities(logits: list[float], temperature: float) -> None:
    labels = ("blast", "promyelocyte", "neutrophil", "artefact")
    scores = score(np.array([logits]), temperature, 0.0, labels, labels[:2], labels[3:])
    assert scores.probabilities.sum() == pytest.approx(1)
    assert 0 <= scores.p_blast[0] <= 1
    assert max(logits) <= scores.energy[0] <= max(logits) + np.log(4) + 1e-9
    assert labels[scores.best[0]] == labels[int(np.argmax(logits))]


def test_p_blast_does_not_know_of_artefacts() -> None:
    labels = ("blast", "neutrophil", "artefact")
    rows = np.array([[1.0, 0.0, 5.0], [1.0, 0.0, -5.0]])
    scores = score(rows, 1.0, 0.0, labels, ("blast",), ("artefact",))
    np.testing.assert_allclose(scores.p_blast, 1 / (1 + np.exp(-1)))


def test_the_pixel_table_is_the_quantization_formula() -> None:
    spec = InputSpec(
        SIDE,
        0.2,
        "white_reference",
        {},
        (1 / 127.5, 1 / 64, 1.0),
        (-1.0, 0.5, 0.0),
        Quantization(1 / 127.5, -1),
    )
    batch = np.random.default_rng(0).integers(0, 256, (2, SIDE, SIDE, 3), dtype=np.uint8)
    real = batch * np.array(spec.multiply) + np.array(spec.add)
    expected = np.clip(np.floor(real * 127.5 + 0.501) - 1, -128, 127).astype(np.int8)
    np.testing.assert_array_equal(quantize(batch, pixel_table(spec)), expected)


@pytest.mark.parametrize("scale", [1 / 127.5, 0.007843130268156528, 0.007843137718737125])
def test_the_pixel_table_keeps_every_pixel_value_apart(scale: float) -> None:
    spec = InputSpec(
        SIDE, 0.2, "white_reference", {}, (1 / 127.5,) * 3, (-1.0,) * 3, Quantization(scale, -1)
    )
    assert len(np.unique(pixel_table(spec)[:, 0])) == 256


def test_the_offset_moves_the_odds_of_blasts_and_nothing_else() -> None:
    labels = ("blast", "promyelocyte", "neutrophil", "monocyte", "artefact")
    logits = np.array([[1.0, 0.5, 0.2, 0.9, -1.0]])
    plain = score(logits, 2.0, 0.0, labels, labels[:2], labels[4:])
    moved = score(logits, 2.0, -1.5, labels, labels[:2], labels[4:])

    def log_odds(p: float) -> float:
        return float(np.log(p / (1 - p)))

    assert log_odds(moved.p_blast[0]) == pytest.approx(log_odds(plain.p_blast[0]) - 1.5)
    before, after = plain.probabilities[0], moved.probabilities[0]
    assert after[2] / after[3] == pytest.approx(before[2] / before[3])
    assert moved.energy[0] == plain.energy[0]


def test_a_recalibration_changes_how_sure_a_call_is_and_not_what_it_is() -> None:
    labels = ("blast", "neutrophil", "artefact")
    logits = np.array([[9.0, 1.0, 0.0], [1.0, 3.0, 0.0], [4.0, 0.0, 5.0]])
    plain = score(logits, 1.0, 0.0, labels, labels[:1], labels[2:])
    line = Recalibration(0.5, 0.25)
    made = score(logits, 1.0, 0.0, labels, labels[:1], labels[2:], line)
    odds = np.array([8.0, -2.0, 4.0])
    assert plain.p_blast == pytest.approx(1 / (1 + np.exp(-odds)))
    assert made.p_blast == pytest.approx(1 / (1 + np.exp(-(0.5 * odds + 0.25))))
    np.testing.assert_array_equal(made.best, plain.best)
    np.testing.assert_array_equal(made.probabilities, plain.probabilities)
    np.testing.assert_array_equal(made.energy, plain.energy)
