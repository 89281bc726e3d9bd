"""No patient is in two parts: what the network is judged on, it has never seen."""

from __future__ import annotations

import io
import zipfile
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from edge.errors import DataMissing, UsageFault
from edge.imaging.crop import CropSpec
from tests.shared_data import REPOSITORY, data_folder, shared_zip
from train.cells import LabelledCell, blast_share, read_index, split_cells
from train.labels import LABELS, network_label
from train.pixels import load_crops, shrink
from train.plan import read_cells
from train.recipe import Recipe

RECIPE = REPOSITORY / "train" / "recipes" / "leukoscope-mnv2.toml"


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return Recipe.load(RECIPE)


def _made_up(patients: int = 40, cells: int = 30) -> list[LabelledCell]:
    made = [
        LabelledCell(
            zip="a.zip",
            file=f"P{p:02d}_{i}.webp",
            label="blast" if i < p % 20 - 5 else "neutrophil",
            source_label="",
            patient=f"P{p:02d}",
            source="jhu",
            um_per_px=0.2,
        )
        for p in range(patients)
        for i in range(cells)
    ]
    loose = [
        LabelledCell("b.zip", f"n/{i}.webp", "neutrophil", "", "", "barcelona", 0.2)
        for i in range(1000)
    ]
    return made + loose


def test_a_patient_is_in_one_part_only(recipe: Recipe) -> None:
    parts = split_cells(_made_up(), recipe)
    where: dict[str, set[str]] = defaultdict(set)
    for part, cells in parts.items():
        for cell in cells:
            if cell.patient:
                where[cell.patient].add(part)
    assert all(len(in_parts) == 1 for in_parts in where.values())
    assert {"P08", "P10", "P15", "P35", "P36"} <= {c.patient for c in parts["holdout"]}
    assert sum(map(len, parts.values())) == len(_made_up())


def test_every_patient_is_held_out_in_exactly_one_fold(recipe: Recipe) -> None:
    cells = _made_up()
    held_out = [split_cells(cells, recipe, fold)["holdout"] for fold in range(recipe.split.folds)]
    assert sorted(c.file for part in held_out for c in part) == sorted(c.file for c in cells)
    patients = [{c.patient for c in part} - {""} for part in held_out]
    assert sum(map(len, patients)) == 40
    assert max(map(len, patients)) - min(map(len, patients)) <= 2  # at most 1 in each stratum


def test_a_source_left_out_is_in_no_other_part(recipe: Recipe) -> None:
    parts = split_cells(_made_up(), recipe, 0, "barcelona")
    assert not [c for p in ("train", "tune") for c in parts[p] if c.source == "barcelona"]
    assert sum(c.source == "barcelona" for c in parts["holdout"]) == 1000


@pytest.mark.parametrize(("fold", "source"), [(5, None), (-1, None), (0, "vienna")])
def test_a_fold_or_source_that_is_not_there_is_refused(
    recipe: Recipe, fold: int, source: str | None
) -> None:
    with pytest.raises(UsageFault, match="There is no"):
        split_cells(_made_up(), recipe, fold, source)


def test_the_split_does_not_depend_on_the_order_of_the_index(recipe: Recipe) -> None:
    cells = _made_up()
    forwards, backwards = split_cells(cells, recipe), split_cells(cells[::-1], recipe)
    for part in forwards:
        assert set(forwards[part]) == set(backwards[part])


def test_each_part_has_patients_with_few_and_with_many_blasts(recipe: Recipe) -> None:
    for cells in split_cells(_made_up(), recipe).values():
        shares = [
            blast_share(c for c in cells if c.patient == p)
            for p in {c.patient for c in cells} - {""}
        ]
        assert min(shares) < 0.01 < max(shares)


def test_the_real_index_is_read_and_every_label_is_known(recipe: Recipe) -> None:
    shared_zip("jhu_acute_leukemia")
    cells = [c for source in recipe.sources for c in read_index(data_folder(), source)]
    parts = split_cells(cells, recipe)
    told = {part: len(members) for part, members in parts.items()}
    print(f"real cells by part: {told}")
    assert sum(told.values()) == len(cells) > 19_000
    assert {cell.label for cell in cells} == set(LABELS)


def test_an_unknown_label_is_refused_not_guessed() -> None:
    with pytest.raises(ValueError, match="unknown cell label 'blastoid'"):
        network_label("blastoid")


