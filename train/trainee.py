"""One step of a fit as a Keras model: a batch of cells in, the loss of each cell out.

Written in Keras's own operations, so that ``fit`` compiles it whole under TensorFlow, and under JAX
where there is a GPU.
"""

from __future__ import annotations

from typing import Any, Final

import keras
import numpy as np
from keras import ops

from train.augment import augment
from train.labels import BLAST_LABELS, LABELS, NON_CELL_LABELS
from train.recipe import Recipe

_SLOWEST_AVERAGE: Final = 0.998
_NEVER: Final = 1e-9


class Trainee(keras.Model):  # type: ignore[misc]  # Keras has no types
    """A network, random views of the cells shown to it, and the average of its weights.

    The average is exponential, over about 500 steps, and shorter at the start (Polyak and Juditsky
    1992): it is what is shipped.

    Attributes:
        network: What is fitted, from float32 pixels in [-1, 1] to logits.
        chance: Source of chance of the views.
    """

    def __init__(self, network: Any, recipe: Recipe, teacher: Any | None = None) -> None:
        """``teacher``, a network of the same labels, shares its answers to each view (Hinton et
        al. 2015): half of what is aimed at is then its answer."""
        super().__init__(name="trainee")
        self.network = network
        self.chance = keras.random.SeedGenerator(recipe.fit.seed)
        self._recipe = recipe
        self._teacher = teacher
        if teacher is not None:
            teacher.trainable = False
        self._steps = self._kept("steps", np.zeros((), dtype=np.float32))
        self._average = [
            self._kept(f"average_{index}", ops.convert_to_numpy(value))
            for index, value in enumerate(network.trainable_variables)
        ]
        self._blast = np.array([label in BLAST_LABELS for label in LABELS], dtype=np.float32)
        cell = np.array([label not in NON_CELL_LABELS for label in LABELS], dtype=np.float32)
        self._other = cell - self._blast
        self.built = True

    def view(self, pictures: Any, maps: Any) -> Any:
        """Random views, as ``augment`` makes them, at the recipe's size and strength."""
        wanted = self._recipe.network
        return augment(
            pictures, maps, wanted.size_px, wanted.um_per_px, self._recipe.augment, self.chance
        )

    def average_into(self, copy: Any) -> None:
        """Give a copy of the network the averaged weights; statistics are still the network's."""
        for own, value in zip(copy.variables, self.network.variables, strict=True):
            own.assign(value)
        for own, value in zip(copy.trainable_variables, self._average, strict=True):
            own.assign(value)

    def call(self, batch: tuple[Any, Any, Any], training: bool = True) -> Any:
        """Loss of each cell, float32, shape (batch,).

        Args:
            batch: Crops and maps as for ``augment``, and the label's number of each cell.
            training: Given by Keras; there is no other use.
        """
        pictures, maps, wanted = batch
        views = self.view(pictures, maps)
        logits = self.network(views, training=training)
        self._blend()
        taught = None if self._teacher is None else self._teacher(views, training=False)
        return self._label_loss(logits, wanted, taught) + (
            self._recipe.fit.blast_loss_weight * self._blast_loss(logits, wanted, taught)
        )

    def _label_loss(self, logits: Any, wanted: Any, taught: Any | None) -> Any:
        smoothing = self._recipe.fit.label_smoothing
        aim = ops.one_hot(wanted, len(LABELS)) * (1.0 - smoothing) + smoothing / len(LABELS)
        if taught is not None:
            aim = (aim + ops.softmax(taught)) / 2.0
        return -ops.sum(aim * ops.log_softmax(logits), axis=-1)

    def _blast_loss(self, logits: Any, wanted: Any, taught: Any | None) -> Any:
        """Blast against other white cells, as the device will ask it."""
        smoothing = self._recipe.fit.label_smoothing
        hot = ops.one_hot(wanted, len(LABELS))
        is_blast = ops.sum(hot * self._blast, axis=1)
        is_cell = is_blast + ops.sum(hot * self._other, axis=1)
        aim = is_blast * (1.0 - smoothing) + smoothing / 2.0
        if taught is not None:
            aim = (aim + ops.sigmoid(self._blast_odds(taught))) / 2.0
        odds = self._blast_odds(logits)
        return (ops.softplus(odds) - aim * odds) * is_cell

    def _blast_odds(self, logits: Any) -> Any:
        """Log-odds of the sum of the blasts' probabilities against that of the other cells'."""
        high = ops.logsumexp(logits + np.log(self._blast + _NEVER), axis=1)
        low = ops.logsumexp(logits + np.log(self._other + _NEVER), axis=1)
        return high - low

    def _blend(self) -> None:
        step = self._steps + 1.0
        self._steps.assign(step)
        decay = ops.minimum(_SLOWEST_AVERAGE, (1.0 + step) / (10.0 + step))
        for slow, fast in zip(self._average, self.network.trainable_variables, strict=True):
            slow.assign(decay * slow + (1.0 - decay) * fast)

    def _kept(self, name: str, value: Any) -> Any:
        """A variable of the fit that no gradient moves."""
        return self.add_weight(
            shape=value.shape,
            name=name,
            trainable=False,
            initializer=lambda shape, dtype: ops.convert_to_tensor(value, dtype),
        )


def mean_loss(_: Any, losses: Any) -> Any:
    """What Keras minimises: the mean of what the trainee gave."""
    return ops.mean(losses)
