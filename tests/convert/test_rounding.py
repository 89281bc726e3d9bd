"""Rounding weights together loses less than rounding each by itself."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from convert.rounding import _Met, _patches, round_rows


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


def test_it_is_the_published_rule_whatever_is_done_to_make_it_quick() -> None:
    """One weight after another by the inverse itself, as the paper writes it; 150 weights, so that
    several blocks of weights and halves of matrices are met."""
    rng = np.random.default_rng(4)
    inputs = np.maximum(0, rng.normal(1, 1, (2, 600, 30)) @ rng.normal(0, 1, (2, 30, 150)))
    met = np.concatenate([inputs, np.ones((2, 600, 1))], axis=2)
    moment = met.transpose(0, 2, 1) @ met / 600
    rows = rng.normal(0, 1, (2, 5, 150))
    rounded, shift = round_rows(rows, moment)

    size = np.trace(moment, axis1=1, axis2=2) / 151
    damped = moment + (0.01 * size + 1e-12)[:, None, None] * np.eye(151)
    factor = np.linalg.cholesky(np.linalg.inv(damped)).transpose(0, 2, 1)
    scale = np.abs(rows).max(axis=2) / 127
    left = np.concatenate([rows, np.zeros((2, 5, 1))], axis=2)
    wanted = np.zeros_like(rows)
    for i in range(150):
        wanted[:, :, i] = np.clip(np.rint(left[:, :, i] / scale), -127, 127) * scale
        largest = np.abs(rows).argmax(axis=2) == i
        wanted[:, :, i][largest] = rows[:, :, i][largest]
        error = (left[:, :, i] - wanted[:, :, i]) / factor[:, i, i, None]
        left[:, :, i:] -= error[:, :, None] * factor[:, None, i, i:]
    np.testing.assert_array_equal(rounded, wanted)
    np.testing.assert_allclose(shift, left[:, :, 150], atol=1e-9)


def test_cells_that_do_not_fill_a_batch_count_as_much_as_the_others() -> None:
    rng = np.random.default_rng(6)
    cells = [rng.normal(size=(2, 7, 3)).astype(np.float32) for _ in range(6)]
    met = _Met()
    for cell in cells:
        met.add(cell)
    whole = np.concatenate(cells, axis=1).astype(float)
    with_one = np.concatenate([whole, np.ones((2, 42, 1))], axis=2)
    np.testing.assert_allclose(met.total(), with_one.transpose(0, 2, 1) @ with_one / 7, rtol=1e-5)
