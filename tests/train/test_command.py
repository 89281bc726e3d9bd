"""``python -m train`` as somebody types it for the first time: what is wrong is said at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.shared_data import REPOSITORY
from train.__main__ import main

RECIPE = REPOSITORY / "train" / "recipes" / "leukoscope-mnv2.toml"


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """The shipped one, of one laboratory with one cell, whose picture is not there."""
    text = RECIPE.read_text(encoding="utf-8")
    text = text[: text.index("[[sources]]", text.index("[[sources]]") + 1)]
    held_out = text.index("holdout_patients")
    text = text.replace(text[held_out : text.index("\n", held_out)], 'holdout_patients = ["P1"]')
    path = tmp_path / "mine.toml"
    path.write_text(text.replace("jhu_acute_leukemia.zip", "cells"), encoding="utf-8")
    (tmp_path / "cells").mkdir()
    (tmp_path / "cells" / "index.csv").write_text(
        "file,label,patient,um_per_px\nblast/a.png,blast,P1,0.2\n"
    )
    return path


def told(capsys: pytest.CaptureFixture[str], recipe: Path, *more: str) -> str:
    """The one line, without a traceback."""
    words = [str(recipe), "--data", str(recipe.parent), "--weights", str(recipe.parent), *more]
    assert main(words) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    return lines[0]


def test_missing_weights_are_told_before_any_picture_is_read(
    recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A backbone mistyped was told after all pictures had been read, minutes later."""
    said = told(capsys, recipe, "--out", str(tmp_path / "out"))
    assert "mobilenetv2_a035_224_notop.weights.h5 are not there" in said
    assert "mend network.backbone" in said


def test_a_fold_that_is_none_is_told_before_any_picture_is_read(
    recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = told(capsys, recipe, "--out", str(tmp_path / "out"), "--fold", "9")
    assert "no fold 9" in said


def test_a_file_where_a_folder_should_be(recipe: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "mine.toml: File exists" in told(capsys, recipe, "--lists", "--out", str(recipe))


def test_a_folder_where_a_recipe_should_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "Is a directory" in told(capsys, tmp_path, "--lists", "--out", str(tmp_path / "out"))


def test_a_run_of_no_such_name(recipe: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = recipe.parent / "runs"
    assert main(["evaluate", str(recipe), "--runs", str(runs), "--only", "fold-99"]) == 2
    assert "no run 'fold-99'" in capsys.readouterr().err
