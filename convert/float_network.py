"""A float network that was loaded, whatever it was written by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.description import NetworkDescription
from edge.inference.views import mean_answer

_BATCH = 16

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class FloatNetwork:
    """A loaded float network.

    Attributes:
        description: What its trainer says of it.
        path: Where it came from.
        run: Real pixels, float32 (N, size, size, 3), to outputs, float32 (N, labels).
        freeze: The same with a batch of one, as TensorFlow's concrete function whose weights are
            constants: what its TFLite converter takes without a detour over files.
        reference: The same as ``run`` in another library, for comparison; None where there is
            none.
        notes: What was done to it on loading, one line each.
        comparable: What of its outputs ``reference`` can tell, of either's outputs; None for all.
    """

    description: NetworkDescription
    path: Path
    run: Callable[[Floats], Floats]
    freeze: Callable[[], Any]
    reference: Callable[[Floats], Floats] | None = None
    notes: tuple[str, ...] = ()
    comparable: Callable[[Floats], Floats] | None = None

    def real_pixels(self, crops: NDArray[np.uint8]) -> Floats:
        """What the network takes, float32, for crops, uint8, of the same shape."""
        multiply = np.array(self.description.multiply, dtype=np.float32)
        return crops.astype(np.float32) * multiply + np.array(self.description.add, np.float32)

    def logits(self, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Float logits of crops, float64, shape (N, labels)."""
        starts = range(0, len(crops), _BATCH)
        parts = [self.run(self.real_pixels(crops[i : i + _BATCH])) for i in starts]
        return np.concatenate(parts).astype(np.float64)

    def answers(self, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Logits averaged over as many views of each crop as the description asks for."""
        return mean_answer(self.logits, crops, self.description.views)


def frozen(answer: Callable[[Any], Any], side: int) -> Any:
    """A TensorFlow function of one picture with its weights as constants.

    Args:
        answer: From a tensor (1, side, side, 3) to one (1, labels).
        side: Of the picture, pixels.
    """
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    picture = tf.TensorSpec((1, side, side, 3), tf.float32, name="picture")
    traced = tf.function(answer, input_signature=[picture]).get_concrete_function()
    return convert_variables_to_constants_v2(traced)
