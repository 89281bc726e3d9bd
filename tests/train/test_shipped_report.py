"""The shipped recipe's report follows from the committed answers, and its figures have not sunk."""

from __future__ import annotations

import json

import pytest

from tests.shared_data import REPOSITORY, data_folder, shared_zip
from train.evaluation.calls import read_calls
from train.evaluation.report import report
from train.plan import cross_validation, read_cells
from train.recipe import Recipe

FLOAT = REPOSITORY / "models" / "float" / "leukoscope-mnv2"


def test_the_committed_report_is_what_the_committed_answers_say() -> None:
    for name in ("jhu_acute_leukemia", "barcelona_normal", "munich_aml"):
        shared_zip(name)
    recipe = Recipe.load(REPOSITORY / "train" / "recipes" / "leukoscope-mnv2.toml")
    runs = cross_validation(recipe)
    calls = read_calls(recipe, runs, FLOAT / "runs", read_cells(recipe, data_folder()))
    told = json.loads(json.dumps(report(recipe, calls)))
    known = json.loads((FLOAT / "report.json").read_text())
    # The bootstrap's last digit may differ between versions of numpy; nothing else may.
    for part in ("left_out", "healthy_fields", "robustness"):
        assert told[part] == known[part], part
    for key, value in known["cross_validation"].items():
        if key not in {"leukemia_patients", "all_sources"}:
            assert told["cross_validation"][key] == value, key
    ranked = told["cross_validation"]["leukemia_patients"]
    assert ranked["auc"] == known["cross_validation"]["leukemia_patients"]["auc"]
    assert ranked["auc_interval"] == pytest.approx(
        known["cross_validation"]["leukemia_patients"]["auc_interval"], abs=0.002
    )


def test_the_figures_have_not_sunk() -> None:
    told = json.loads((FLOAT / "report.json").read_text())
    ranked = told["cross_validation"]["leukemia_patients"]
    print(f"AUC by patient {ranked['auc']} {ranked['auc_interval']}, never-seen laboratory "
          f"{told['left_out']['munich']['auc']}")  # fmt: skip
    assert ranked["auc"] >= 0.975
    assert told["left_out"]["munich"]["auc"] >= 0.985
    abstention = told["cross_validation"]["abstention"]["bundle"]
    assert abstention["coverage"] >= 0.8
    assert abstention["error"] <= abstention["error_without_abstention"] / 2
    moderate = [row["loss"] for row in told["robustness"] if row["strength"] == "moderate"]
    assert max(moderate) <= 0.01
