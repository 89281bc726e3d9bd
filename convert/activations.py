"""What the tensors inside a float TFLite model hold when it looks at cells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.quiet import quiet

Floats = NDArray[np.float32]

_VALUES_A_CELL = 500
_NARROWEST = 0.2
"""Share of the range seen that is tried at least."""


def watch(model: bytes, inputs: NDArray[Any]) -> Iterator[dict[int, NDArray[Any]]]:
    """For each input in turn: every operator's output, by tensor index, without the batch."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    with quiet():
        interpreter = Interpreter(
            model_content=model,
            experimental_preserve_all_tensors=True,
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
        interpreter.allocate_tensors()
    entry = interpreter.get_input_details()[0]["index"]
    outputs = [int(t) for op in interpreter._get_ops_details() for t in op["outputs"]]
    for value in inputs:
        interpreter.set_tensor(entry, value[None])
        interpreter.invoke()
        yield {index: interpreter.get_tensor(index)[0] for index in outputs}


@dataclass(frozen=True)
class Ranges:
    """What was seen in the tensors of a model.

    Attributes:
        whole: (lowest, highest) of every operator's output, by tensor index.
        channels: Largest magnitude of each channel of the tensors asked for, float32 (channels,).
    """

    whole: dict[int, tuple[float, float]]
    channels: dict[int, Floats]


def seen_ranges(model: bytes, inputs: Floats, wanted: set[int]) -> Ranges:
    """Ranges of all operators' outputs, and of the channels of the ``wanted`` ones."""
    whole: dict[int, tuple[float, float]] = {}
    channels: dict[int, Floats] = {}
    for tensors in watch(model, inputs):
        for index, values in tensors.items():
            low, high = whole.get(index, (0.0, 0.0))
            whole[index] = (min(low, float(values.min())), max(high, float(values.max())))
            if index in wanted:
                widest = np.abs(values).reshape(-1, values.shape[-1]).max(axis=0)
                known = channels.get(index)
                channels[index] = widest if known is None else np.maximum(known, widest)
    return Ranges(whole, channels)


def best_ranges(model: bytes, inputs: Floats, seed: int) -> dict[int, tuple[float, float]]:
    """For each operator's output, the range (low, high) that int8 loses least in.

    A range that holds every outlier has wide steps; a narrower one clips a few values and tells
    the others better apart. The least mean squared error over shrunken ranges is taken.
    """
    rng = np.random.default_rng(seed)
    samples: dict[int, list[Floats]] = {}
    for tensors in watch(model, inputs):
        for index, values in tensors.items():
            flat = values.ravel()
            if flat.size > _VALUES_A_CELL:
                ends = np.array([flat.min(), flat.max()], dtype=np.float32)
                flat = np.concatenate([ends, flat[rng.integers(0, flat.size, _VALUES_A_CELL)]])
            samples.setdefault(index, []).append(flat)
    return {index: _best_range(np.concatenate(parts)) for index, parts in samples.items()}


def _best_range(values: Floats) -> tuple[float, float]:
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    # What lies within the narrowest range loses nothing by any.
    far = values[(values < _NARROWEST * low) | (values > _NARROWEST * high)]
    best, least = (low, high), np.inf
    for part in np.linspace(_NARROWEST, 1.0, 33):
        step = part * (high - low) / 255
        lost = far - np.clip(far, part * low, part * high)
        error = float((lost**2).sum(dtype=np.float64)) / len(values) + step**2 / 12
        if error < least:
            best, least = (part * low, part * high), error
    return best
