"""The end of a Keras model as the device wants it: a logit for each label, and nothing after.

The device computes probabilities itself, at its own temperature; what a network does to its logits
for that purpose is left off. A network of two labels may end in one number, its log-odds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from convert.float_network import Floats

_SURE: Final = 7.0
"""Beyond this a sigmoid in single precision is so near to 0 or 1 that its logit is lost."""


@dataclass(frozen=True)
class Head:
    """What was at the end of a model and is no more.

    Attributes:
        squash: ``softmax``, ``log_softmax``, ``sigmoid`` or nothing.
        single: Whether it gave one number for two labels.
    """

    squash: str
    single: bool

    def notes(self, labels: tuple[str, ...]) -> tuple[str, ...]:
        """What was done, one line each."""
        said = []
        if self.squash:
            said.append(f"the {self.squash} at its end was left off: the device computes it")
        if self.single:
            said.append(
                f"its one number is taken for the log-odds of {labels[1]}, the second label: two "
                "logits were made of it"
            )
        return tuple(said)

    def logits(self, answers: Floats) -> Floats:
        """Logits from what the file itself answers, as far as it tells them."""
        if self.squash == "softmax":
            answers = np.log(np.maximum(answers, 1e-30))
        elif self.squash == "sigmoid":
            share = np.clip(answers.astype(np.float64), 1e-30, 1 - 1e-9)
            answers = np.log(share / (1 - share)).astype(np.float32)
        return answers @ np.array([[-0.5, 0.5]], np.float32) if self.single else answers

    def comparable(self, logits: Floats) -> Floats:
        """What of logits the file itself tells: up to a constant through a softmax, and nothing of
        how sure it is at the ends of a sigmoid."""
        if self.squash in {"softmax", "log_softmax"}:
            centred: Floats = logits - logits.mean(axis=1, keepdims=True)
            return centred
        if self.squash == "sigmoid":
            most = _SURE / 2 if self.single else _SURE
            return np.clip(logits, -most, most)
        return logits


def to_logits(model: Any, labels: int) -> tuple[Any, Head]:
    """The model up to its logits, one for each label, and what it ended in.

    Args:
        model: A Keras model with one input and one output.
        labels: How many there are.
    """
    model, squash = _without_squash(model)
    single = labels == 2 and tuple(model.outputs[0].shape)[1:] == (1,)
    return _of_two(model) if single else model, Head(squash, single)


def _without_squash(model: Any) -> tuple[Any, str]:
    import keras

    end = model.outputs[0]
    last = end._keras_history.operation
    activation = getattr(last, "activation", None)
    known = {
        keras.activations.softmax: "softmax",
        keras.activations.log_softmax: "log_softmax",
        keras.activations.sigmoid: "sigmoid",
    }
    if isinstance(last, keras.layers.Dense) and activation in known:
        last.activation = keras.activations.linear
        return keras.Model(model.inputs[0], end), known[activation]
    if isinstance(last, keras.layers.Softmax):
        return keras.Model(model.inputs[0], last.input), "softmax"
    if isinstance(last, keras.layers.Activation) and activation in known:
        return keras.Model(model.inputs[0], last.input), known[activation]
    if type(last).__name__ == "Sigmoid":  # the importer's: an operation, no layer
        return keras.Model(model.inputs[0], last.input), "sigmoid"
    return model, ""


def _of_two(model: Any) -> Any:
    """Two logits, half of the log-odds against and half of them for the second label."""
    import keras

    end = model.outputs[0]
    last = end._keras_history.operation
    both = np.array([[-0.5, 0.5]], dtype=np.float32)
    whole = keras.layers.Dense(2, name="two_logits")
    if isinstance(last, keras.layers.Dense) and last.activation is keras.activations.linear:
        weights = [np.asarray(value, dtype=np.float32) for value in last.get_weights()]
        made = keras.Model(model.inputs[0], whole(last.input))
        bias = weights[1] if last.use_bias else np.zeros(1, np.float32)
        whole.set_weights([weights[0] @ both, bias @ both])
        return made
    made = keras.Model(model.inputs[0], whole(end))
    whole.set_weights([both, np.zeros(2, np.float32)])
    return made
