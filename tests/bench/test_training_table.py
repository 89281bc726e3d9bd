"""docs/training.md says what was measured of the recipe's choices."""

from __future__ import annotations

import json

from bench import views
from bench.training_table import FULL_RECORD, RECORD, rewrite
from edge.inference.bundle import load_bundle
from edge.inference.shelf import find_bundle
from tests.shared_data import REPOSITORY
from train.ablation import Ablation
from train.recipe import Recipe

RECIPES = REPOSITORY / "train" / "recipes"


def test_the_figures_of_the_document_are_those_that_were_measured() -> None:
    text = (REPOSITORY / "docs" / "training.md").read_text(encoding="utf-8")
    assert rewrite(text) == text, "run: python -m bench.training_table docs/training.md"


def test_the_variants_measured_are_those_of_the_table_and_recipe() -> None:
    told = json.loads(RECORD.read_text(encoding="utf-8"))
    recipe = Recipe.load(RECIPES / "leukoscope-mnv2.toml")
    asked = [v.name for v in Ablation.load(RECIPES / "ablations.toml", recipe).variants]
    measured = [row["variant"] for row in told["variants"]]
    text = (REPOSITORY / "docs" / "training.md").read_text(encoding="utf-8")
    assert f"These variants were trained by recipe {told['version']}" in text
    assert measured[:2] == asked[:2]  # what chance alone does
    assert [name for name in asked if name in measured] == measured


def test_larger_networks_were_measured_by_the_recipe_that_is_shipped() -> None:
    told = json.loads(FULL_RECORD.read_text(encoding="utf-8"))
    recipe = Recipe.load(RECIPES / "leukoscope-mnv2.toml")
    asked = [v.name for v in Ablation.load(RECIPES / "full_length.toml", recipe).variants]
    assert told["version"] == recipe.version
    assert [row["variant"] for row in told["variants"]] == asked


def test_the_views_were_measured_on_the_network_that_is_shipped() -> None:
    told = json.loads(views.RECORD.read_text(encoding="utf-8"))
    assert told["bundle_sha256"] == load_bundle(find_bundle()).sha256, "run: python -m bench.views"
