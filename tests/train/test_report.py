"""The honest report on made-up answers: what is asked of it, and what it says of itself."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import train.__main__ as command
from edge.errors import DataMissing
from tests.shared_data import REPOSITORY
from train.cells import LabelledCell, split_cells
from train.evaluation.answers import Answers, read_answers, write_answers
from train.evaluation.calls import out_of_fold, read_calls
from train.evaluation.report import report
from train.labels import BLAST_LABELS, LABELS
from train.plan import cross_validation, read_cells
from train.recipe import Recipe

SHIPPED = REPOSITORY / "train" / "recipes" / "leukoscope-mnv2.toml"


def _logits(cells: list[LabelledCell], skill: float, seed: int) -> np.ndarray:
    """A network that knows the label with some luck."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1, (len(cells), len(LABELS))).astype(np.float32)
    truth = [LABELS.index(cell.label) for cell in cells]
    logits[np.arange(len(cells)), truth] += skill
    return logits


def _write_runs(recipe: Recipe, data: Path, folder: Path, skill: float) -> None:
    cells = read_cells(recipe, data)
    for number, run in enumerate(cross_validation(recipe)):
        parts = split_cells(cells, recipe, run.fold, run.leave_out)
        chosen = np.arange(0, len(parts["holdout"]), 3)
        degraded = [parts["holdout"][i] for i in chosen]
        answers = Answers(
            tune=_logits(parts["tune"], skill, number),
            holdout=_logits(parts["holdout"], skill, 100 + number),
            fields={"bccd": _logits([parts["tune"][0]] * 20, skill, number)},
            views=4,
            degraded_cells=chosen if run.degrade else chosen[:0],
            degraded={
                "defocus/light": _logits(degraded, skill, 7),
                "defocus/moderate": _logits(degraded, skill / 2, 7),
                "defocus/strong": _logits(degraded, 0.0, 7),
            }
            if run.degrade
            else {},
        )
        write_answers(folder / run.name, answers, parts["tune"], parts["holdout"])
        epoch = {"epoch": 1, "loss": 1.5, "tune_auc": 0.96, "tune_auc_patients": 0.95}
        (folder / run.name / "training.log").write_text(json.dumps(epoch) + "\n")


def test_every_cell_is_judged_once_by_a_network_that_never_saw_its_patient(
    recipe: Recipe, data: Path, tmp_path: Path
) -> None:
    _write_runs(recipe, data, tmp_path, 4.0)
    cells = read_cells(recipe, data)
    runs = read_calls(recipe, cross_validation(recipe), tmp_path, cells)
    calls = out_of_fold(runs)
    assert sorted((c.zip, c.file) for c in calls.cells) == sorted((c.zip, c.file) for c in cells)
    for cell, fold in zip(calls.cells, calls.fold, strict=True):
        parts = split_cells([cell], replace(recipe, sources=recipe.sources), int(fold))
        assert cell.patient or parts["holdout"] == [cell]


def test_a_good_network_is_told_from_a_blind_one(
    recipe: Recipe, data: Path, tmp_path: Path
) -> None:
    told = {}
    for name, skill in (("good", 5.0), ("blind", 0.0)):
        _write_runs(recipe, data, tmp_path / name, skill)
        cells = read_cells(recipe, data)
        runs = read_calls(recipe, cross_validation(recipe), tmp_path / name, cells)
        told[name] = report(recipe, runs)["cross_validation"]
    good, blind = (told[name]["leukemia_patients"] for name in ("good", "blind"))
    print(f"AUC {good['auc']} {good['auc_interval']}; blind {blind['auc']}")
    assert good["auc"] > 0.97
    assert good["auc_interval"][0] <= good["auc"] <= good["auc_interval"][1]
    assert 0.4 < blind["auc"] < 0.6
    assert good["sensitivity_at_specificity"]["0.95"] > 0.9
    errors = told["good"]["abstention"]
    assert errors["curve"][0]["error"] <= errors["curve"][-1]["error"]
    assert told["good"]["spread"]["sensitivity"]["mean"] > 0.8


def test_degradations_and_sources_left_out_are_in_the_report(
    recipe: Recipe, data: Path, tmp_path: Path
) -> None:
    _write_runs(recipe, data, tmp_path, 5.0)
    runs = read_calls(recipe, cross_validation(recipe), tmp_path, read_cells(recipe, data))
    told = report(recipe, runs)
    assert set(told["left_out"]) == {"barcelona", "munich"}
    assert told["left_out"]["munich"]["auc"] > 0.95
    assert told["left_out"]["barcelona"]["auc"] is None  # no blasts there
    assert told["left_out"]["barcelona"]["at_one_threshold"]["false_blasts"] < 0.2
    losses = {row["strength"]: row["loss"] for row in told["robustness"]}
    assert losses["light"] < losses["moderate"] < losses["strong"]
    assert told["healthy_fields"]["bccd"]["networks"][0]["cells"] == 20
    json.dumps(told, allow_nan=False)


def test_answers_of_other_cells_are_refused(recipe: Recipe, data: Path, tmp_path: Path) -> None:
    _write_runs(recipe, data, tmp_path, 5.0)
    parts = split_cells(read_cells(recipe, data), recipe, 0)
    with pytest.raises(DataMissing, match="of other cells"):
        read_answers(tmp_path / "fold-0", parts["tune"][1:], parts["holdout"])
    with pytest.raises(DataMissing, match="cannot be read"):
        read_answers(tmp_path / "fold-9", parts["tune"], parts["holdout"])
    (tmp_path / "fold-0" / "answers.npz").write_bytes(b"PK half a file")
    with pytest.raises(DataMissing, match="cannot be read"):
        read_answers(tmp_path / "fold-0", parts["tune"], parts["holdout"])


def test_the_command_writes_report_page_table_and_sheets_and_trains_nothing_twice(
    recipe: Recipe, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = SHIPPED.read_text().replace("folds = 5", "folds = 2")
    text = text.replace("tune_share = 0.12", "tune_share = 0.2")
    start = text.index("holdout_patients")
    end = text.index("\n", start)
    small = tmp_path / "small.toml"
    small.write_text(text[:start] + 'holdout_patients = ["P01"]' + text[end:])
    _write_runs(recipe, data, tmp_path / "runs", 5.0)
    words = ["evaluate", str(small), "--runs", str(tmp_path / "runs"), "--data", str(data)]
    assert command.main([*words, "--out", str(tmp_path / "report")]) == 0
    said = capsys.readouterr().out
    assert "each judged by a network that never saw them" in said
    written = {path.name for path in (tmp_path / "report").iterdir()}
    assert written == {
        "report.json",
        "report.html",
        "out_of_fold.csv",
        "missed_blasts.png",
        "false_blasts.png",
    }
    page = (tmp_path / "report" / "report.html").read_text()
    assert page.count("<svg") == 6
    assert not re.search(r"(src|href|url)\W{1,2}https?:", page)  # nothing from elsewhere
    with (tmp_path / "report" / "out_of_fold.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["is_blast"] for row in rows} == {"0", "1"}
    assert all(0 <= float(row["p_blast"]) <= 1 for row in rows)


def test_blast_labels_are_labels() -> None:
    assert set(BLAST_LABELS) <= set(LABELS)
