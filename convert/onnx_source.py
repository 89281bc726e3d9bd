"""Float networks from ``.onnx`` files, imported to Keras layers and compared with onnxruntime."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from convert.description import NetworkDescription
from convert.float_network import FloatNetwork, Floats
from convert.keras_source import keras_network
from convert.onnx_import.building import build_model
from convert.onnx_import.comparison import open_reference, refuse_difference
from convert.onnx_import.reading import read_graph
from convert.quiet import quiet
from edge.errors import ConversionRefused

_RANDOM_PICTURES = 8


def load_onnx(path: Path, description: NetworkDescription) -> FloatNetwork:
    """An ``.onnx`` file, with its external data beside it.

    Raises:
        ConversionRefused: See ``read_graph`` and ``build_model``; or what was imported answers
            random pictures otherwise than onnxruntime does.
    """
    graph = read_graph(path)
    with quiet(show=False):
        model = build_model(graph, description.size_px, path.name)
    reference = open_reference(path, graph)
    network = keras_network(model, path, description, reference)
    rng = np.random.default_rng(0)
    side = description.size_px
    noise = rng.normal(0, 1, (_RANDOM_PICTURES, side, side, 3)).astype(np.float32)
    compare(network, noise, "random pictures")
    return network


def compare(network: FloatNetwork, real: Floats, on: str) -> float | None:
    """The relative error against the file itself in onnxruntime; None where there is no file.

    Args:
        network: As loaded.
        real: Real pixels, float32 (N, size, size, 3).
        on: What they are.

    Raises:
        ConversionRefused: It is above ``comparison.MOST_RELATIVE_ERROR``.
    """
    if network.reference is None:
        return None
    try:
        wanted = network.reference(real)
    except Exception as error:  # onnxruntime has an exception for every status
        raise ConversionRefused(f"onnxruntime cannot run {network.path.name}: {error}.") from error
    found = network.run(real)
    if network.comparable is not None:
        found, wanted = network.comparable(found), network.comparable(wanted)
    return refuse_difference(found, wanted, network.path.name, on)
