"""Float network to int8 TFLite: full integer, per channel, ranges from real cells."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convert.cells import CellSet
from convert.quiet import quiet
from convert.sources import FloatNetwork
from edge.errors import ConversionRefused


def choose_representative(cells: CellSet, count: int, seed: int) -> NDArray[np.int64]:
    """Indices of the cells that set the int8 ranges: every source and label in turn.

    A range is set by what is rare as much as by what is common, so each label of each source
    gives one cell before any gives its second.
    """
    rng = np.random.default_rng(seed)
    members: dict[tuple[str, str], list[int]] = {}
    for index in rng.permutation(len(cells)):
        cell = cells.cells[index]
        members.setdefault((cell.source, cell.label), []).append(int(index))
    queues = [members[key] for key in sorted(members)]
    chosen: list[int] = []
    while len(chosen) < count and any(queues):
        for queue in queues:
            if queue and len(chosen) < count:
                chosen.append(queue.pop())
    return np.array(chosen)


def quantize_network(network: FloatNetwork, crops: NDArray[np.uint8]) -> bytes:
    """Bytes of the int8 TFLite model.

    Args:
        network: The float network.
        crops: uint8 (N, size, size, 3): cells that set the ranges of activations.

    Raises:
        ConversionRefused: The converter cannot express it in int8 built-in operators.
    """
    import tensorflow as tf

    def representative() -> Iterator[list[NDArray[np.float32]]]:
        for crop in crops:
            yield [network.real_pixels(crop[None])]

    with tempfile.TemporaryDirectory(prefix="leukoscope-convert-") as scratch:
        folder = Path(scratch) / "network"
        try:
            with quiet():
                network.save(folder)
                # By way of a SavedModel: from_keras_model writes hundreds of log lines.
                converter = tf.lite.TFLiteConverter.from_saved_model(str(folder))
                converter.optimizations = [tf.lite.Optimize.DEFAULT]
                converter.representative_dataset = representative
                converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
                converter.inference_input_type = tf.int8
                converter.inference_output_type = tf.int8
                model: bytes = converter.convert()
        except (ValueError, RuntimeError, tf.errors.OpError) as error:
            lines = [line for line in str(error).splitlines() if line.strip()]
            reason = lines[0][:200] if lines else type(error).__name__
            raise ConversionRefused(f"{network.path.name} has no int8 form: {reason}.") from error
    return bytes(model)
