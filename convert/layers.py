"""Where int8 loses: every operator's output beside the float network's, on real cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.activations import watch
from convert.flatbuffer import operator_name, parse, text


@dataclass(frozen=True)
class LayerError:
    """One operator of the int8 model.

    Attributes:
        name: Of its output.
        operator: Such as ``CONV_2D``.
        noise: Root mean square of the difference from float, relative to float's own.
        added: How much of it was not in its inputs.
        clipped: Share of values beyond the range that int8 has for them.
        levels: How many of the 256 values are used.
    """

    name: str
    operator: str
    noise: float
    added: float
    clipped: float
    levels: int


def layer_errors(
    exact: bytes, int8: bytes, real: NDArray[np.float32], stored: NDArray[np.int8]
) -> list[LayerError]:
    """Errors of all operators that both models have, in the order of the model.

    Args:
        exact: Bytes of the float model.
        int8: Bytes of the int8 model made of it.
        real: float32 (N, size, size, 3): cells as the float model takes them.
        stored: int8, the same cells as the int8 model takes them.
    """
    parsed: Any = parse(int8)
    graph = parsed.subgraphs[0]
    names = {text(tensor.name): index for index, tensor in enumerate(parse_tensors(exact))}
    pairs = {
        index: names[text(tensor.name)]
        for index, tensor in enumerate(graph.tensors)
        if text(tensor.name) in names
    }
    sums: dict[int, NDArray[np.float64]] = {}
    levels: dict[int, set[int]] = {}
    for wanted, found in zip(watch(exact, real), watch(int8, stored), strict=True):
        for index, other in pairs.items():
            if index not in found or other not in wanted:
                continue
            if found[index].shape != wanted[other].shape:
                continue
            sums[index] = sums.get(index, 0.0) + _compared(
                graph.tensors[index], found[index], wanted[other]
            )
            if found[index].dtype == np.int8:
                levels.setdefault(index, set()).update(np.unique(found[index]).tolist())
    return _errors(parsed, sums, levels)


def parse_tensors(model: bytes) -> list[Any]:
    """Tensors of the first graph of a TFLite file."""
    tensors: list[Any] = parse(model).subgraphs[0].tensors
    return tensors


def worst_layers(errors: Sequence[LayerError], count: int) -> tuple[str, ...]:
    """Names of the operators that add most noise, in the order of the model."""
    ranked = sorted(errors, key=lambda error: -error.added)[:count]
    return tuple(error.name for error in errors if error in ranked)


def _compared(tensor: Any, found: NDArray[Any], wanted: NDArray[np.float32]) -> NDArray[np.float64]:
    """Sum of squared differences, of squares, clipped values, and all values."""
    exact = wanted.astype(np.float64)
    if found.dtype == np.int8:
        scale = float(tensor.quantization.scale[0])
        zero = int(tensor.quantization.zeroPoint[0])
        real = (found.astype(np.float64) - zero) * scale
        low, high = (-128.5 - zero) * scale, (127.5 - zero) * scale
        clipped = int(((exact < low) | (exact > high)).sum())
    else:
        real, clipped = found.astype(np.float64), 0
    return np.array([((real - exact) ** 2).sum(), (exact**2).sum(), clipped, exact.size])


def _errors(
    parsed: Any, sums: dict[int, NDArray[np.float64]], levels: dict[int, set[int]]
) -> list[LayerError]:
    graph = parsed.subgraphs[0]
    noise = {i: float(np.sqrt(s[0] / max(s[1], 1e-30))) for i, s in sums.items()}
    found = []
    for operator in graph.operators:
        index = int(operator.outputs[0])
        if index not in sums:
            continue
        before = max((noise.get(int(tensor), 0.0) for tensor in operator.inputs), default=0.0)
        found.append(
            LayerError(
                name=text(graph.tensors[index].name),
                operator=operator_name(parsed, operator),
                noise=round(noise[index], 5),
                added=round(max(0.0, noise[index] - before), 5),
                clipped=round(float(sums[index][2] / sums[index][3]), 5),
                levels=len(levels.get(index, ())),
            )
        )
    return found
