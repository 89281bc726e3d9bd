"""Changes of shape, and operators that change nothing."""

from __future__ import annotations

import math

import numpy as np

from convert.onnx_import.graph import Array
from convert.onnx_import.layout import Value, relabelled, reshaped, settled
from convert.onnx_import.registry import Call, operator

_FLOATS = (1, 10, 11)
"""TensorProto: float32, float16, float64."""


@operator("Reshape")
def reshape(call: Call) -> Value:
    """https://onnx.ai/onnx/operators/onnx__Reshape.html"""
    value = call.value()
    shape = value.shape(call.graph.batch)
    wanted = [int(length) for length in np.ravel(call.needed(1))]
    if not call.node.attributes.get("allowzero"):
        wanted = [shape[i] if length == 0 else length for i, length in enumerate(wanted)]
    if -1 in wanted:
        wanted[wanted.index(-1)] = math.prod(shape) // -math.prod(wanted)
    return _to(call, value, tuple(wanted))


@operator("Flatten")
def flatten(call: Call) -> Value:
    """https://onnx.ai/onnx/operators/onnx__Flatten.html of each picture to a row."""
    value = call.value()
    shape = value.shape(call.graph.batch)
    if int(call.node.attributes.get("axis", 1)) % value.rank != 1:
        raise call.node.refuse("joins the pictures of a batch")
    return _to(call, value, (shape[0], math.prod(shape[1:])))


@operator("Squeeze")
def squeeze(call: Call) -> Value:
    """https://onnx.ai/onnx/operators/onnx__Squeeze.html"""
    value = call.value()
    shape = value.shape(call.graph.batch)
    axes = _axes(call)
    gone = {axis % value.rank for axis in axes or [i for i, n in enumerate(shape) if n == 1 and i]}
    return _to(call, value, tuple(n for i, n in enumerate(shape) if i not in gone))


@operator("Unsqueeze")
def unsqueeze(call: Call) -> Value:
    """https://onnx.ai/onnx/operators/onnx__Unsqueeze.html"""
    value = call.value()
    axes = _axes(call)
    rank = value.rank + len(axes)
    new = {axis % rank for axis in axes}
    lengths = iter(value.shape(call.graph.batch))
    return _to(call, value, tuple(1 if i in new else next(lengths) for i in range(rank)))


@operator("Transpose")
def transpose(call: Call) -> Value:
    """https://onnx.ai/onnx/operators/onnx__Transpose.html: labels change, data stay."""
    value = call.value()
    order = call.node.attributes.get("perm") or list(reversed(range(value.rank)))
    if order[0] != 0:
        raise call.node.refuse("moves the batch")
    return relabelled(value, order)


@operator("Identity", "Dropout", any_order=True)
def identity(call: Call) -> Value:
    """What it is given."""
    return call.value()


@operator("Cast")
def cast(call: Call) -> Value:
    """From float to float nothing is done: all is computed in float32."""
    if int(call.node.attributes.get("to", 0)) not in _FLOATS:
        raise call.node.refuse("leaves floating point")
    return settled(call.value())


def _axes(call: Call) -> list[int]:
    constant: Array | None = call.constant(1)
    return [] if constant is None else [int(axis) for axis in np.ravel(constant)]


def _to(call: Call, value: Value, target: tuple[int, ...]) -> Value:
    batch = call.graph.batch
    shape = value.shape(batch)
    if math.prod(target) != math.prod(shape) or target[:1] != (batch,):
        raise call.node.refuse(f"makes {target} of {shape}, which joins the pictures of a batch")
    return reshaped(value, target, batch)