def test_a_folder_of_labels_serves_as_well_as_a_zip(tmp_path: Path, recipe: Recipe) -> None:
    folder = tmp_path / "own_cells"
    for label in ("myeloblast", "monocyte"):
        (folder / label).mkdir(parents=True)
        for number in range(2):
            Image.new("RGB", (180, 180), "pink").save(folder / label / f"{number}.png")
    source = replace(recipe.sources[0], zip="own_cells")
    with pytest.raises(DataMissing, match="has no scale"):
        read_index(tmp_path, source)
    cells = read_index(tmp_path, replace(source, um_per_px=0.2))
    assert [(c.file, c.label, c.patient) for c in cells] == [
        ("monocyte/0.png", "monocyte", ""),
        ("monocyte/1.png", "monocyte", ""),
        ("myeloblast/0.png", "blast", ""),
        ("myeloblast/1.png", "blast", ""),
    ]
    crops = load_crops(tmp_path, cells, CropSpec(96, 0.25))
    assert crops.shape == (4, 96, 96, 3)
    assert shrink(crops, 64).shape == (4, 64, 64, 3)


def test_missing_or_empty_cells_are_named(tmp_path: Path, recipe: Recipe) -> None:
    with pytest.raises(DataMissing, match="jhu_acute_leukemia"):
        read_index(tmp_path, recipe.sources[0])
    with zipfile.ZipFile(tmp_path / recipe.sources[0].zip, "w") as archive:
        archive.writestr("index.csv", io.StringIO("file,label,patient,um_per_px\n").getvalue())
    with pytest.raises(DataMissing, match="holds no labelled cell"):
        read_index(tmp_path, recipe.sources[0])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("seed = ", "sead = "), "lacks the key 'seed'"),
        (("[fit]", "[fit]\nluck = 1"), "unknown key 'luck'"),
        (("alpha = 0.35\n", ""), "missing key 'alpha'"),
        (("{ blast = ", "{ blastoid = "), "unknown label"),
        (("name = ", "name "), "Recipe"),
        (("epochs = 18", "epoch = 18"), "unknown key 'epoch' in fit; did you mean 'epochs'"),
        (("size_px = 96", 'size_px = "96"'), "network.size_px must be a whole number, and is '96'"),
        (("size_px = 96", "size_px = 96.5"), "network.size_px must be a whole number"),
        (("learning_rate = 2e-3", "learning_rate = nan"), "learning_rate must be a finite number"),
        (("leave_out = true", 'leave_out = "no"'), r"sources\[1\].leave_out must be true or false"),
        (('"P08", ', "8, "), r"split.holdout_patients\[0\] must be a text"),
        (("folds = 5", "folds = 1"), "split.folds must be from 2"),
        (("batch = 96", "batch = 0"), "fit.batch must be from 1"),
        (("{ blast = 0.30", "{ blast = -1"), "draw of blast in source 'jhu' must be from 0"),
        (('name = "barcelona"', 'name = "jhu"'), "two sources are called 'jhu'"),
        (("[card]", "[cards]"), "lacks the key 'card'"),
    ],
)
def test_a_wrong_recipe_is_refused_before_any_work(
    tmp_path: Path, change: tuple[str, str], said: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(RECIPE.read_text().replace(*change), encoding="utf-8")
    with pytest.raises(UsageFault, match=said):
        Recipe.load(path)


def test_a_patient_to_be_held_out_who_is_nowhere_is_no_typing_error_to_pass_over(
    recipe: Recipe, tmp_path: Path
) -> None:
    """P8 for P08: the patient would be trained on, and the screening be judged on him."""
    source = replace(recipe.sources[0], zip="cells")
    (tmp_path / "cells").mkdir()
    rows = "file,label,patient,um_per_px\nblast/a.png,blast,P08,0.2\n"
    (tmp_path / "cells" / "index.csv").write_text(rows)

    def holding_out(patient: str) -> Recipe:
        split = replace(recipe.split, holdout_patients=(patient,))
        return replace(recipe, sources=(source,), split=split)

    assert len(read_cells(holding_out("P08"), tmp_path)) == 1
    with pytest.raises(UsageFault, match="names P8, whom no source has"):
        read_cells(holding_out("P8"), tmp_path)


def test_a_recipe_that_is_not_there_is_a_usage_fault(tmp_path: Path) -> None:
    with pytest.raises(UsageFault, match="no recipe"):
        Recipe.load(tmp_path / "none.toml")


def test_a_recipe_from_before_views_looks_once_at_each_cell(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    lines = RECIPE.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(each for each in lines if not each.startswith("views = ")))
    assert Recipe.load(path).network.views == 1
