"""Products with a matrix of weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from convert.onnx_import.graph import Array
from convert.onnx_import.layout import Value, moved, settled
from convert.onnx_import.registry import Call, operator


@operator("Gemm", any_order=True)
def gemm(call: Call) -> Value:
    """https://onnx.ai/onnx/operators/onnx__Gemm.html with constant B and C: a dense layer."""
    told = call.node.attributes
    if told.get("transA"):
        raise call.node.refuse("transposes the computed matrix")
    weights = call.needed(1) * np.float32(told.get("alpha", 1.0))
    if told.get("transB"):
        weights = weights.T
    bias = call.constant(2)
    if bias is not None:
        bias = np.broadcast_to(bias * np.float32(told.get("beta", 1.0)), (1, weights.shape[1]))[0]
    return _dense(call, weights, bias)


@operator("MatMul", any_order=True)
def matmul(call: Call) -> Value:
    """https://onnx.ai/onnx/operators/onnx__MatMul.html with a constant matrix on the right."""
    if not isinstance(call.inputs[0], Value) or isinstance(call.inputs[1], Value):
        raise call.node.refuse("multiplies two computed matrices (attention is not understood)")
    weights = call.needed(1)
    if weights.ndim != 2:
        raise call.node.refuse(f"has {weights.ndim}-D weights")
    return _dense(call, weights, None)


def _dense(call: Call, weights: Array, bias: Array | None) -> Value:
    """A dense layer over the last ONNX axis; of a picture, a convolution of 1 x 1."""
    import keras

    value = call.value()
    if value.order is not None and value.rank == 2:
        # The picture was flattened in Keras order: the rows of the weights follow it.
        rows = np.empty_like(weights)
        rows[value.order] = weights
        value, weights = Value(value.tensor, value.axes), rows
    value = settled(value)
    last = value.rank - 1
    if value.axes[-1] != last:
        value = moved(value, (*(axis for axis in value.axes if axis != last), last))
    settings: dict[str, Any] = {"use_bias": bias is not None, "name": call.layer_name}
    if value.rank == 4:
        layer = keras.layers.Conv2D(weights.shape[1], 1, **settings)
        weights = weights[None, None]
    else:
        layer = keras.layers.Dense(weights.shape[1], **settings)
    built = layer(value.tensor)
    layer.set_weights([weights] if bias is None else [weights, bias])
    return value.now(built)
