"""The int8 model in one interpreter, fed as the device feeds it; and by other arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from convert.description import NetworkDescription
from convert.figures import Floats
from convert.second_opinion import ask, plain_kernels
from edge.inference.bundle import InputSpec, Quantization
from edge.inference.classifier import dequantize, pixel_table, quantize
from edge.inference.interpreter import LIBRARIES, Interpreter
from edge.inference.views import mean_answer, mirrored


class DeviceNetwork:
    """The int8 model in one interpreter."""

    def __init__(self, network: NetworkDescription, interpreter: Interpreter) -> None:
        self.interpreter = interpreter
        self.views = network.views
        found = interpreter.input
        self.input_quantization = Quantization(found.scale, found.zero_point)
        self.output_quantization = Quantization(
            interpreter.output.scale, interpreter.output.zero_point
        )
        self._table = pixel_table(
            InputSpec(
                size_px=network.size_px,
                um_per_px=network.um_per_px,
                colour_method=network.colour["method"],
                colour_parameters=network.colour["parameters"],
                multiply=network.multiply,
                add=network.add,
                quantization=self.input_quantization,
            )
        )

    def stored(self, crops: NDArray[np.uint8]) -> NDArray[np.int8]:
        """The model's input for crops, uint8."""
        return quantize(crops, self._table)

    def raw(self, crops: NDArray[np.uint8]) -> NDArray[np.int8]:
        """Raw outputs, int8, shape (N, labels), for crops, uint8."""
        return self.interpreter.run(self.stored(crops))

    def logits(self, raw: NDArray[np.int8]) -> Floats:
        """Logits of raw outputs."""
        return dequantize(raw, self.output_quantization)

    def ask(self, crops: NDArray[np.uint8]) -> tuple[NDArray[np.int8], Floats]:
        """Raw outputs for the crops as they are, and logits averaged over the network's views of
        each, as on the device."""
        raws: list[NDArray[np.int8]] = []

        def answer(seen: NDArray[np.uint8]) -> Floats:
            raws.append(self.raw(seen))
            return self.logits(raws[-1])

        mean = mean_answer(answer, crops, self.views)
        return raws[0], mean

    def answers(self, crops: NDArray[np.uint8]) -> Floats:
        """The averaged logits alone; see ``ask``."""
        return self.ask(crops)[1]


def steps_apart(
    model: bytes, device: DeviceNetwork, crops: NDArray[np.uint8], views: int
) -> tuple[Floats, str]:
    """Largest difference of each crop's answer between interpreters, in steps, float64 (N,).

    An answer is the mean over so many views: over the network's own it is what the device takes
    for one. Compared with every other library that works here. The plain kernels of
    ai-edge-litert, which round as tflite-runtime does, stand in where no other library is
    installed.

    Returns:
        The differences, and what was compared, in words.
    """
    others: dict[str, _Ask] = {
        library: partial(ask, library, model)
        for library in LIBRARIES
        if not device.interpreter.library.startswith(library)
    }
    apart = _mean_differences(device, others, mirrored(crops, views))
    if not apart:
        plain: dict[str, _Ask] = {"plain kernels": partial(plain_kernels, model)}
        apart = _mean_differences(device, plain, mirrored(crops, views))
    farthest: Floats = np.max([np.abs(mean).max(axis=1) for mean in apart.values()], axis=0)
    return farthest, f"{device.interpreter.library} and {', '.join(apart)}"


_Ask = Callable[[NDArray[np.int8]], NDArray[np.int8] | None]


def _mean_differences(
    device: DeviceNetwork, others: dict[str, _Ask], views: Sequence[NDArray[np.uint8]]
) -> dict[str, Floats]:
    """How far others' raw answers are from the device's, float64 (N, labels), the mean over the
    views, one of which is in memory at a time; without those that do not work here."""
    sums: dict[str, Floats] = {}
    for number, seen in enumerate(views):
        stored = device.stored(seen)
        own = device.interpreter.run(stored).astype(np.float64)
        for name, other in others.items():
            answers = other(stored) if number == 0 or name in sums else None
            if answers is not None:
                sums[name] = sums.get(name, 0.0) + (answers - own)
    return {name: total / len(views) for name, total in sums.items()}
