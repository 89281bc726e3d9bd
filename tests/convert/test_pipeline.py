"""The whole way: a float network and cells to a bundle the device takes, or nothing."""

from __future__ import annotations

import csv
import dataclasses
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from convert.out_of_fold import CALLS_FILE, COLUMNS, REPORT_FILE
from convert.pipeline import Job, convert
from convert.settings import ConvertSettings
from edge.errors import ConversionRefused, GateFailed
from edge.inference.bundle import load_bundle
from edge.inference.classifier import Classifier
from edge.inference.golden import replay_golden
from edge.inference.interpreter import open_interpreter
from tests.convert.conftest import ToyWorld

# A toy of 96 features and few cells is no judge of small differences.
LENIENT = ConvertSettings(
    representative_cells=60,
    least_agreement=0.9,
    most_auc_loss=0.02,
    most_sensitivity_loss=0.2,
    most_false_blast_rise=0.2,
    most_ece_change=0.1,
    most_silence_change=0.1,
    most_steps=4,
    most_verdicts_changed=9,
    compared_layers=8,
    golden_cells=8,
)


def job(world: ToyWorld, out: Path) -> Job:
    return Job(world.source, world.calibration, world.holdout, out)


def quietly(*_: object) -> None: ...


@pytest.fixture(scope="module")
def bundle_folder(toy_world: ToyWorld, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("bundles") / "toy"
    convert(job(toy_world, out), LENIENT, quietly, quietly)
    return out


def test_the_device_takes_what_was_written(bundle_folder: Path) -> None:
    bundle = load_bundle(bundle_folder)
    interpreter = open_interpreter(bundle.model)
    assert replay_golden(bundle, interpreter) == 0
    calls = Classifier(bundle, interpreter).classify(bundle.golden_crops)
    assert len(calls) == 8
    told = bundle.description
    print("toy AUC", told["figures"]["float"]["auc"], told["figures"]["int8"]["auc"])
    assert told["figures"]["int8"]["auc"] > 0.8
    assert bundle.sensitivity_evidence.patients == 3
    assert bundle.false_blast_evidence.patients == 1


def test_every_named_file_is_there_and_no_other(bundle_folder: Path) -> None:
    told = json.loads((bundle_folder / "bundle.json").read_text())
    assert {*told["files"], "bundle.json"} == {path.name for path in bundle_folder.iterdir()}
    assert set(told["files"]) >= {"model.tflite", "golden.npz", "MODEL_CARD.md", "training.log"}


def test_the_card_says_what_must_be_said(bundle_folder: Path) -> None:
    card = (bundle_folder / "MODEL_CARD.md").read_text()
    for said in ("not a diagnosis", "No lymphoblasts", "No children marked", "own work", "drawn"):
        assert said in card


def _write_report(folder: Path) -> None:
    """Cross-validation of the toy's recipe: four patients, one of them without blasts."""
    folder.mkdir()
    rng = np.random.default_rng(8)
    with (folder / CALLS_FILE).open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for patient in ("W", "X", "Y", "Z"):
            for number in range(120):
                blast = patient != "Z" and number % 2 == 0
                p_blast = float(np.clip(rng.normal(0.8 if blast else 0.2, 0.2), 0, 1))
                flagged = int(p_blast > 0.5)
                label = "blast" if blast else "neutrophil"
                called = "blast" if flagged else "neutrophil"
                writer.writerow(
                    [
                        f"{number}.png",
                        "clinic",
                        patient,
                        label,
                        int(blast),
                        p_blast,
                        flagged,
                        0,
                        called,
                    ]
                )
    rates = {"sensitivity": 0.9, "false_blasts": 0.05}
    report = {
        "folds": 2, "patients": 4, "cells": 480,
        "cross_validation": {
            "leukemia_patients": {
                "auc": 0.9123, "auc_interval": [0.9, 0.93],
                "auc_mature": 0.92, "auc_mature_interval": [0.9, 0.94],
                "patient_auc": {"patients": 3, "median": 0.9, "lowest": 0.8, "under_0.90": 1},
                "sensitivity_at_specificity": {"0.95": 0.7},
            },
            "abstention": {
                "bundle": {"coverage": 0.9, "error": 0.05, "error_without_abstention": 0.1}
            },
            "one_threshold": {"clinic": rates},
            "calibration": {"clinic": {"ece": 0.031}},
        },
        "left_out": {
            "munich": {"at_one_threshold": rates, "ece": 0.04, "auc": 0.95,
                       "auc_interval": [0.94, 0.96]}
        },
        "healthy_fields": {"bccd": {"at_one_threshold": 0.015, "networks": []}},
        "robustness": [
            {"degradation": "jpeg", "strength": s, "loss": 0.01}
            for s in ("light", "moderate", "strong")
        ],
    }  # fmt: skip
    (folder / REPORT_FILE).write_text(json.dumps(report))


def test_cross_validation_sets_the_operating_point_and_is_quoted(
    toy_world: ToyWorld, bundle_folder: Path, tmp_path: Path
) -> None:
    _write_report(tmp_path / "report")
    asked = dataclasses.replace(job(toy_world, tmp_path / "out"), report=tmp_path / "report")
    told, _ = convert(asked, LENIENT, quietly, quietly)
    point = told["operating_point"]
    groups = [row["patient"] for row in point["sensitivity"]["by_patient"]]
    assert groups == ["clinic/W", "clinic/X", "clinic/Y"]
    assert [row["patient"] for row in point["false_blast_rate"]["by_patient"]] == ["clinic/Z"]
    assert "cross-validation" in point["measured_on"]
    own = json.loads((bundle_folder / "bundle.json").read_text())["decision"]
    assert told["decision"]["temperature"] == own["temperature"]
    assert told["decision"]["threshold"] != own["threshold"]
    card = (tmp_path / "out" / "MODEL_CARD.md").read_text()
    for said in ("0.9123 (0.9 to 0.93)", "munich, source never trained on", "jpeg | 0.01"):
        assert said in card
    load_bundle(tmp_path / "out")


def test_a_network_that_asks_for_four_views_is_judged_by_four(
    toy_world: ToyWorld, bundle_folder: Path, tmp_path: Path
) -> None:
    source = tmp_path / toy_world.source.name
    for file in toy_world.source.parent.iterdir():
        if file.is_file():
            shutil.copy(file, tmp_path)
    described = json.loads((tmp_path / "float.json").read_text())
    described["input"]["views"] = 4
    (tmp_path / "float.json").write_text(json.dumps(described))
    _write_report(tmp_path / "report")
    asked = dataclasses.replace(
        job(toy_world, tmp_path / "out"), source=source, report=tmp_path / "report"
    )
    told, _ = convert(asked, LENIENT, quietly, quietly)
    once = json.loads((bundle_folder / "bundle.json").read_text())
    assert told["figures"]["float"] != once["figures"]["float"]
    bundle = load_bundle(tmp_path / "out")
    assert bundle.input.views == 4
    classifier = Classifier(bundle, open_interpreter(bundle.model))
    cells = bundle.golden_crops
    np.testing.assert_allclose(classifier.logits(cells[:, ::-1]), classifier.logits(cells))
    card = (tmp_path / "out" / "MODEL_CARD.md").read_text()
    assert "the mean answer to 4 mirrored views" in card
    assert "They judged each cell by 1 view of it" in card


def test_the_same_input_gives_the_same_bytes(
    bundle_folder: Path, toy_world: ToyWorld, tmp_path: Path
) -> None:
    convert(job(toy_world, tmp_path / "again"), LENIENT, quietly, quietly)
    for path in bundle_folder.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes(), path.name


def test_a_failed_gate_writes_nothing(toy_world: ToyWorld, tmp_path: Path) -> None:
    strict = dataclasses.replace(
        LENIENT, least_agreement=1.0, most_ece_change=0.0, most_steps=0, most_float_layers=2
    )
    with pytest.raises(GateFailed, match="gates failed") as caught:
        convert(job(toy_world, tmp_path / "out"), strict, quietly, quietly)
    assert "Most is lost in" in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "out.report.html",
        "out.report.json",
    ]
    report = json.loads((tmp_path / "out.report.json").read_text())
    assert not report["passed"]
    assert len(report["rungs"]) >= 2, "the next rung was tried"
    assert any("in float" in rung["name"] for rung in report["rungs"])


