"""No number in a document that no script produced."""

from __future__ import annotations

import json

import pytest

from bench.tables import FIGURES, rewrite
from edge.inference.bundle import load_bundle
from edge.inference.shelf import find_bundle
from tests.shared_data import REPOSITORY


def test_the_figures_of_the_readme_are_those_that_were_measured() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert rewrite(text) == text, "run: python -m bench.tables README.md"


def test_the_figures_were_measured_on_the_shipped_bundle() -> None:
    shipped = load_bundle(find_bundle()).sha256
    measured = json.loads(FIGURES.read_text(encoding="utf-8"))
    for what, found in measured.items():
        if "bundle_sha256" in found:
            assert found["bundle_sha256"] == shipped, f"run: python -m bench.figures {what}"


def test_what_the_first_network_must_reach_on_whole_slides_is_reached() -> None:
    measured = json.loads(FIGURES.read_text(encoding="utf-8"))
    assert measured["wide"]["fields"] == 43
    assert measured["wide"]["green"] == 0
    assert measured["wide"]["of_those_review"] >= 11
    assert measured["draws"]["verdicts"].get("NO_BLASTS_FOUND", 0) >= 45
    assert measured["draws"]["verdicts"].get("REVIEW", 0) <= 1
    assert measured["locate"]["each_alone"]["recall"] >= 0.97
    assert measured["locate"]["each_alone"]["precision"] >= 0.93


def test_a_document_without_a_place_for_figures_is_refused() -> None:
    with pytest.raises(ValueError, match="markers"):
        rewrite("# No figures here\n")
