"""A cell shown in another laboratory's stain keeps its texture and takes its colours."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.camera.smear.single import examples
from edge.imaging.crop import CropSpec, crop_cell
from tests.shared_data import REPOSITORY
from train.cells import LabelledCell
from train.recipe import Recipe, StainRecipe
from train.stains import StainBank, draw_maps, stain_anchors, stain_bank

ALWAYS = StainRecipe(share=1.0, strength=0.0, contrast=0.0, hue=0.0)
CELLAVISION = np.array([[0.82, 1.35, 0.37], [0.29, 0.48, 0.28]])
PALE_CAMERA = np.array([[0.41, 0.72, 0.05], [0.14, 0.27, 0.21]])


def _cell(source: str, patient: str, number: int, label: str = "lymphocyte") -> LabelledCell:
    return LabelledCell("z.zip", f"{source}{number}.webp", label, label, patient, source, 0.2)


def _crops(kind: str, count: int) -> np.ndarray:
    spec = CropSpec(160, 0.2)
    return np.stack(
        [
            crop_cell(p, (p.shape[1] / 2, p.shape[0] / 2), 0.2, spec)
            for p in examples(kind, count, 3)
        ]
    )


def _anchors(crops: np.ndarray) -> np.ndarray:
    return np.stack([stain_anchors(crop, 0.2) for crop in crops])


def test_anchors_of_a_rendered_cell_are_dark_nucleus_and_pale_red_cells() -> None:
    anchors = _anchors(_crops("lymphocyte", 6))
    nucleus, red_cell = np.nanmedian(anchors, axis=0)
    print(f"nucleus {nucleus.round(2)}, red cell {red_cell.round(2)} (optical density)")
    assert nucleus[1] > 1.5 * red_cell[1]
    assert nucleus[1] > nucleus[2] + 0.3  # azure lets blue pass
    assert abs(red_cell[1] - red_cell[2]) < 0.3  # haemoglobin stops blue nearly as much as green


def test_an_empty_crop_has_no_anchors_and_is_left_as_it_is() -> None:
    empty = np.full((2, 160, 160, 3), 240, dtype=np.uint8)
    bank = stain_bank(_anchors(empty), [_cell("a", "", 0), _cell("a", "", 1)])
    assert np.isnan(bank.own).all()
    maps = draw_maps(bank.own, bank, ALWAYS, np.random.default_rng(1))
    assert np.array_equal(maps, np.tile(np.eye(3, dtype=np.float32), (2, 1, 1)))


def test_a_patient_has_one_stain_and_one_with_few_cells_that_of_the_source() -> None:
    crops = _crops("lymphocyte", 8)
    cells = [_cell("a", "P1", i) for i in range(6)] + [_cell("a", "P2", i) for i in range(6, 8)]
    bank = stain_bank(_anchors(crops), cells)
    assert (bank.own[:6] == bank.own[0]).all()
    each = _anchors(crops)
    assert np.allclose(bank.own[0], np.median(each[:6], axis=0))
    assert np.allclose(bank.own[7], np.median(each, axis=0))
    assert [len(stains) for stains in bank.sources] == [2]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_map_takes_a_stain_some_way_to_the_other_and_never_past_it(seed: int) -> None:
    bank = StainBank(CELLAVISION[None], (PALE_CAMERA[None],))
    (map_,) = draw_maps(CELLAVISION[None], bank, ALWAYS, np.random.default_rng(seed))
    seen = CELLAVISION @ map_
    part = (seen - CELLAVISION) / (PALE_CAMERA - CELLAVISION)
    assert np.allclose(part, part[0, 0], atol=1e-3)  # all channels the same way along
    assert -1e-3 <= part[0, 0] <= 1 + 1e-3


def test_sources_are_chosen_alike_however_many_patients_they_have() -> None:
    many = np.tile(PALE_CAMERA, (500, 1, 1))
    bank = StainBank(CELLAVISION[None], (many, CELLAVISION[None] * 1.5))
    own = np.tile(CELLAVISION, (2000, 1, 1))
    maps = draw_maps(own, bank, ALWAYS, np.random.default_rng(5))
    paler = (own @ maps)[:, 0, 1] < CELLAVISION[0, 1]
    assert 0.45 < paler.mean() < 0.55


def test_share_says_how_many_cells_are_restained() -> None:
    bank = StainBank(CELLAVISION[None], (PALE_CAMERA[None],))
    own = np.tile(CELLAVISION, (2000, 1, 1))
    maps = draw_maps(own, bank, replace(ALWAYS, share=0.3), np.random.default_rng(5))
    changed = ~np.isclose(maps, np.eye(3), atol=1e-4).all(axis=(1, 2))
    assert 0.25 < changed.mean() < 0.35


def test_the_shipped_recipe_restains_most_cells() -> None:
    recipe = Recipe.load(REPOSITORY / "train" / "recipes" / "leukoscope-mnv2.toml")
    assert recipe.stain.share == pytest.approx(0.8, abs=0.2)
