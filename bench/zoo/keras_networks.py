"""Networks of Keras' own collection with random weights, at a small size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.zoo.cells import fitted_head

SIDE = 64

_EPOCHS = 25
_BATCH = 45
_LEARNING_RATE = 3e-3

NETWORKS: dict[str, dict[str, Any]] = {
    "MobileNet": {"alpha": 0.25},
    "MobileNetV2": {"alpha": 0.35},
    "MobileNetV3Small": {"alpha": 0.75},
    "EfficientNetB0": {},
    "EfficientNetV2B0": {},
    "ResNet50V2": {},
    "DenseNet121": {},
    "NASNetMobile": {},
    "Xception": {"input_shape": (71, 71, 3)},
    "ConvNeXtTiny": {},
}
"""Name in ``keras.applications`` and what its builder is told besides."""


def make(name: str, labels: int, seed: int = 0) -> Any:
    """A Keras model of logits; statistics of its normalisations are those of nothing seen."""
    import keras

    keras.utils.set_random_seed(seed)
    told = {"input_shape": (SIDE, SIDE, 3)} | NETWORKS[name]
    builder: Callable[..., Any] = getattr(keras.applications, name)
    body = builder(weights=None, include_top=False, pooling="avg", **told)
    return keras.Model(body.inputs[0], keras.layers.Dense(labels)(body.outputs[0]), name=name)


def side_of(name: str) -> int:
    """Side of its input, pixels."""
    shape: tuple[int, int, int] = NETWORKS[name].get("input_shape", (SIDE, SIDE, 3))
    return shape[0]


def fit(model: Any, pixels: NDArray[np.float32], label_index: NDArray[np.int64]) -> None:
    """A few steps of training, the statistics of its normalisations from these pictures, and a head
    that knows their labels: see ``torch_networks.fit``."""
    import keras

    model.compile(
        optimizer=keras.optimizers.Adam(_LEARNING_RATE),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    model.fit(pixels, label_index, batch_size=_BATCH, epochs=_EPOCHS, verbose=0)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0  # one pass over all: the statistics are those of the pictures
    model(pixels, training=True)
    body = keras.Model(model.inputs[0], model.layers[-1].input)
    features = np.asarray(body.predict(pixels, batch_size=32, verbose=0))
    model.layers[-1].set_weights(list(fitted_head(features, label_index)))
