"""Float networks to be converted: any kind of file, with its description beside."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from convert.description import read_description
from convert.float_network import FloatNetwork
from convert.keras_source import load_keras
from convert.onnx_source import load_onnx
from convert.quiet import hush_tensorflow
from convert.saved_model_source import load_saved_model
from edge.errors import ConversionRefused

_LOADERS = {".keras": load_keras, ".h5": load_keras, ".hdf5": load_keras, ".onnx": load_onnx}


def load_source(path: Path) -> FloatNetwork:
    """Load a ``.keras``, ``.h5`` or ``.onnx`` file, or a SavedModel folder, with its description.

    The description of ``float.keras`` is ``float.json`` beside it; so for a folder ``float``.

    Raises:
        ConversionRefused: The file is not there, cannot be loaded, has several inputs or
            outputs, another input size or count of labels than described, weights that are
            not finite, or gives probabilities where logits are wanted.
    """
    if not path.exists():
        raise ConversionRefused(f"The network {path} is not there.")
    description = read_description(path.with_suffix(".json"))
    hush_tensorflow()
    load = load_saved_model if path.is_dir() else _LOADERS.get(path.suffix.lower())
    if load is None:
        raise ConversionRefused(
            f"{path.name} is of no kind that can be converted.",
            "Give a .keras, .h5 or .onnx file, or a SavedModel folder.",
        )
    network = load(path, description)
    _check_outputs(network)
    return network


def _check_outputs(network: FloatNetwork) -> None:
    """The outputs are logits of these labels."""
    side, labels = network.description.size_px, len(network.description.labels)
    noise = np.random.default_rng(0).integers(0, 256, (8, side, side, 3), dtype=np.uint8)
    outputs = network.logits(noise)
    name = network.path.name
    if outputs.shape != (8, labels):
        raise ConversionRefused(
            f"{name} gives {outputs.shape[1:]} numbers a cell, and its description names "
            f"{labels} labels."
        )
    if not np.isfinite(outputs).all():
        raise ConversionRefused(f"{name} gives numbers that are not finite.")
    if (outputs >= 0).all() and np.allclose(outputs.sum(axis=1), 1, atol=1e-3):
        raise ConversionRefused(
            f"{name} gives probabilities, not logits.",
            "Remove the softmax at its end: int8 probabilities cannot be calibrated.",
        )
