"""The objective: light is kept, blur is what the formula says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge.camera.smear.optics import Optics, blur, reduce_by

PLAIN = Optics(chromatic_um=0, aberration_um=0, sharpening=0)


def spot(size=101):
    light = np.zeros((size, size, 3), dtype=np.float32)
    light[size // 2, size // 2] = 1
    return light


def width_um(light, pitch):
    along = (np.arange(light.shape[0]) - light.shape[0] // 2) * pitch
    profile = light[..., 1].sum(axis=0)
    return float(np.sqrt((profile * along**2).sum() / profile.sum()))


@pytest.mark.parametrize("defocus_um", [0.0, 0.5, 1.5])
def test_a_point_is_spread_as_far_as_the_formula_says(defocus_um):
    optics = replace(PLAIN, defocus_um=defocus_um)
    seen = blur(spot(), 0.1, optics)
    assert seen.sum(axis=(0, 1)) == pytest.approx([1, 1, 1], abs=1e-4)
    wished = optics.blur_um()[1]
    print(f"defocus {defocus_um} um: blur {width_um(seen, 0.1):.3f} um, formula {wished:.3f} um")
    assert width_um(seen, 0.1) == pytest.approx(wished, rel=0.05)


def test_in_focus_only_diffraction_is_left():
    assert PLAIN.blur_um()[1] == pytest.approx(0.21 * 0.54 / 0.9)


def test_blue_and_red_are_never_sharp_together():
    red, green, blue = Optics(chromatic_um=1.0).blur_um()
    assert red > green
    assert blue > green


def test_sharpening_makes_an_edge_overshoot_and_keeps_the_light():
    light = np.ones((101, 101, 3), dtype=np.float32)
    light[30:70, 30:70] = 0.3
    plain, sharp = blur(light, 0.1, PLAIN), blur(light, 0.1, replace(PLAIN, sharpening=1))
    assert plain.max() < 1.001
    assert sharp.max() > 1.05
    assert sharp.mean() == pytest.approx(light.mean(), abs=1e-4)


def test_reducing_takes_the_mean():
    light = np.arange(6 * 6 * 3, dtype=np.float32).reshape(6, 6, 3)
    small = reduce_by(light, 2)
    assert small.shape == (3, 3, 3)
    assert small[0, 0, 0] == light[:2, :2, 0].mean()


@pytest.mark.parametrize(
    "wrong", [{"numerical_aperture": 1.4}, {"defocus_um": float("nan")}, {"sharpening": -1}]
)
def test_an_objective_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match="must lie"):
        Optics(**wrong)
