"""The float network: a pretrained MobileNetV2 backbone and a linear head of logits.

ReLU6 throughout, so that the int8 graph stays in one delegate partition.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np

from train.recipe import NetworkRecipe


def build_network(recipe: NetworkRecipe, labels: int, weights: Path | None, seed: int) -> Any:
    """A Keras model from pixels in [-1, 1], (size, size, 3), to ``labels`` logits.

    Raises:
        DataMissing: The backbone's weights are not where they are said to be.
    """
    backbone = keras.applications.MobileNetV2(
        input_shape=(recipe.size_px, recipe.size_px, 3),
        alpha=recipe.alpha,
        include_top=False,
        weights=None,
    )
    if weights is not None:
        backbone.load_weights(recipe.weights_in(weights))
    x = keras.layers.GlobalAveragePooling2D(name="features")(backbone.output)
    x = keras.layers.Dropout(0.2, seed=seed)(x)
    logits = keras.layers.Dense(labels, name="logits", kernel_initializer="glorot_uniform")(x)
    return keras.Model(backbone.input, logits, name="leukoscope")


def is_folded(recipe: NetworkRecipe) -> bool:
    """Whether the backbone's weights came from an int8 network, its batch norm folded away."""
    return "ptq" in recipe.backbone or "_q_" in recipe.backbone


def multiply_adds(network: Any) -> int:
    """Multiplications with additions of one crop through the network's convolutions and dense
    layers: what its time on a device goes with."""
    total = 0
    for layer in network.layers:
        if isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D):
            rows, columns = layer.output.shape[1:3]
            total += rows * columns * int(np.prod(layer.kernel.shape))
        elif isinstance(layer, keras.layers.Dense):
            total += int(np.prod(layer.kernel.shape))
    return total
