"""Convolutions: plain, grouped and depthwise."""

from __future__ import annotations

from typing import Any

import numpy as np

from convert.onnx_import.graph import Array
from convert.onnx_import.layout import Value, channels_last, moved
from convert.onnx_import.padding import Window, window_of
from convert.onnx_import.registry import Call, operator


@operator("Conv")
def conv(call: Call) -> Value:
    """https://onnx.ai/onnx/operators/onnx__Conv.html, over pictures, with constant weights."""
    kernel, bias = call.needed(1), call.constant(2)
    value = call.value()
    if kernel.ndim != 4 or value.rank != 4:
        raise call.node.refuse(f"is over {kernel.ndim - 2} axes, not over pictures")
    value = moved(value, channels_last(4))
    height, width, channels = (int(side) for side in value.tensor.shape[1:])
    window = window_of(call.node, (kernel.shape[2], kernel.shape[3]), (height, width))
    groups = int(call.node.attributes.get("group", 1))
    tensor, padding = _padded(value.tensor, window, (height, width))
    layer = _layer(call, kernel, bias, window, padding, groups, channels)
    built = layer(tensor)
    weights = _weights(kernel, depthwise=groups == channels > 1, channels=channels)
    layer.set_weights([weights] if bias is None else [weights, bias])
    return value.now(built)


def _padded(tensor: Any, window: Window, size: tuple[int, int]) -> tuple[Any, str]:
    """The picture with pixels added, unless the layer will add them."""
    import keras

    if not window.padded:
        return tensor, "valid"
    if window.is_same(size):
        return tensor, "same"
    return keras.layers.ZeroPadding2D(window.pads)(tensor), "valid"


def _layer(
    call: Call,
    kernel: Array,
    bias: Array | None,
    window: Window,
    padding: str,
    groups: int,
    channels: int,
) -> Any:
    import keras

    shared = {
        "strides": window.strides,
        "dilation_rate": window.dilations,
        "padding": padding,
        "use_bias": bias is not None,
        "name": call.layer_name,
    }
    if groups == channels > 1:
        if window.strides[0] != window.strides[1]:
            raise call.node.refuse("has another stride for height than for width")
        return keras.layers.DepthwiseConv2D(
            window.kernel, depth_multiplier=kernel.shape[0] // channels, **shared
        )
    return keras.layers.Conv2D(kernel.shape[0], window.kernel, groups=groups, **shared)


def _weights(kernel: Array, depthwise: bool, channels: int) -> Array:
    """ONNX (out, in / groups, height, width) as Keras has it."""
    if depthwise:
        _, _, height, width = kernel.shape
        return np.transpose(kernel.reshape(channels, -1, height, width), (2, 3, 0, 1))
    return np.transpose(kernel, (2, 3, 1, 0))
