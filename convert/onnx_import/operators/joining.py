"""Tensors joined and taken apart along an axis."""

from __future__ import annotations

import numpy as np

from convert.onnx_import.layout import Value, aligned, moved
from convert.onnx_import.registry import Call, operator


@operator("Concat")
def concat(call: Call) -> Value:
    """https://onnx.ai/onnx/operators/onnx__Concat.html"""
    from keras import ops

    values = [found for found in call.inputs if isinstance(found, Value)]
    if len(values) != len(call.inputs):
        raise call.node.refuse("joins a constant to computed tensors")
    first = values[0]
    tensors = [moved(value, first.axes).tensor for value in values]
    axis = _axis(call, first)
    return first.now(
        ops.concatenate(tensors, axis), nonnegative=all(value.nonnegative for value in values)
    )


@operator("Split")
def split(call: Call) -> list[Value]:
    """https://onnx.ai/onnx/operators/onnx__Split.html; sizes as input, attribute, or equal."""
    from keras import ops

    value = call.value()
    axis = _axis(call, value)
    sizes = call.constant(1)
    count = len(call.node.outputs)
    if sizes is None:
        length = int(value.tensor.shape[axis])
        part = -(-length // count)
        sizes = np.array([min(part, length - part * i) for i in range(count)])
    ends = np.cumsum(np.ravel(sizes))[:-1]
    parts = ops.split(value.tensor, [int(end) for end in ends], axis)
    return [value.now(part, value.nonnegative) for part in parts]


@operator("Slice")
def take_slice(call: Call) -> Value:
    """https://onnx.ai/onnx/operators/onnx__Slice.html with constant ends and forward steps."""
    value = call.value()
    starts, ends = (np.ravel(call.needed(place)).tolist() for place in (1, 2))
    axes, steps = call.constant(3), call.constant(4)
    chosen = list(range(len(starts))) if axes is None else np.ravel(axes).tolist()
    strides = [1] * len(starts) if steps is None else np.ravel(steps).tolist()
    cut = [slice(None)] * value.rank
    for axis, start, end, stride in zip(chosen, starts, ends, strides, strict=True):
        if stride < 1 or axis % value.rank == 0:
            raise call.node.refuse("goes backwards, or through the batch")
        place = value.where(axis)
        cut[place] = slice(*slice(start, end, stride).indices(int(value.tensor.shape[place])))
    return value.now(value.tensor[tuple(cut)], value.nonnegative)


@operator("Gather")
def gather(call: Call) -> Value:
    """https://onnx.ai/onnx/operators/onnx__Gather.html with constant indices, such as channels."""
    from keras import ops

    value, indices = call.value(), call.needed(1)
    if indices.ndim != 1:
        raise call.node.refuse(f"takes {indices.ndim}-D indices, not a list")
    axis = _axis(call, value, default=0)
    length = int(value.tensor.shape[axis])
    return value.now(ops.take(value.tensor, indices % length, axis=axis), value.nonnegative)


@operator("Pad")
def pad(call: Call) -> Value:
    """https://onnx.ai/onnx/operators/onnx__Pad.html: a constant, or mirrored without the edge."""
    from keras import ops

    value = call.value()
    if len(call.inputs) > 3 and call.inputs[3] is not None:
        raise call.node.refuse("names axes")
    flat = np.ravel(call.needed(1)).astype(int).tolist()
    both = list(zip(flat[: value.rank], flat[value.rank :], strict=True))
    widths = tuple(both[axis] for axis in value.axes)
    mode = call.node.attributes.get("mode", "constant")
    if mode == "reflect":
        return value.now(ops.pad(value.tensor, widths, mode="reflect"), value.nonnegative)
    if mode != "constant" or any(width < 0 for pair in widths for width in pair):
        raise call.node.refuse(f"is of mode {mode}, or cuts")
    filler = call.constant(2)
    level = 0.0 if filler is None else float(np.ravel(filler)[0])
    return value.now(
        ops.pad(value.tensor, widths, constant_values=level), value.nonnegative and level >= 0
    )


@operator("Expand")
def expand(call: Call) -> Value:
    """https://onnx.ai/onnx/operators/onnx__Expand.html where broadcasting will do it anyway."""
    from keras import ops

    value = call.value()
    target = np.ravel(call.needed(1)).astype(int).tolist()
    if len(target) > value.rank:
        raise call.node.refuse("adds axes")
    ones = aligned(np.ones([*([1] * (value.rank - len(target))), *target], np.float32), value)
    return value.now(ops.multiply(value.tensor, ones[:1]), value.nonnegative)


def _axis(call: Call, value: Value, default: int | None = None) -> int:
    """Keras axis of the attribute ``axis``, which must not be the batch."""
    told = call.node.attributes.get("axis", 0 if default is None else default)
    place = value.where(int(told))
    if place == 0:
        raise call.node.refuse("goes through the batch")
    return place
