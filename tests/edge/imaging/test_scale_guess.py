"""A field without whole red cells still gets a scale good enough to find white cells."""

from __future__ import annotations

import numpy as np
import pytest

from edge.camera.smear.single import render_cell
from edge.imaging.locate import locate
from edge.imaging.scale_guess import guess_scale


@pytest.mark.parametrize("um_per_px", [0.08, 0.12, 0.2, 0.3])
def test_a_neutrophil_tells_the_scale_roughly(um_per_px: float) -> None:
    size_px = round(36 / um_per_px)
    guesses = [
        guess_scale(render_cell("neutrophil", seed, um_per_px=um_per_px, size_px=size_px))
        for seed in range(6)
    ]
    off = [g.um_per_px / um_per_px - 1 for g in guesses if g is not None]
    print(f"{um_per_px} um/px: off by {min(off):+.0%} to {max(off):+.0%}")
    assert len(off) == len(guesses)
    assert abs(float(np.median(off))) < 0.4


def test_with_the_guess_the_cell_is_found() -> None:
    field = render_cell("monocyte", seed=4, um_per_px=0.1, size_px=360)
    guess = guess_scale(field)
    assert guess is not None
    assert len(locate(field, guess.um_per_px, include_cut=True)) == 1


def test_empty_glass_has_no_scale() -> None:
    assert guess_scale(np.full((240, 320, 3), 230, dtype=np.uint8)) is None
