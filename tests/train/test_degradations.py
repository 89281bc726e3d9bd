"""Simulated degradations do what their names say, each more at each strength."""

from __future__ import annotations

import numpy as np
import pytest

from edge.camera.smear.single import examples
from edge.imaging.crop import CropSpec, crop_cell
from train.evaluation.degradations import DEGRADATIONS, STRENGTHS, degrade

SPEC = CropSpec(120, 0.25)


@pytest.fixture(scope="module")
def crops() -> np.ndarray:
    pictures = examples("blast", 6, 2)
    return np.stack([crop_cell(p, (p.shape[1] / 2, p.shape[0] / 2), 0.2, SPEC) for p in pictures])


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_stronger_is_farther_from_the_picture(name: str, crops: np.ndarray) -> None:
    changes = []
    for strength in STRENGTHS:
        seen = degrade(crops, name, strength, SPEC.um_per_px)
        assert seen.shape == crops.shape
        assert seen.dtype == np.uint8
        changes.append(float(np.abs(seen.astype(int) - crops).mean()))
    print(f"{name}: mean change of {', '.join(f'{c:.1f}' for c in changes)} grey levels")
    assert 0 < changes[0] < changes[1] < changes[2]


def test_defocus_takes_detail_and_keeps_the_mean(crops: np.ndarray) -> None:
    seen = degrade(crops, "defocus", "strong", SPEC.um_per_px).astype(float)
    before = np.abs(np.diff(crops.astype(float), axis=2)).mean()
    assert np.abs(np.diff(seen, axis=2)).mean() < 0.8 * before
    assert abs(seen.mean() - crops.mean()) < 1


def test_a_paler_stain_is_brighter_and_leaves_glass_alone(crops: np.ndarray) -> None:
    pale = degrade(crops, "pale_stain", "strong", SPEC.um_per_px)
    dark = degrade(crops, "dark_stain", "strong", SPEC.um_per_px)
    assert pale.mean() > crops.mean() > dark.mean()
    glass = (crops == 240).all(axis=-1)
    assert (pale[glass] == 240).all()


def test_a_wrong_scale_makes_cells_larger_and_smaller_in_turn(crops: np.ndarray) -> None:
    seen = degrade(crops, "scale_error", "strong", SPEC.um_per_px)
    dark = (crops[..., 1] < 140).sum(axis=(1, 2))
    after = (seen[..., 1] < 140).sum(axis=(1, 2))
    assert (after[1::2] > dark[1::2]).all()
    assert (after[::2] < dark[::2] * 1.1).all()
