"""Round weights to int8 so that the layer's answers change least, not each weight by itself.

The nearest int8 value of every weight is not the best set of values: errors of one weight can be
made good by the next ones, as far as their inputs move together. One weight after another is
rounded, and the others of its output channel, the bias last, take up its error (Frantar et al.
2023, GPTQ, after Hassibi and Stork 1993, Optimal Brain Surgeon). Narrow networks of ReLU6 need it:
their bottlenecks are small differences of large numbers.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from convert.activations import watch
from convert.flatbuffer import constant, operator_name, pack, parse

Floats = NDArray[np.float64]

_LEVELS: Final = 127
"""int8 weights of TFLite are symmetric: -127 to 127."""

_PATCHES_A_CELL: Final = 150
_CELLS_AT_ONCE: Final = 4
"""Patches of all layers are held meanwhile: many cells would be no quicker."""
_MOST_INPUTS: Final = 1500
"""A layer with more inputs a weight row is rounded to nearest: its moments would cost minutes, and
with so many the errors average out."""

_DAMPING: Final = 0.01
_AT_ONCE: Final = 32
"""Weights whose errors are passed on to the later ones together."""
_WHOLE: Final = 64
"""Triangular matrices of at most this size are inverted whole."""
_KINDS: Final = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")


def round_weights(model: bytes, inputs: NDArray[np.float32], seed: int) -> bytes:
    """The float model with all weights on the grid that int8 will put them on.

    Args:
        model: Bytes of a float TFLite model.
        inputs: float32 (N, size, size, 3), real pixels.
        seed: Of the draw of patches.
    """
    parsed = parse(model)
    operators = [
        operator
        for operator in parsed.subgraphs[0].operators
        if operator_name(parsed, operator) in _KINDS
        and _inputs_a_row(parsed, operator) <= _MOST_INPUTS
    ]
    moments = _input_moments(parsed, operators, model, inputs, seed)
    for operator, moment in zip(operators, moments, strict=True):
        depthwise = operator_name(parsed, operator) == "DEPTHWISE_CONV_2D"
        weights = constant(parsed, operator.inputs[1])
        rows = _as_rows(weights, depthwise, len(moment))
        rounded, shift = round_rows(rows.astype(np.float64), moment)
        weights[...] = _from_rows(rounded, weights.shape, depthwise)
        if len(operator.inputs) > 2 and operator.inputs[2] >= 0:
            constant(parsed, operator.inputs[2])[...] += shift.ravel().astype(np.float32)
    return pack(parsed)


def round_rows(rows: Floats, moment: Floats) -> tuple[Floats, Floats]:
    """Round each row's weights in turn, the later ones making good the earlier ones' errors.

    Args:
        rows: float64, shape (groups, outputs, weights).
        moment: float64, shape (groups, weights + 1, weights + 1): mean outer product of the
            inputs, a constant 1 for the bias as the last of them.

    Returns:
        The rows on their int8 grids (scale: the row's largest magnitude / 127), and what the
        biases must take up, shape (groups, outputs).
    """
    groups, outputs, count = rows.shape
    biased = np.concatenate([rows, np.zeros((groups, outputs, 1))], axis=2)
    size = np.trace(moment, axis1=1, axis2=2) / (count + 1)
    damped = moment + (_DAMPING * size + 1e-12)[:, None, None] * np.eye(count + 1)
    factor = _inverse_factor(damped)
    if not np.isfinite(factor).all():
        raise ArithmeticError("moments are not finite")
    scale = np.abs(rows).max(axis=2) / _LEVELS
    scale = np.where(scale > 0, scale, 1.0)
    # The largest weight stays, or the grid would move under the others.
    fixed = np.abs(rows).argmax(axis=2)
    rounded = np.zeros_like(rows)
    for start in range(0, count, _AT_ONCE):
        end = min(start + _AT_ONCE, count)
        errors = np.empty((groups, outputs, end - start))
        for i in range(start, end):
            steps = np.clip(np.rint(biased[:, :, i] / scale), -_LEVELS, _LEVELS)
            rounded[:, :, i] = np.where(fixed == i, rows[:, :, i], steps * scale)
            error = (biased[:, :, i] - rounded[:, :, i]) / factor[:, i, i, None]
            biased[:, :, i:end] -= error[:, :, None] * factor[:, None, i, i:end]
            errors[:, :, i - start] = error
        # Those behind these few take up all their errors in one product.
        biased[:, :, end:] -= errors @ factor[:, start:end, end:]
    return rounded, biased[:, :, count]


def _inverse_factor(damped: Floats) -> Floats:
    """Upper Cholesky factor of the inverses, shape (groups, size, size).

    Its row i says how the later weights make good weight i. Factored from the last row to the
    first, a matrix is R R' with R upper, and its inverse's factor is the inverse of R: a third of
    the work of inverting first.
    """
    backwards = np.linalg.cholesky(damped[:, ::-1, ::-1])
    # Copied: products of arrays that run backwards bypass the fast routines.
    return _upper_inverse(np.ascontiguousarray(backwards[:, ::-1, ::-1]))


def _upper_inverse(upper: Floats) -> Floats:
    """Inverses of upper triangular matrices, by halves: nearly all of it is products."""
    size = upper.shape[-1]
    if size <= _WHOLE:
        whole: Floats = np.linalg.inv(upper)
        return whole
    half = size // 2
    first, last = _upper_inverse(upper[:, :half, :half]), _upper_inverse(upper[:, half:, half:])
    inverse = np.zeros_like(upper)
    inverse[:, :half, :half], inverse[:, half:, half:] = first, last
    inverse[:, :half, half:] = -(first @ upper[:, :half, half:]) @ last
    return inverse


def _inputs_a_row(parsed: Any, operator: Any) -> int:
    """Weights that make one output."""
    shape = [int(side) for side in parsed.subgraphs[0].tensors[operator.inputs[1]].shape]
    depthwise = operator_name(parsed, operator) == "DEPTHWISE_CONV_2D"
    return math.prod(shape[1:3] if depthwise else shape[1:])


def _as_rows(weights: NDArray[np.float32], depthwise: bool, groups: int) -> NDArray[np.float32]:
    """(groups, outputs, weights); a depthwise layer has a group for each channel."""
    if depthwise:
        return weights.reshape(-1, weights.shape[-1]).T[:, None, :]
    return weights.reshape(groups, weights.shape[0] // groups, -1)


def _from_rows(rows: Floats, shape: tuple[int, ...], depthwise: bool) -> Floats:
    """Undo ``_as_rows``."""
    return rows[:, 0, :].T.reshape(shape) if depthwise else rows.reshape(shape)


def _input_moments(
    parsed: Any, operators: list[Any], model: bytes, inputs: NDArray[np.float32], seed: int
) -> list[Floats]:
    """Mean outer product of each operator's inputs (and 1), over cells and places.

    Patches of many cells are multiplied at once: one large product takes a fraction of the time
    of many small ones.
    """
    rng = np.random.default_rng(seed)
    entry = int(parsed.subgraphs[0].inputs[0])
    met = [_Met() for _ in operators]
    for picture, tensors in zip(inputs, watch(model, inputs), strict=True):
        for own, operator in zip(met, operators, strict=True):
            tensor = int(operator.inputs[0])
            values = picture if tensor == entry else tensors[tensor]
            own.add(_seen_patches(parsed, operator, values, rng))
    return [own.total() / len(inputs) for own in met]


class _Met:
    """Sum over cells of the outer products of what one operator's weights meet."""

    def __init__(self) -> None:
        self._waiting: NDArray[np.float32] | None = None
        self._cells = 0
        self._sum: Floats | None = None

    def add(self, patches: NDArray[np.float32]) -> None:
        """One cell's patches, shape (groups, places, weights).

        Divided by the root of the count of places, so that a sum over cells has each count alike;
        a constant 1, for the bias, likewise behind each.
        """
        groups, places, count = patches.shape
        part = np.float32(places**-0.5)
        if self._waiting is None:
            shape = (groups, _CELLS_AT_ONCE * places, count + 1)
            self._waiting = np.full(shape, part, dtype=np.float32)
        start = self._cells * places
        np.multiply(patches, part, out=self._waiting[:, start : start + places, :count])
        self._cells += 1
        if self._cells == _CELLS_AT_ONCE:
            self._take_up(self._waiting)

    def total(self) -> Floats:
        """Shape (groups, weights + 1, weights + 1)."""
        if self._waiting is not None and self._cells:
            places = self._waiting.shape[1] // _CELLS_AT_ONCE
            self._take_up(self._waiting[:, : self._cells * places])
        assert self._sum is not None, "no cell was met"
        return self._sum

    def _take_up(self, patches: NDArray[np.float32]) -> None:
        """In single precision, which is twice as fast; the sums are added in double."""
        product = patches.transpose(0, 2, 1) @ patches
        if self._sum is None:
            self._sum = product.astype(np.float64)
        else:
            self._sum += product
        self._cells = 0


def _seen_patches(
    parsed: Any, operator: Any, values: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.float32]:
    """What the operator's weights meet in one cell, shape (groups, places, weights)."""
    name = operator_name(parsed, operator)
    if name == "FULLY_CONNECTED":
        return values.reshape(1, 1, -1)
    shape = parsed.subgraphs[0].tensors[operator.inputs[1]].shape
    patches = _patches(values, (int(shape[1]), int(shape[2])), operator.builtinOptions, rng)
    places, kernel, channels = patches.shape
    if name == "DEPTHWISE_CONV_2D":
        return patches.transpose(2, 0, 1)
    each = int(shape[3])
    apart = patches.reshape(places, kernel, channels // each, each).transpose(2, 0, 1, 3)
    return apart.reshape(channels // each, places, kernel * each)


def _patches(
    values: NDArray[np.float32],
    kernel: tuple[int, int],
    options: Any,
    rng: np.random.Generator | None = None,
) -> NDArray[np.float32]:
    """What the kernel sees, shape (places, kernel height * width, channels).

    Args:
        values: The layer's input for one cell, shape (height, width, channels).
        kernel: Height and width.
        options: Of the operator: strides and padding.
        rng: Draws ``_PATCHES_A_CELL`` of the places; all of them, if left out.
    """
    strides = (int(options.strideH), int(options.strideW))
    if int(options.padding) == 0 and kernel != (1, 1):  # SAME
        pads = [_same_pads(*each) for each in zip(values.shape[:2], kernel, strides, strict=True)]
        (top, bottom), (left, right) = pads
        height, width, channels = values.shape
        padded = np.zeros((height + top + bottom, width + left + right, channels), values.dtype)
        padded[top : top + height, left : left + width] = values
        values = padded
    rows = (values.shape[0] - kernel[0]) // strides[0] + 1
    columns = (values.shape[1] - kernel[1]) // strides[1] + 1
    places = np.arange(rows * columns)
    if rng is not None and len(places) > _PATCHES_A_CELL:
        places = rng.choice(len(places), _PATCHES_A_CELL, replace=False)
    row, column = places // columns * strides[0], places % columns * strides[1]
    down, across = np.divmod(np.arange(kernel[0] * kernel[1]), kernel[1])
    patches: NDArray[np.float32] = values[row[:, None] + down, column[:, None] + across]
    return patches


def _same_pads(length: int, kernel: int, stride: int) -> tuple[int, int]:
    """Padding of TensorFlow's SAME, before and after."""
    total = max((math.ceil(length / stride) - 1) * stride + kernel - length, 0)
    return total // 2, total - total // 2
