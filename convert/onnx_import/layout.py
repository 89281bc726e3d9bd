"""Where each ONNX axis lies in a Keras tensor: layout changes are relabelled, not transposed.

ONNX networks are NCHW, Keras and TFLite NHWC. Every value carries ``axes``: Keras axis k holds the
ONNX axis ``axes[k]``. A ``Transpose`` of the file then only relabels; data are moved where an
operator truly needs another order (a channel shuffle does).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from convert.onnx_import.graph import Array


@dataclass(frozen=True)
class Value:
    """A computed tensor.

    Attributes:
        tensor: Keras tensor, batch first.
        axes: Keras axis k holds ONNX axis ``axes[k]``; ``axes[0]`` is 0, the batch.
        nonnegative: It is known to hold nothing below 0.
        root_of: The tensor that this is the square root of; None for all others.
        order: Where its last axis is a picture flattened in Keras order: the Keras position of
            each ONNX position, int64; None for all others.
    """

    tensor: Any
    axes: tuple[int, ...]
    nonnegative: bool = False
    root_of: Any = None
    order: Array | None = None

    @property
    def rank(self) -> int:
        """Count of axes."""
        return len(self.axes)

    def shape(self, batch: int) -> tuple[int, ...]:
        """Shape as ONNX has it."""
        lengths = dict(zip(self.axes, self.tensor.shape, strict=True))
        return (batch, *(int(lengths[axis]) for axis in range(1, self.rank)))

    def where(self, onnx_axis: int) -> int:
        """The Keras axis that holds an ONNX axis, which may count from the end."""
        return self.axes.index(onnx_axis % self.rank)

    def now(self, tensor: Any, nonnegative: bool = False) -> Value:
        """The same axes with another tensor."""
        return replace(self, tensor=tensor, nonnegative=nonnegative, root_of=None)


def channels_last(rank: int) -> tuple[int, ...]:
    """``axes`` of a tensor whose channels, ONNX axis 1, come last in Keras."""
    return (0, *range(2, rank), 1) if rank > 1 else (0,)


def settled(value: Value) -> Value:
    """The value with its last axis in ONNX order."""
    import keras

    if value.order is None:
        return value
    gathered = keras.ops.take(value.tensor, value.order, axis=-1)
    return replace(value, tensor=gathered, order=None)


def moved(value: Value, axes: tuple[int, ...]) -> Value:
    """The value with its data moved so that its axes are these."""
    import keras

    if value.axes == axes:
        return value
    places = tuple(value.axes.index(axis) for axis in axes)
    return replace(value, tensor=keras.ops.transpose(value.tensor, places), axes=axes, root_of=None)


def aligned(constant: Array, value: Value) -> Array:
    """A constant that ONNX would broadcast to the value, in the value's Keras axes."""
    if constant.ndim > value.rank:
        raise ValueError(f"a constant of {constant.ndim} axes beside {value.rank}")
    whole = constant.reshape((1,) * (value.rank - constant.ndim) + constant.shape)
    return np.ascontiguousarray(whole.transpose(value.axes))


def relabelled(value: Value, order: Sequence[int]) -> Value:
    """ONNX ``Transpose``: its axis i is the axis ``order[i]`` of before."""
    return replace(value, axes=tuple(list(order).index(axis) for axis in value.axes))


def reshaped(value: Value, target: tuple[int, ...], batch: int) -> Value:
    """ONNX ``Reshape`` to ``target`` (batch first, no -1).

    Axes that are split, or joined in the order in which they lie, are reshaped where they are.
    Others are moved first; but a picture flattened to a row is left in Keras order, and noted.
    """
    import keras

    source = value.shape(batch)
    groups = _groups(source, target)
    lying = [axis for axis in value.axes if source[axis] != 1 or axis == 0]
    sorted_groups = sorted(groups, key=lambda group: min(lying.index(a) for a in group[0]))
    wanted = [axis for before, _ in sorted_groups for axis in before]
    order = None
    if lying != wanted:
        if len(target) == 2:
            order = _flat_order(source, lying)
        else:
            ones = [axis for axis in value.axes if axis not in lying]
            value = moved(value, (*wanted, *ones))
    axes = _with_ones([axis for _, after in sorted_groups for axis in after], target)
    tensor = keras.ops.reshape(value.tensor, (-1, *(target[axis] for axis in axes[1:])))
    return Value(tensor, axes, nonnegative=value.nonnegative, order=order)


def _groups(source: tuple[int, ...], target: tuple[int, ...]) -> list[tuple[list[int], list[int]]]:
    """Axes (of source, of target) that hold the same numbers, smallest groups; the batch first."""
    befores = [axis for axis in range(1, len(source)) if source[axis] != 1]
    afters = [axis for axis in range(1, len(target)) if target[axis] != 1]
    groups: list[tuple[list[int], list[int]]] = [([0], [0])]
    while befores:
        before, after = [befores.pop(0)], [afters.pop(0)]
        while (here := math.prod(source[a] for a in before)) != (
            there := math.prod(target[a] for a in after)
        ):
            if here < there:
                before.append(befores.pop(0))
            else:
                after.append(afters.pop(0))
        groups.append((before, after))
    return groups


def _flat_order(source: tuple[int, ...], lying: list[int]) -> Array:
    """Keras position of each ONNX position of a flattened picture."""
    lengths = [source[axis] for axis in lying[1:]]
    positions = np.arange(math.prod(lengths)).reshape(lengths)
    onnx = sorted(lying[1:])
    return positions.transpose([lying[1:].index(axis) for axis in onnx]).ravel()


def _with_ones(order: list[int], target: tuple[int, ...]) -> tuple[int, ...]:
    """The order of all axes of target: axes of length 1 go where they make it usual."""
    rank = len(target)
    for usual in (channels_last(rank), tuple(range(rank))):
        if [axis for axis in usual if axis in order] == order:
            return usual
    return (*order, *(axis for axis in range(rank) if axis not in order))
