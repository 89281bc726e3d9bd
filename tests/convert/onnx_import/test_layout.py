"""Labels of axes: whatever is done to them, the numbers stay where ONNX says."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("keras", reason="the extra `convert` is not installed")

STEPS = st.lists(st.tuples(st.sampled_from(["transpose", "reshape"]), st.integers(0, 10**6)),
                 min_size=1, max_size=5)  # fmt: skip


def factorised(count: int, rng: np.random.Generator) -> tuple[int, ...]:
    """A random shape that holds just ``count`` numbers, ones among its lengths."""
    lengths = []
    while count > 1 and len(lengths) < 4:
        divisors = [d for d in range(1, count + 1) if count % d == 0]
        lengths.append(int(rng.choice(divisors)))
        count //= lengths[-1]
    return (*lengths, count)


def in_onnx_order(value: Any) -> np.ndarray:
    from convert.onnx_import.layout import settled

    value = settled(value)
    found = np.asarray(value.tensor)
    return found.transpose([value.axes.index(axis) for axis in range(value.rank)])


@settings(derandomize=True, max_examples=60, deadline=None)
@given(steps=STEPS)
def test_transpositions_and_reshapes_in_any_order(
    steps: list[tuple[str, int]],
) -> None:
    from convert.onnx_import.layout import Value, channels_last, relabelled, reshaped, settled

    told = np.arange(2 * 6 * 4 * 3).reshape(2, 6, 4, 3).astype(np.float32)
    value = Value(told.transpose(channels_last(4)), channels_last(4))
    for step, seed in steps:
        rng = np.random.default_rng(seed)
        if step == "transpose":
            order = [0, *(rng.permutation(told.ndim - 1) + 1).tolist()]
            told, value = told.transpose(order), relabelled(settled(value), order)
        else:
            target = (2, *factorised(math.prod(told.shape[1:]), rng))
            told, value = told.reshape(target), reshaped(settled(value), target, 2)
    np.testing.assert_array_equal(in_onnx_order(value), told)
