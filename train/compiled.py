"""A Keras model as one compiled function, under TensorFlow on two cores or JAX on a GPU.

``fit`` compiles by itself; this is for what is done between epochs, which operation by operation
would cost more than the epoch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras


def compiled(model: Any, training: bool) -> Callable[[Any], Any]:
    """``model(batch, training=training)``, compiled; what it changes in its own state is kept.

    Batches of one shape cost one compilation. Layers are read once: what is changed in them
    afterwards, other than their variables, has no effect.
    """
    if keras.backend.backend() == "jax":
        return _under_jax(model, training)
    import tensorflow as tf

    call: Callable[[Any], Any] = tf.function(lambda batch: model(batch, training=training))
    return call


def _under_jax(model: Any, training: bool) -> Callable[[Any], Any]:
    import jax

    @jax.jit  # type: ignore[untyped-decorator]
    def call(trainable: Any, other: Any, batch: Any) -> Any:
        return model.stateless_call(trainable, other, batch, training=training)

    def run(batch: Any) -> Any:
        trainable = [variable.value for variable in model.trainable_variables]
        other = [variable.value for variable in model.non_trainable_variables]
        answer, changed = call(trainable, other, batch)
        if training:
            for variable, value in zip(model.non_trainable_variables, changed, strict=True):
                variable.assign(value)
        return answer

    return run
