"""Float networks that are Keras models, from a file or made by the ONNX importer."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from convert.description import NetworkDescription
from convert.float_network import FloatNetwork, Floats, frozen
from convert.keras_head import Head, to_logits
from convert.quiet import quiet
from edge.errors import ConversionRefused


def load_keras(path: Path, description: NetworkDescription) -> FloatNetwork:
    """A ``.keras`` or ``.h5`` file.

    Raises:
        ConversionRefused: It is damaged, has a layer of a class that is not Keras', several inputs
            or outputs, another input size than described, or weights that are not finite.
    """
    with quiet():
        import keras
    try:
        # safe_mode: a file from elsewhere must not bring Python code of its own.
        with quiet(show=False):
            model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises nearly anything on a damaged file
        cut = path.suffix.lower() == ".keras" and not zipfile.is_zipfile(path)
        why = "it is no .keras file, or is cut short" if cut else _reason(error)
        raise ConversionRefused(
            f"{path.name} cannot be loaded: {why}.",
            "Give a whole .keras or .h5 file of Keras' own layers; one with code of its own can be "
            "given as the folder that model.export writes (a SavedModel).",
        ) from error
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        inputs = ", ".join(str(entry.name) for entry in model.inputs)
        raise ConversionRefused(
            f"{path.name} has not one input and one output, but {len(model.inputs)} ({inputs}) "
            f"and {len(model.outputs)}."
        )
    for variable in model.variables:
        value = np.asarray(variable)
        if np.issubdtype(value.dtype, np.floating) and not np.isfinite(value).all():
            raise ConversionRefused(f"{path.name}: weight {variable.path} is not finite.")
    return keras_network(_in_single_precision(model), path, description)


def _in_single_precision(model: Any) -> Any:
    """The model with its weights, computing in float32: TFLite has no other layers of floats."""
    if all(layer.dtype_policy.name == "float32" for layer in model._flatten_layers()):
        return model
    whole = type(model).from_config(_told_single(model.get_config()))
    whole.set_weights([np.asarray(value, dtype=np.float32) for value in model.get_weights()])
    return whole


def _told_single(config: Any) -> Any:
    """A model's configuration with every kind of half precision in it made float32."""
    if isinstance(config, dict):
        return {
            key: "float32" if "dtype" in key and "float16" in str(value) else _told_single(value)
            for key, value in config.items()
        }
    if isinstance(config, (list, tuple)):
        return type(config)(_told_single(value) for value in config)
    return config


def keras_network(
    model: Any,
    path: Path,
    description: NetworkDescription,
    reference: Callable[[Floats], Floats] | None = None,
) -> FloatNetwork:
    """A Keras model with one input and one output as a float network; see ``FloatNetwork``.

    A softmax or sigmoid at its end is left off: see ``keras_head``.
    """
    check_shape(path, tuple(model.inputs[0].shape), description)
    side = description.size_px
    model, head = to_logits(model, len(description.labels))
    if description.order == "BGR":
        model = _taking_rgb(model, side)

    compute = _compiled(model, side)

    def run(real: Floats) -> Floats:
        return np.asarray(compute(real))

    def freeze() -> Any:
        return frozen(lambda picture: model(picture, training=False), side)

    return FloatNetwork(
        description,
        path,
        run,
        freeze,
        None if reference is None else _alike(reference, head, description),
        head.notes(description.labels),
        head.comparable,
    )


def _compiled(model: Any, side: int) -> Any:
    """The model in inference, traced once for any number of pictures: operation by operation it
    would cost several times as much."""
    import tensorflow as tf

    pictures = tf.TensorSpec((None, side, side, 3), tf.float32)
    return tf.function(lambda real: model(real, training=False), input_signature=[pictures])


def check_shape(path: Path, shape: tuple[int | None, ...], description: NetworkDescription) -> None:
    """The network takes pictures of the described size.

    Raises:
        ConversionRefused: It does not.
    """
    side = description.size_px
    if len(shape) != 4 or shape[1:] not in {(side, side, 3), (None, None, 3)}:
        raise ConversionRefused(
            f"{path.name} takes {shape}, and its description says (None, {side}, {side}, 3)."
        )


def _taking_rgb(model: Any, side: int) -> Any:
    """A model of BGR pictures that is given RGB ones: a convolution of 1 x 1 swaps them."""
    import keras

    entry = keras.Input((side, side, 3), name="picture")
    swap = keras.layers.Conv2D(3, 1, use_bias=False, name="rgb_to_bgr")
    swapped = swap(entry)
    swap.set_weights([np.eye(3, dtype=np.float32)[::-1][None, None]])
    return keras.Model(entry, model(swapped))


def _alike(
    reference: Callable[[Floats], Floats], head: Head, description: NetworkDescription
) -> Callable[[Floats], Floats]:
    """The reference as the network is now: given RGB, and giving logits."""

    def run(real: Floats) -> Floats:
        return head.logits(reference(real[..., ::-1] if description.order == "BGR" else real))

    return run


def _reason(error: Exception) -> str:
    strange = re.search(r"Could not locate class '(\w+)'", str(error))
    if strange:
        return f"its layer {strange[1]} is none of Keras'"
    if "deserialization of a `Lambda`" in str(error):
        return "its Lambda layer holds Python code, and code out of a file is not run"
    lines = str(error).strip().splitlines()
    return lines[0][:200].rstrip(".") if lines else type(error).__name__
