"""Float networks that are SavedModel folders with the signature ``serving_default``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from convert.description import NetworkDescription
from convert.float_network import FloatNetwork, Floats, frozen
from convert.keras_source import check_shape
from convert.quiet import quiet
from edge.errors import ConversionRefused


def load_saved_model(path: Path, description: NetworkDescription) -> FloatNetwork:
    """A SavedModel folder.

    Raises:
        ConversionRefused: It is damaged or none, has several inputs or outputs, another input size
            than described, or weights that are not finite.
    """
    with quiet():
        import tensorflow as tf
    try:
        with quiet(show=False):
            model: Any = tf.saved_model.load(str(path))
        function = model.signatures["serving_default"]
    except Exception as error:  # a damaged protobuf or checkpoint raises nearly anything
        raise ConversionRefused(
            f"{path.name} is no whole SavedModel with serving_default.",
            "Give a folder with saved_model.pb and variables/, as model.export writes it.",
        ) from error
    inputs = list(function.structured_input_signature[1].items())
    if len(inputs) != 1 or len(function.structured_outputs) != 1:
        names = ", ".join(name for name, _ in inputs)
        raise ConversionRefused(
            f"{path.name} has not one input and one output, but {len(inputs)} ({names}) and "
            f"{len(function.structured_outputs)}."
        )
    if description.order != "RGB":
        raise ConversionRefused(
            f"{path.name} takes {description.order}, which a SavedModel cannot be given.",
            "Save it as .keras or .onnx.",
        )
    for variable in getattr(model, "variables", ()):
        if variable.dtype.is_floating and not np.isfinite(variable.numpy()).all():
            raise ConversionRefused(f"{path.name}: weight {variable.name} is not finite.")
    (name, spec), (answer,) = inputs[0], function.structured_outputs
    check_shape(path, tuple(spec.shape), description)

    def called(picture: Any) -> Any:
        # Through the model: a signature alone forgets its variables once the model is gone.
        return model.signatures["serving_default"](**{name: picture})[answer]

    def one_batch(real: Floats) -> Floats:
        return np.asarray(called(tf.constant(real)))

    def run(real: Floats) -> Floats:
        if spec.shape[0] == 1:
            return np.concatenate([one_batch(row[None]) for row in real])
        return one_batch(real)

    def freeze() -> Any:
        return frozen(called, description.size_px)

    return FloatNetwork(description, path, run, freeze)
