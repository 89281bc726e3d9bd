"""Amounts of stain become optical density and add up."""

from __future__ import annotations

import numpy as np
import pytest

from edge.camera.smear.stain import AZURE, EOSIN, Stain, varied_stain


def amounts(azure=0.0, blue=0.0, eosin=0.0):
    return np.array([[[azure, blue, eosin]]], dtype=np.float32)


def test_light_through_two_layers_is_the_product_of_both():
    stain = Stain()
    one, other = amounts(azure=0.4, blue=0.2), amounts(eosin=0.5, azure=0.1)
    both = 10 ** -stain.density(one + other)
    np.testing.assert_allclose(
        both, 10 ** -stain.density(one) * 10 ** -stain.density(other), rtol=1e-5
    )


def test_azure_looks_violet_and_eosin_looks_red():
    stain = Stain()
    red, green, blue = (10 ** -stain.density(amounts(azure=0.7)))[0, 0]
    assert blue > red > green
    red, green, blue = (10 ** -stain.density(amounts(eosin=0.7)))[0, 0]
    assert red > blue > green


def test_a_pale_slide_is_paler_by_its_strength():
    pale, usual = Stain(strength=0.5), Stain()
    np.testing.assert_allclose(
        pale.density(amounts(azure=1)), usual.density(amounts(azure=1)) / 2, rtol=1e-6
    )


def test_stains_differ_from_slide_to_slide_but_not_much():
    matrices = np.array([varied_stain(np.random.default_rng(seed)).matrix() for seed in range(200)])
    relative = matrices[:, [AZURE, EOSIN]].std(axis=0) / matrices[:, [AZURE, EOSIN]].mean(axis=0)
    print("relative spread of the stain vectors", relative.round(3).tolist())
    assert 0.04 < relative.mean() < 0.12
    assert varied_stain(np.random.default_rng(3), spread=0) == Stain()


@pytest.mark.parametrize("wrong", [{"strength": 0.0}, {"azure": (-0.1, 1, 1)}])
def test_a_stain_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match="must lie in"):
        Stain(**wrong)
