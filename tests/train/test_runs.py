"""A training from cells to answers: it is interrupted, goes on, and learns what was asked."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from train.cells import split_cells
from train.evaluation.answers import is_done, read_answers
from train.evaluation.curves import read_curves
from train.plan import Run, read_cells
from train.recipe import NetworkRecipe, Recipe


@pytest.fixture
def tiny(recipe: Recipe) -> Recipe:
    small = {"coarse_epochs": 1, "coarse_size_px": 32, "cells_per_epoch": 64, "batch": 16}
    fit = replace(recipe.fit, epochs=2, **small)
    network = replace(recipe.network, size_px=64, um_per_px=0.35)
    return replace(recipe, fit=fit, network=network)


def _small_network(recipe: NetworkRecipe, labels: int, weights: Path, seed: int) -> Any:
    """A few layers: what is tested is the run, not the network."""
    import keras

    pixels = keras.Input((recipe.size_px, recipe.size_px, 3))
    x = keras.layers.Conv2D(4, 5, strides=4)(pixels)
    x = keras.layers.ReLU(6.0)(keras.layers.BatchNormalization()(x))
    x = keras.layers.GlobalAveragePooling2D(name="features")(x)
    return keras.Model(pixels, keras.layers.Dense(labels, name="logits")(x))


def test_an_interrupted_run_goes_on_from_its_last_whole_epoch(
    tiny: Recipe, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from train import fit, runs

    monkeypatch.setattr(fit, "_STATISTICS_CELLS", 32)
    monkeypatch.setattr(runs, "build_network", _small_network)
    cells = runs.Data.read(tiny, data, lambda done, total: None)
    first = replace(tiny, fit=replace(tiny.fit, epochs=1))
    run = Run("fold-1", 1)
    runs.train_run(first, "tiny.toml", run, cells, tmp_path, tmp_path / "run")
    (tmp_path / "run" / "answers.npz").unlink()
    runs.train_run(tiny, "tiny.toml", run, cells, tmp_path, tmp_path / "run")
    lines = (tmp_path / "run" / "training.log").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == [1, 2]
    epochs = read_curves(tmp_path, [Run("run")])["run"]
    assert [(epoch.number, epoch.coarse) for epoch in epochs] == [(1, True), (2, False), (3, False)]
    assert is_done(tmp_path / "run")
    parts = split_cells(read_cells(tiny, data), tiny, 1)
    answers = read_answers(tmp_path / "run", parts["tune"], parts["holdout"])
    assert answers.holdout.shape == (len(parts["holdout"]), 10)
    assert np.isfinite(answers.holdout).all()
    assert answers.views == tiny.network.views == 4
    told = json.loads((tmp_path / "run" / "float.json").read_text())
    assert (told["input"]["size_px"], told["input"]["views"]) == (64, 4)
    assert told["trained_on"][0]["patients"] == len({c.patient for c in parts["train"]} - {""})


def test_statistics_given_back_change_no_answer() -> None:
    import keras

    from train.normalization import open_statistics

    keras.utils.set_random_seed(3)
    network = keras.Sequential(
        [
            keras.layers.Input((6, 6, 3)),
            keras.layers.Conv2D(4, 3),
            keras.layers.BatchNormalization(),
            keras.layers.ReLU(6.0),
            keras.layers.Conv2D(5, 3),
            keras.layers.BatchNormalization(),
        ]
    )
    functional = keras.Model(network.inputs[0], network.outputs[0])
    pictures = np.random.default_rng(1).normal(0, 1, (64, 6, 6, 3)).astype(np.float32)
    before = np.asarray(functional(pictures, training=False))
    open_statistics(functional, pictures)
    assert np.allclose(np.asarray(functional(pictures, training=False)), before, atol=1e-4)
    # In training mode the same batch now gives the same answer: the statistics are its own.
    assert np.allclose(np.asarray(functional(pictures, training=True)), before, atol=1e-3)
