"""Whole examinations of real blood the network has never seen; all of them: `make figures`."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.figures import healthy_draws, held_out, wide_fields
from edge.inference.classifier import Classifier
from edge.inference.shelf import open_classifier
from tests.shared_data import data_folder, shared_zip


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return open_classifier(threads=2)


@pytest.fixture(scope="module")
def folder() -> Path:
    for name in ("jhu_wide_fields", "jhu_acute_leukemia", "barcelona_normal", "munich_aml"):
        shared_zip(name)
    return data_folder()


def test_fields_full_of_blasts_end_in_review_and_a_sparse_one_is_not_judged(
    classifier: Classifier, folder: Path
) -> None:
    names = ["P08_8c8daf6afd6a.webp", "P10_7ee1526b70ed.webp", "P18_6c09739ea1e0.webp"]
    told = wide_fields(classifier, folder, names)
    rows = {row["field"]: row for row in told["rows"]}  # type: ignore[attr-defined]
    assert rows[names[0]]["verdict"] == "REVIEW"
    assert rows[names[1]]["verdict"] == "REVIEW"
    assert rows[names[2]]["verdict"] == "CANNOT_JUDGE", "too few cells are never green"
    for row in rows.values():
        assert row["um_per_px"] == pytest.approx(0.2, rel=0.12)


def test_a_healthy_draw_ends_green(classifier: Classifier, folder: Path) -> None:
    told = healthy_draws(classifier, folder, draws=2, seed=77)
    assert told["verdicts"] == {"NO_BLASTS_FOUND": 2}


def test_patients_of_the_wide_fields_were_never_trained_on(folder: Path) -> None:
    patients = {cell.patient for cell in held_out("jhu", folder)}
    assert {"P08", "P10", "P15", "P35", "P36", "P58", "P64"} <= patients
