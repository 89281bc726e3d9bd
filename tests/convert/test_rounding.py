"""Rounding weights together loses less than rounding each by itself."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from convert.rounding import _patches, round_rows


def _layer(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights and inputs that move together, as those of a real layer do."""
    rng = np.random.default_rng(seed)
    inputs = np.maximum(0, rng.normal(1, 1, (2000, 6)) @ rng.normal(0, 1, (6, 24)))
    inputs += 0.1 * rng.random(inputs.shape)
    with_one = np.concatenate([inputs, np.ones((2000, 1))], axis=1)
    rows = rng.normal(0, 1, (1, 5, 24)) * rng.uniform(0.1, 3, (1, 1, 24))
    return rows, inputs, (with_one.T @ with_one / 2000)[None]


@settings(derandomize=True, max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_layer_answers_nearer_to_the_float_one(seed: int) -> None:
    rows, inputs, moment = _layer(seed)
    rounded, shift = round_rows(rows, moment)
    scale = np.abs(rows).max(axis=2, keepdims=True) / 127
    plain = np.rint(rows / scale) * scale
    wanted = inputs @ rows[0].T
    together = np.sqrt(((inputs @ rounded[0].T + shift[0] - wanted) ** 2).mean())
    apart = np.sqrt(((inputs @ plain[0].T - wanted) ** 2).mean())
    assert together < 0.9 * apart


@settings(derandomize=True, max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_every_weight_is_on_the_grid_that_the_converter_will_choose(seed: int) -> None:
    rows, _, moment = _layer(seed)
    rounded, _ = round_rows(rows, moment)
    scale = np.abs(rounded).max(axis=2, keepdims=True) / 127
    np.testing.assert_allclose(scale, np.abs(rows).max(axis=2, keepdims=True) / 127)
    steps = rounded / scale
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-9)


def test_rows_of_zeros_stay() -> None:
    rounded, shift = round_rows(np.zeros((2, 3, 4)), np.tile(np.eye(5), (2, 1, 1)))
    assert not rounded.any()
    assert not shift.any()


class _Options:
    def __init__(self, stride: int, padding: int) -> None:
        self.strideH = self.strideW = stride
        self.padding = padding


def test_patches_are_what_a_convolution_sees() -> None:
    values = np.random.default_rng(0).normal(size=(7, 6, 3)).astype(np.float32)
    valid = _patches(values, (3, 3), _Options(2, 1))
    assert valid.shape == (3 * 2, 9, 3)
    np.testing.assert_array_equal(valid[1], values[0:3, 2:5].reshape(9, 3))
    same = _patches(values, (3, 3), _Options(2, 0))
    assert same.shape == (4 * 3, 9, 3)
    assert not same[0].reshape(3, 3, 3)[0].any()  # padded above: 7 rows need 1 and 1
