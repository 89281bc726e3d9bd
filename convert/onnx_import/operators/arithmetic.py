"""Arithmetic of two tensors, or of a tensor and a constant."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from convert.onnx_import.graph import Array
from convert.onnx_import.layout import Value, aligned, moved
from convert.onnx_import.registry import Call, operator


@operator("Add", "Sub", "Mul", "Div", "Min", "Max", "Sum")
def two_operands(call: Call) -> Value:
    """Broadcast arithmetic; of more than two operands one after the other."""
    result = call.inputs[0]
    for other in call.inputs[1:]:
        result = _pair(call, result, other)
    if not isinstance(result, Value):
        raise call.node.refuse("has nothing computed")
    return result


@operator("Pow")
def power(call: Call) -> Value:
    """A constant power: squares and roots."""
    from keras import ops

    value, exponent = call.value(), call.needed(1)
    if exponent.size != 1 or float(exponent.ravel()[0]) not in {1.0, 2.0, 0.5}:
        raise call.node.refuse("is of another power than 1, 2 or 0.5")
    wanted = float(exponent.ravel()[0])
    if wanted == 1.0:
        return value
    if wanted == 2.0:
        return value.now(ops.multiply(value.tensor, value.tensor), nonnegative=True)
    return _root(value)


@operator("Sqrt")
def square_root(call: Call) -> Value:
    """A root; what is divided by it later is multiplied by its reciprocal, which int8 has."""
    return _root(call.value())


@operator("Neg")
def negative(call: Call) -> Value:
    """0 - x, in an operator that int8 has."""
    from keras import ops

    value = call.value()
    return value.now(ops.multiply(value.tensor, np.float32(-1)))


@operator("Abs")
def absolute(call: Call) -> Value:
    """|x|."""
    from keras import ops

    value = call.value()
    return value.now(ops.absolute(value.tensor), nonnegative=True)


@operator("Exp")
def exponential(call: Call) -> Value:
    """e to the x."""
    from keras import ops

    value = call.value()
    return value.now(ops.exp(value.tensor), nonnegative=True)


@operator("Reciprocal")
def reciprocal(call: Call) -> Value:
    """1 / x."""
    from keras import ops

    value = call.value()
    if value.root_of is not None:
        return value.now(ops.rsqrt(value.root_of), nonnegative=True)
    return value.now(ops.reciprocal(value.tensor))


def _root(value: Value) -> Value:
    from keras import ops

    return Value(ops.sqrt(value.tensor), value.axes, nonnegative=True, root_of=value.tensor)


def _pair(call: Call, first: Any, second: Any) -> Any:
    """The two of them, which must not both be constant."""
    if isinstance(first, Value) and isinstance(second, Value):
        if first.rank != second.rank:
            raise call.node.refuse(f"joins {first.rank} axes with {second.rank}")
        second = moved(second, first.axes)
        return _apply(call, first, first.tensor, second.tensor, second)
    if isinstance(first, Value):
        return _with_constant(call, first, second, constant_first=False)
    return _with_constant(call, second, first, constant_first=True)


def _with_constant(call: Call, value: Value, constant: Array, constant_first: bool) -> Value:
    other = aligned(np.asarray(constant, dtype=np.float32), value)
    if call.node.operator == "Div" and not constant_first:
        from keras import ops

        positive = value.nonnegative and bool((other > 0).all())
        return value.now(ops.multiply(value.tensor, 1 / other), positive)
    if constant_first:
        return _apply(call, value, other, value.tensor, None)
    return _apply(call, value, value.tensor, other, None)


def _apply(call: Call, shape: Value, left: Any, right: Any, divisor: Value | None) -> Value:
    from keras import ops

    name = call.node.operator
    if name == "Div" and divisor is not None and divisor.root_of is not None:
        return shape.now(ops.multiply(left, ops.rsqrt(divisor.root_of)))
    function = {
        "Add": ops.add,
        "Sum": ops.add,
        "Sub": ops.subtract,
        "Mul": ops.multiply,
        "Div": ops.divide,
        "Min": ops.minimum,
        "Max": ops.maximum,
    }[name]
    if name in {"Add", "Sum"} and math.prod(left.shape[1:]) > math.prod(right.shape[1:]):
        # Keras 3 takes a second operand with one long axis for a bias of the channels, even where
        # that axis is the height: the smaller operand comes first.
        left, right = right, left
    both = divisor is not None and shape.nonnegative and divisor.nonnegative
    return shape.now(function(left, right), nonnegative=both and name in {"Add", "Sum", "Mul"})