def test_a_folder_that_is_no_bundle_is_never_replaced(toy_world: ToyWorld, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ConversionRefused, match="is no bundle"):
        convert(job(toy_world, tmp_path), LENIENT, quietly, quietly)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_weights_that_are_not_finite_are_refused(toy_world: ToyWorld, tmp_path: Path) -> None:
    import keras

    model = keras.saving.load_model(toy_world.source, compile=False)
    weights = model.layers[-1].get_weights()
    weights[0][0, 0] = np.nan
    model.layers[-1].set_weights(weights)
    model.save(tmp_path / "float.keras")
    shutil.copy(toy_world.source.with_suffix(".json"), tmp_path)
    shutil.copy(toy_world.source.parent / "training.log", tmp_path)
    bad = Job(tmp_path / "float.keras", toy_world.calibration, toy_world.holdout, tmp_path / "out")
    with pytest.raises(ConversionRefused, match="not finite"):
        convert(bad, LENIENT, quietly, quietly)


def test_a_softmax_at_the_end_is_left_off_and_the_rest_is_the_same(
    toy_world: ToyWorld, tmp_path: Path
) -> None:
    import keras

    from convert.sources import load_source

    model = keras.saving.load_model(toy_world.source, compile=False)
    soft = keras.Model(model.input, keras.layers.Softmax()(model.output))
    soft.save(tmp_path / "float.keras")
    shutil.copy(toy_world.source.with_suffix(".json"), tmp_path)
    shutil.copy(toy_world.source.parent / "training.log", tmp_path)
    crops = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)
    found, wanted = (load_source(p) for p in (tmp_path / "float.keras", toy_world.source))
    np.testing.assert_allclose(found.logits(crops), wanted.logits(crops), rtol=1e-5)
    assert "softmax" in found.notes[0]


