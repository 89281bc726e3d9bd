"""Activations: one computed tensor, element by element (and softmax)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from convert.onnx_import.graph import Array
from convert.onnx_import.layout import Value, aligned
from convert.onnx_import.registry import Call, operator


def _simple(*names: str, nonnegative: bool = False) -> Callable[[Any], Any]:
    """Declare a function from Keras tensor (and attributes) to Keras tensor."""

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        def build(call: Call) -> Value:
            value = call.value()
            return value.now(function(value.tensor, call.node.attributes), nonnegative)

        operator(*names, any_order=True)(build)
        return function

    return declare


@_simple("Relu", nonnegative=True)
def relu(tensor: Any, told: dict[str, Any]) -> Any:
    """Max(x, 0)."""
    from keras import ops

    return ops.relu(tensor)


@_simple("LeakyRelu")
def leaky_relu(tensor: Any, told: dict[str, Any]) -> Any:
    """Alpha x below 0."""
    from keras import ops

    return ops.leaky_relu(tensor, told.get("alpha", 0.01))


@_simple("Elu")
def elu(tensor: Any, told: dict[str, Any]) -> Any:
    """Alpha (exp x - 1) below 0."""
    from keras import ops

    return ops.elu(tensor, told.get("alpha", 1.0))


@_simple("Sigmoid", nonnegative=True)
def sigmoid(tensor: Any, told: dict[str, Any]) -> Any:
    """1 / (1 + exp -x)."""
    from keras import ops

    return ops.sigmoid(tensor)


@_simple("Tanh")
def tanh(tensor: Any, told: dict[str, Any]) -> Any:
    """Hyperbolic tangent."""
    from keras import ops

    return ops.tanh(tensor)


@_simple("HardSigmoid", nonnegative=True)
def hard_sigmoid(tensor: Any, told: dict[str, Any]) -> Any:
    """Alpha x + beta, from 0 to 1; alpha is 1/6 and beta 1/2 in all MobileNets."""
    from keras import ops

    alpha, beta = told.get("alpha", 0.2), told.get("beta", 0.5)
    if abs(alpha - 1 / 6) < 1e-4 and beta == 0.5:
        return ops.hard_sigmoid(tensor)
    return ops.clip(ops.add(ops.multiply(tensor, np.float32(alpha)), np.float32(beta)), 0.0, 1.0)


@_simple("HardSwish")
def hard_swish(tensor: Any, told: dict[str, Any]) -> Any:
    """x times the hard sigmoid of x (Howard et al. 2019)."""
    from keras import ops

    return ops.hard_silu(tensor)


@_simple("Swish")
def swish(tensor: Any, told: dict[str, Any]) -> Any:
    """x times the sigmoid of alpha x."""
    from keras import ops

    return ops.multiply(tensor, ops.sigmoid(ops.multiply(tensor, np.float32(told.get("alpha", 1)))))


@_simple("Gelu")
def gelu(tensor: Any, told: dict[str, Any]) -> Any:
    """x times the normal distribution function of x; or its approximation by tanh."""
    from keras import ops

    return ops.gelu(tensor, approximate=told.get("approximate", "none") == "tanh")


@_simple("Softplus", nonnegative=True)
def softplus(tensor: Any, told: dict[str, Any]) -> Any:
    """ln(1 + exp x)."""
    from keras import ops

    return ops.softplus(tensor)


@operator("Clip", any_order=True)
def clip(call: Call) -> Value:
    """https://onnx.ai/onnx/operators/onnx__Clip.html with constant limits."""
    import keras

    value = call.value()
    low, high = (_limit(call.constant(place)) for place in (1, 2))
    if low == 0.0:
        limit = None if high is None else high
        built = keras.layers.ReLU(limit, name=call.layer_name)(value.tensor)
    else:
        built = keras.ops.clip(
            value.tensor,
            np.float32(-np.inf if low is None else low),
            np.float32(np.inf if high is None else high),
        )
    return value.now(built, nonnegative=low is not None and low >= 0)


@operator("PRelu")
def prelu(call: Call) -> Value:
    """https://onnx.ai/onnx/operators/onnx__PRelu.html: a slope below 0 for each channel."""
    from keras import ops

    value = call.value()
    slope = aligned(call.needed(1), value)
    below = ops.multiply(ops.relu(ops.multiply(value.tensor, np.float32(-1))), -slope)
    return value.now(ops.add(ops.relu(value.tensor), below))


@operator("Softmax")
def softmax(call: Call) -> Value:
    """https://onnx.ai/onnx/operators/onnx__Softmax.html"""
    import keras

    value = call.value()
    place = value.where(int(call.node.attributes.get("axis", -1)))
    return value.now(keras.layers.Softmax(place, name=call.layer_name)(value.tensor), True)


def _limit(constant: Array | None) -> float | None:
    return None if constant is None else float(np.ravel(constant)[0])


@operator("LogSoftmax")
def log_softmax(call: Call) -> Value:
    """https://onnx.ai/onnx/operators/onnx__LogSoftmax.html: what PyTorch trains NLLLoss on."""
    import keras

    value = call.value()
    place = value.where(int(call.node.attributes.get("axis", -1)))
    if place % len(value.tensor.shape) == len(value.tensor.shape) - 1:
        layer = keras.layers.Activation("log_softmax", name=call.layer_name)
        return value.now(layer(value.tensor))
    return value.now(keras.ops.log_softmax(value.tensor, axis=place))
