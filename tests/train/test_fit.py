"""Training on arrays made here: draws are balanced, views are varied, statistics are set."""

from __future__ import annotations

import numpy as np
import pytest

from tests.shared_data import REPOSITORY
from train.cells import LabelledCell
from train.recipe import Recipe

RECIPE = REPOSITORY / "train" / "recipes" / "leukoscope-mnv2.toml"


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return Recipe.load(RECIPE)


def _cell(label: str, patient: str, source: str, number: int) -> LabelledCell:
    return LabelledCell("z.zip", f"{number}.webp", label, label, patient, source, 0.2)


def test_each_source_and_label_is_drawn_by_the_recipe_however_many_there_are(
    recipe: Recipe,
) -> None:
    from train.fit import draw_weights

    cells = [_cell("blast", f"P{i % 7}", "jhu", i) for i in range(500)]
    cells += [_cell("blast", "", "munich", i) for i in range(20)]
    weights = draw_weights(cells, recipe)
    jhu = weights[:500].sum() / weights.sum()
    shares = {
        source.name: source.draw["blast"] for source in recipe.sources if "blast" in source.draw
    }
    assert weights.sum() == pytest.approx(1.0)
    assert jhu == pytest.approx(shares["jhu"] / (shares["jhu"] + shares["munich"]))


def test_a_patient_with_many_cells_does_not_drown_the_others(recipe: Recipe) -> None:
    from train.fit import draw_weights

    cells = [_cell("blast", "P00", "jhu", i) for i in range(400)]
    cells += [_cell("blast", "P01", "jhu", i) for i in range(4)]
    weights = draw_weights(cells, recipe)
    assert weights[:400].sum() / weights[400:].sum() == pytest.approx(10.0)  # sqrt(400 / 4)


def test_views_differ_and_stay_in_range(recipe: Recipe) -> None:
    import keras

    from train.augment import augment, plain

    chance = keras.random.SeedGenerator(1)
    y, x = np.mgrid[0:160, 0:160]
    cell = np.full((160, 160, 3), 240, dtype=np.uint8)
    cell[np.hypot(x - 80, y - 80) < 30] = (90, 60, 150)
    batch = np.repeat(cell[None], 8, axis=0)
    maps = np.repeat(np.eye(3, dtype=np.float32)[None], 8, axis=0)
    views = np.asarray(augment(batch, maps, 128, 0.2, recipe.augment, chance))
    assert views.shape == (8, 128, 128, 3)
    assert views.min() >= -1
    assert views.max() <= 1
    between = np.abs(views[0] - views[1:]).mean(axis=(1, 2, 3))
    print(f"mean difference between views {between.min():.3f} to {between.max():.3f}")
    assert between.min() > 0.01
    middle = np.asarray(plain(batch, 128))
    assert (np.rint((middle[0] + 1) * 127.5) == cell[16:144, 16:144]).all()


def test_lagging_statistics_are_set_from_the_cells() -> None:
    import keras

    from train.normalization import Statistics

    network = keras.Sequential(
        [keras.layers.Input((4, 4, 3)), keras.layers.BatchNormalization(momentum=0.999)]
    )
    rng = np.random.default_rng(2)
    batches = [rng.normal(5, 2, (64, 4, 4, 3)).astype(np.float32) for _ in range(6)]
    Statistics(network, network).set_from(batches)
    layer = network.layers[-1]
    assert np.allclose(layer.moving_mean, 5, atol=0.2)
    assert np.allclose(layer.moving_variance, 4, atol=0.4)
    assert layer.momentum == 0.999


def test_a_cell_among_anothers_red_cells_keeps_its_middle() -> None:
    import keras

    from train.augment import swap_surroundings

    chance = keras.random.SeedGenerator(2)
    dark, bright = np.full((96, 96, 3), 0.2), np.full((96, 96, 3), 0.9)
    batch = np.stack([dark, bright] * 8).astype(np.float32)
    swapped = np.asarray(swap_surroundings(batch, 0.25, 1.0, chance))
    assert np.allclose(swapped[:, 44:52, 44:52], batch[:, 44:52, 44:52], atol=0.01)
    assert np.allclose(swapped[0, 0, 0], 0.9, atol=0.01)  # the corner is the neighbour's
    assert np.allclose(np.asarray(swap_surroundings(batch, 0.25, 0.0, chance)), batch)