def test_probabilities_that_cannot_be_undone_are_refused(
    toy_world: ToyWorld, tmp_path: Path
) -> None:
    import keras

    model = keras.saving.load_model(toy_world.source, compile=False)
    soft = keras.layers.Reshape((4,))(keras.layers.Softmax()(model.output))
    keras.Model(model.input, soft).save(tmp_path / "float.keras")
    shutil.copy(toy_world.source.with_suffix(".json"), tmp_path)
    shutil.copy(toy_world.source.parent / "training.log", tmp_path)
    bad = Job(tmp_path / "float.keras", toy_world.calibration, toy_world.holdout, tmp_path / "out")
    with pytest.raises(ConversionRefused, match="probabilities, not logits"):
        convert(bad, LENIENT, quietly, quietly)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut short", b"\x89HDF\r\n\x1a\n"])
def test_a_damaged_network_is_refused_in_one_line(
    content: bytes, toy_world: ToyWorld, tmp_path: Path
) -> None:
    (tmp_path / "float.keras").write_bytes(content)
    shutil.copy(toy_world.source.with_suffix(".json"), tmp_path)
    shutil.copy(toy_world.source.parent / "training.log", tmp_path)
    bad = Job(tmp_path / "float.keras", toy_world.calibration, toy_world.holdout, tmp_path / "out")
    # Keras says of each that the file is not found.
    with pytest.raises(ConversionRefused, match=r"it is no \.keras file, or is cut") as caught:
        convert(bad, LENIENT, quietly, quietly)
    assert "\n" not in str(caught.value)


def test_the_command_refuses_in_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "convert", str(tmp_path / "none.keras")]
    command += ["--calibration", "x", "--holdout", "y", "--out", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("leukoscope-convert: E-CNV-01")
    assert done.stderr.count("\n") == 1
