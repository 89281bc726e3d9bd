"""Pooling over windows and over whole pictures."""

from __future__ import annotations

from typing import Any

import numpy as np

from convert.onnx_import.layout import Value, channels_last, moved
from convert.onnx_import.padding import Sides, Window, window_of
from convert.onnx_import.registry import Call, operator


@operator("MaxPool")
def max_pool(call: Call) -> Value:
    """https://onnx.ai/onnx/operators/onnx__MaxPool.html

    Added pixels must never be the largest. Below a value that is not negative they are 0; elsewhere
    the pixels at the edge are mirrored, which lie in the same windows as long as no window is more
    than half outside (neither Keras nor PyTorch allow more).
    """
    import keras

    if len(call.node.outputs) > 1 and call.node.outputs[1]:
        raise call.node.refuse("is asked for indices")
    value, window, size = _pooled(call)
    tensor, padding = value.tensor, "valid"
    if window.padded and window.is_same(size):
        padding = "same"
    elif window.padded and value.nonnegative:
        tensor = keras.layers.ZeroPadding2D(window.pads)(tensor)
    elif window.padded:
        if any(max(pads) * 2 > side for pads, side in zip(window.pads, window.kernel, strict=True)):
            raise call.node.refuse("adds more than half a window")
        tensor = keras.ops.pad(tensor, _all_axes(window.pads), mode="symmetric")
    pooled = keras.layers.MaxPooling2D(
        window.kernel, window.strides, padding, name=call.layer_name
    )(tensor)
    return value.now(pooled, nonnegative=value.nonnegative)


@operator("AveragePool")
def average_pool(call: Call) -> Value:
    """https://onnx.ai/onnx/operators/onnx__AveragePool.html, added pixels counted or not."""
    import keras

    value, window, size = _pooled(call)
    tensor, padding, share = value.tensor, "valid", None
    counts_added = bool(call.node.attributes.get("count_include_pad", 0))
    if counts_added and call.node.attributes.get("ceil_mode"):
        raise call.node.refuse("counts added pixels and rounds its size up")
    if window.padded and not counts_added and window.is_same(size):
        padding = "same"
    elif window.padded:
        tensor = keras.layers.ZeroPadding2D(window.pads)(tensor)
        share = None if counts_added else _share_inside(window, size)
    pooled = keras.layers.AveragePooling2D(
        window.kernel, window.strides, padding, name=call.layer_name
    )(tensor)
    if share is not None:
        pooled = keras.ops.multiply(pooled, 1 / share)
    return value.now(pooled, nonnegative=value.nonnegative)


@operator("GlobalAveragePool", "GlobalMaxPool")
def global_pool(call: Call) -> Value:
    """Mean or maximum of a whole picture; height and width stay, as 1."""
    import keras

    value = call.value()
    places = tuple(value.where(axis) for axis in range(2, value.rank))
    reduce = keras.ops.mean if call.node.operator == "GlobalAveragePool" else keras.ops.max
    return value.now(reduce(value.tensor, places, keepdims=True), nonnegative=value.nonnegative)


def _pooled(call: Call) -> tuple[Value, Window, tuple[int, int]]:
    """What is pooled, its window, and its (height, width)."""
    value = call.value()
    kernel = call.node.attributes.get("kernel_shape", [])
    if value.rank != 4 or len(kernel) != 2:
        raise call.node.refuse(f"is over {len(kernel)} axes, not over pictures")
    value = moved(value, channels_last(4))
    size = (int(value.tensor.shape[1]), int(value.tensor.shape[2]))
    window = window_of(call.node, (int(kernel[0]), int(kernel[1])), size)
    if window.dilations != (1, 1):
        raise call.node.refuse("is dilated")
    return value, window, size


def _all_axes(pads: Sides) -> tuple[tuple[int, int], ...]:
    return ((0, 0), *pads, (0, 0))


def _share_inside(window: Window, size: tuple[int, int]) -> Any:
    """Share of each window that lies in the picture, float32 (1, rows, columns, 1)."""
    shares = []
    for length, kernel, stride, pads in zip(
        size, window.kernel, window.strides, window.pads, strict=True
    ):
        inside = np.pad(np.ones(length), pads)
        starts = range(0, len(inside) - kernel + 1, stride)
        shares.append(np.array([inside[start : start + kernel].mean() for start in starts]))
    return (shares[0][:, None] * shares[1][None, :])[None, :, :, None].astype(np.float32)
