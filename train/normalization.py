"""Batch-normalization statistics set from real, augmented cells.

The pretrained backbone keeps running statistics with a momentum of 0.999: over a training of a
few thousand steps they lag so far behind the weights that inference sees another network than
training did (measured: AUC 0.961 with lagging statistics and 0.996 with set ones, same weights,
tuning patients). They are therefore set anew before any figure is taken.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np


def set_statistics(network: Any, batches: Iterable[Any]) -> None:
    """Set every layer's mean and variance to their average over ``batches``.

    Args:
        network: A Keras model; its weights stay as they are.
        batches: float32, shape (batch, size, size, 3), in [-1, 1]; at least one.
    """
    layers = [
        layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)
    ]
    kept = [layer.momentum for layer in layers]
    for count, batch in enumerate(batches, 1):
        for layer in layers:
            layer.momentum = 1.0 - 1.0 / count  # a running mean over all batches so far
        network(batch, training=True)
    for layer, momentum in zip(layers, kept, strict=True):
        layer.momentum = momentum


def open_statistics(network: Any, pictures: Any) -> None:
    """Give a network whose batch norm was folded away its statistics back.

    Each layer's mean and variance are set from real cells, its gain and offset so that it still
    computes what it did: only then can it be trained in training mode.

    Args:
        network: A Keras model; in inference it answers as before.
        pictures: float32, shape (batch, size, size, 3), in [-1, 1].
    """
    layers = [
        layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)
    ]
    seen = keras.Model(network.input, [layer.input for layer in layers])(pictures, training=False)
    for layer, values in zip(layers, seen, strict=True):
        values = np.asarray(values).reshape(-1, values.shape[-1])
        mean, variance = values.mean(axis=0), values.var(axis=0)
        before = np.asarray(layer.gamma) / np.sqrt(
            np.asarray(layer.moving_variance) + layer.epsilon
        )
        layer.beta.assign(np.asarray(layer.beta) + (mean - np.asarray(layer.moving_mean)) * before)
        layer.gamma.assign(before * np.sqrt(variance + layer.epsilon))
        layer.moving_mean.assign(mean)
        layer.moving_variance.assign(variance)
