"""The int8 model in one interpreter, fed as the device feeds it; and by other arithmetic."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from convert.description import NetworkDescription
from convert.figures import Floats
from convert.second_opinion import ask, plain_kernels
from edge.inference.bundle import InputSpec, Quantization
from edge.inference.classifier import dequantize, pixel_table, quantize
from edge.inference.interpreter import LIBRARIES, Interpreter
from edge.inference.views import mean_answer


class DeviceNetwork:
    """The int8 model in one interpreter."""

    def __init__(self, network: NetworkDescription, interpreter: Interpreter) -> None:
        self.interpreter = interpreter
        self._views = network.views
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

        mean = mean_answer(answer, crops, self._views)
        return raws[0], mean

    def answers(self, crops: NDArray[np.uint8]) -> Floats:
        """The averaged logits alone; see ``ask``."""
        return self.ask(crops)[1]


def steps_apart(
    model: bytes, device: DeviceNetwork, crops: NDArray[np.uint8]
) -> tuple[NDArray[np.int64], str]:
    """Largest difference of each crop's answer between interpreters, in steps, int64 (N,).

    Compared with every other library that works here. The plain kernels of ai-edge-litert, which
    round as tflite-runtime does, stand in where no other library is installed.

    Returns:
        The differences, and what was compared, in words.
    """
    stored = device.stored(crops)
    wanted = device.interpreter.run(stored).astype(np.int64)
    apart, names = [], []
    for library in LIBRARIES:
        if not device.interpreter.library.startswith(library):
            answers = ask(library, model, stored)
            if answers is not None:
                apart.append(np.abs(answers - wanted).max(axis=1))
                names.append(library)
    if not apart:
        apart.append(np.abs(plain_kernels(model, stored) - wanted).max(axis=1))
        names.append("plain kernels")
    farthest: NDArray[np.int64] = np.max(apart, axis=0)
    return farthest, f"{device.interpreter.library} and {', '.join(names)}"
