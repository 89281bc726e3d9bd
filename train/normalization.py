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
from keras import ops

from train.compiled import compiled


class Statistics:
    """Sets the statistics of a network from what a model around it makes of batches."""

    def __init__(self, model: Any, network: Any) -> None:
        """``model`` runs ``network`` on each batch it is given; it may be the network itself."""
        self._layers = [
            layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)
        ]
        self._kept = [layer.momentum for layer in self._layers]
        self._run = compiled(model, training=True)

    def set_from(self, batches: Iterable[Any]) -> None:
        """Set every layer's mean and variance to their average over ``batches``, at least one."""
        for layer in self._layers:
            layer.momentum = 0.0  # each batch leaves its own statistics behind
        seen = []
        for batch in batches:
            self._run(batch)
            seen.append([ops.convert_to_numpy(v).copy() for v in self._variables()])
        for variable, values in zip(self._variables(), zip(*seen, strict=True), strict=True):
            variable.assign(np.mean(values, axis=0))
        for layer, momentum in zip(self._layers, self._kept, strict=True):
            layer.momentum = momentum

    def _variables(self) -> list[Any]:
        return [v for layer in self._layers for v in (layer.moving_mean, layer.moving_variance)]


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
