"""Means, maxima and sums over axes."""

from __future__ import annotations

import numpy as np

from convert.onnx_import.layout import Value
from convert.onnx_import.registry import Call, operator


@operator("ReduceMean", "ReduceMax", "ReduceSum")
def reduce(call: Call) -> Value:
    """https://onnx.ai/onnx/operators/onnx__ReduceMean.html; axes as attribute or as input."""
    from keras import ops

    value = call.value()
    axes = _axes(call, value)
    if 0 in axes:
        raise call.node.refuse("joins the pictures of a batch")
    places = tuple(value.where(axis) for axis in axes)
    keep = bool(call.node.attributes.get("keepdims", 1))
    function = {"ReduceMean": ops.mean, "ReduceMax": ops.max, "ReduceSum": ops.sum}
    tensor = function[call.node.operator](value.tensor, places, keepdims=keep)
    if keep:
        return value.now(tensor, value.nonnegative)
    left = [axis for axis in value.axes if axis not in axes]
    return Value(tensor, tuple(sorted(left).index(axis) for axis in left), value.nonnegative)


def _axes(call: Call, value: Value) -> list[int]:
    told = call.node.attributes.get("axes")
    if told is None and len(call.inputs) > 1:
        constant = call.constant(1)
        told = None if constant is None else np.ravel(constant).tolist()
    if not told:
        told = range(value.rank)
    return sorted(int(axis) % value.rank for axis in told)
