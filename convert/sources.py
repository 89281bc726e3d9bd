"""Float networks to be converted: Keras files and SavedModels, with their description beside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.description import NetworkDescription, read_description
from convert.quiet import hush_tensorflow, quiet
from edge.errors import ConversionRefused

_BATCH = 64


@dataclass(frozen=True)
class FloatNetwork:
    """A loaded float network.

    Attributes:
        description: What its trainer says of it.
        path: Where it came from.
        run: Real pixels, float32 (N, size, size, 3), to outputs, float32 (N, labels).
        save: Writes a SavedModel with a batch of one into a folder.
    """

    description: NetworkDescription
    path: Path
    run: Callable[[NDArray[np.float32]], NDArray[np.float32]]
    save: Callable[[Path], None]

    def real_pixels(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """What the network takes, float32, for crops, uint8, of the same shape."""
        multiply = np.array(self.description.multiply, dtype=np.float32)
        return crops.astype(np.float32) * multiply + np.array(self.description.add, np.float32)

    def logits(self, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Float logits of crops, float64, shape (N, labels)."""
        starts = range(0, len(crops), _BATCH)
        parts = [self.run(self.real_pixels(crops[i : i + _BATCH])) for i in starts]
        return np.concatenate(parts).astype(np.float64)


def load_source(path: Path) -> FloatNetwork:
    """Load a ``.keras`` or ``.h5`` file, or a SavedModel folder, with its description.

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
    if path.is_dir():
        network = _load_saved_model(path, description)
    elif path.suffix in {".keras", ".h5"}:
        network = _load_keras(path, description)
    else:
        raise ConversionRefused(
            f"{path.name} is of no kind that can be converted.",
            "Give a .keras or .h5 file, or a SavedModel folder.",
        )
    _check_outputs(network)
    return network


def _load_keras(path: Path, description: NetworkDescription) -> FloatNetwork:
    with quiet():
        import keras
    try:
        # safe_mode: a file from elsewhere must not bring Python code of its own.
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises nearly anything on a damaged file
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ConversionRefused(f"{path.name} cannot be loaded: {reason[:200]}.") from error
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ConversionRefused(f"{path.name} has not one input and one output.")
    _check_shape(path, tuple(model.inputs[0].shape), description)
    for variable in model.variables:
        value = np.asarray(variable)
        if np.issubdtype(value.dtype, np.floating) and not np.isfinite(value).all():
            raise ConversionRefused(f"{path.name}: weight {variable.path} is not finite.")
    side = description.size_px

    def run(real: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(model(real, training=False))

    def save(folder: Path) -> None:
        signature = [keras.InputSpec(shape=(1, side, side, 3), dtype="float32")]
        model.export(str(folder), verbose=False, input_signature=signature)

    return FloatNetwork(description, path, run, save)


def _load_saved_model(path: Path, description: NetworkDescription) -> FloatNetwork:
    with quiet():
        import tensorflow as tf
    try:
        model: Any = tf.saved_model.load(str(path))
        function = model.signatures["serving_default"]
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise ConversionRefused(f"{path.name} is no SavedModel with serving_default.") from error
    inputs = list(function.structured_input_signature[1].items())
    if len(inputs) != 1 or len(function.structured_outputs) != 1:
        raise ConversionRefused(f"{path.name} has not one input and one output.")
    (name, spec), (answer,) = inputs[0], function.structured_outputs
    _check_shape(path, tuple(spec.shape), description)

    def one_batch(real: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(function(**{name: tf.constant(real)})[answer])

    def run(real: NDArray[np.float32]) -> NDArray[np.float32]:
        if spec.shape[0] == 1:
            return np.concatenate([one_batch(row[None]) for row in real])
        return one_batch(real)

    def save(folder: Path) -> None:
        tf.saved_model.save(model, str(folder), signatures={"serving_default": function})

    return FloatNetwork(description, path, run, save)


def _check_shape(
    path: Path, shape: tuple[int | None, ...], description: NetworkDescription
) -> None:
    side = description.size_px
    if len(shape) != 4 or shape[1:] not in {(side, side, 3), (None, None, 3)}:
        raise ConversionRefused(
            f"{path.name} takes {shape}, and its description says (None, {side}, {side}, 3)."
        )


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
