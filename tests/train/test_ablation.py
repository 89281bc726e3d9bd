"""Variants change what they say and nothing else; a table with a mistake is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from edge.errors import UsageFault
from tests.shared_data import REPOSITORY
from train.ablation import Ablation
from train.network import build_network, multiply_adds
from train.plan import cross_validation
from train.recipe import Recipe

TABLE = REPOSITORY / "train" / "recipes" / "ablations.toml"
FULL = REPOSITORY / "train" / "recipes" / "full_length.toml"
RECORD = REPOSITORY / "models" / "float" / "leukoscope-mnv2" / "full_length.json"
REPORT = REPOSITORY / "models" / "float" / "leukoscope-mnv2" / "report.json"


def test_the_table_of_the_project_asks_about_every_choice(recipe: Recipe) -> None:
    ablation = Ablation.load(TABLE, recipe)
    names = [variant.name for variant in ablation.variants]
    assert len(set(names)) == len({variant.folder for variant in ablation.variants}) == len(names)
    as_it_is = ablation.variants[0].recipe
    changed = {"coarse_epochs": 3, "epochs": 1, "cells_per_epoch": 6400, "batch": 48}
    short = replace(recipe.fit, learning_rate=8e-4, **changed)
    once = replace(recipe.network, views=1)
    assert as_it_is == replace(recipe, fit=short, network=once)
    for variant in ablation.variants[1:]:
        same = variant.recipe == as_it_is and variant.white_reference and not variant.teacher
        assert not same, f"{variant.name} changes nothing"


def test_larger_networks_go_through_the_whole_cross_validation(recipe: Recipe) -> None:
    ablation = Ablation.load(FULL, recipe)
    assert [run.name for run in ablation.runs] == [run.name for run in cross_validation(recipe)]
    assert ablation.variants[0].recipe == recipe, "what is shipped is the first row"
    for variant in ablation.variants:
        folders = {str(ablation.folder(variant, run)) for run in ablation.runs}
        assert len(folders) == len(ablation.runs), "no run overwrites another's answers"


def test_the_first_row_of_the_record_is_the_shipped_report() -> None:
    row = json.loads(RECORD.read_text())["variants"][0]
    told = json.loads(REPORT.read_text())
    assert row["auc_patients"] == told["cross_validation"]["leukemia_patients"]["auc"]
    assert row["auc_munich"] == told["left_out"]["munich"]["auc"]


def test_the_cost_of_a_call_follows_width_and_size(recipe: Recipe) -> None:
    """MobileNetV2 at 224 px: 300 million at width 1.0 and 59 million at 0.35, with a head for a
    thousand classes (Sandler et al. 2018, table 4, and the authors' list of widths)."""

    def millions(alpha: float, size_px: int) -> float:
        network = replace(recipe.network, alpha=alpha, size_px=size_px)
        return multiply_adds(build_network(network, 1000, None, 0)) / 1e6

    assert millions(1.0, 224) == pytest.approx(300, rel=0.02)
    assert millions(0.35, 224) == pytest.approx(59, rel=0.02)
    assert millions(0.35, 96) == pytest.approx(59 * (96 / 224) ** 2, rel=0.15)


def test_a_variant_changes_only_its_own_values(recipe: Recipe) -> None:
    by_name = {v.name: v.recipe for v in Ablation.load(TABLE, recipe).variants}
    stains = by_name["no stains of other laboratories"]
    assert stains == replace(
        by_name["as it is"], stain=replace(by_name["as it is"].stain, share=0.0)
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('"stain.share"', '"stain.shore"'), "'stain.shore' is no value"),
        (('teacher = "width 1.0"', 'teacher = "width 9"'), "is no variant before it"),
        (("leave_out = ", "leaves_out = "), "lacks the key 'leave_out'"),
        (("fold = 0", "fold = "), "Table"),
    ],
)
def test_a_wrong_table_is_refused(
    recipe: Recipe, tmp_path: Path, change: tuple[str, str], said: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(TABLE.read_text().replace(*change, 1))
    with pytest.raises(UsageFault, match=said):
        Ablation.load(path, recipe)


def test_a_table_that_is_not_there_is_a_usage_fault(recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(UsageFault, match="no table"):
        Ablation.load(tmp_path / "none.toml", recipe)
