"""Workstation commands on a machine that is none say so in one line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import convert.__main__ as convert_command
import train.__main__ as train_command
from tests.shared_data import REPOSITORY, data_folder, shared_zip

RECIPE = str(REPOSITORY / "train" / "recipes" / "leukoscope-mnv2.toml")


@pytest.fixture
def without_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on the device: no Keras, no TensorFlow."""
    for name in ("keras", "tensorflow"):
        monkeypatch.setitem(sys.modules, name, None)


@pytest.mark.usefixtures("without_keras")
def test_training_names_the_package_it_needs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for zip_name in ("jhu_acute_leukemia", "barcelona_normal", "munich_aml"):
        shared_zip(zip_name)
    words = [RECIPE, "--out", str(tmp_path / "run"), "--data", str(data_folder())]
    assert train_command.main(words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("leukoscope: E-USE-02: Training needs the package")


@pytest.mark.usefixtures("without_keras")
def test_converting_names_the_package_it_needs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = tmp_path / "cells.json"
    cells.write_text('{"cells": []}')
    network = REPOSITORY / "models" / "float" / "leukoscope-mnv2" / "float.keras"
    words = [str(network), "--calibration", str(cells), "--holdout", str(cells)]
    status = convert_command.main([*words, "--out", str(tmp_path / "bundle")])
    assert status == 2
    assert capsys.readouterr().err.startswith("leukoscope-convert: E-")
    assert not (tmp_path / "bundle").exists()


def test_training_without_cells_or_recipe_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train_command.main(["none.toml", "--out", str(tmp_path)]) == 2
    assert train_command.main([RECIPE, "--out", str(tmp_path), "--data", str(tmp_path)]) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert "no recipe" in first
    assert "E-DAT-01" in second
