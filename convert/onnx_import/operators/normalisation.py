"""Normalisations with constant scales."""

from __future__ import annotations

import numpy as np

from convert.onnx_import.layout import Value, aligned
from convert.onnx_import.registry import Call, operator


@operator("BatchNormalization")
def batch_normalization(call: Call) -> Value:
    """https://onnx.ai/onnx/operators/onnx__BatchNormalization.html as used after training."""
    import keras

    if call.node.attributes.get("training_mode"):
        raise call.node.refuse("is still in training", "Export with model.eval().")
    value = call.value()
    scale, bias, mean, variance = (call.needed(place) for place in range(1, 5))
    layer = keras.layers.BatchNormalization(
        axis=value.where(1),
        epsilon=float(call.node.attributes.get("epsilon", 1e-5)),
        name=call.layer_name,
    )
    built = layer(value.tensor)
    layer.set_weights([scale, bias, mean, variance])
    return value.now(built)


@operator("LayerNormalization")
def layer_normalization(call: Call) -> Value:
    """https://onnx.ai/onnx/operators/onnx__LayerNormalization.html in operators that int8 has.

    Keras' own layer negates a float tensor, for which TFLite has no int8 form.
    """
    from keras import ops

    if len([name for name in call.node.outputs if name]) > 1:
        raise call.node.refuse("is asked for mean and deviation")
    value = call.value()
    first = int(call.node.attributes.get("axis", -1)) % value.rank
    places = tuple(value.where(axis) for axis in range(first, value.rank))
    centred = ops.subtract(value.tensor, ops.mean(value.tensor, places, keepdims=True))
    variance = ops.mean(ops.multiply(centred, centred), places, keepdims=True)
    epsilon = np.float32(call.node.attributes.get("epsilon", 1e-5))
    scaled = ops.multiply(centred, ops.rsqrt(ops.add(variance, epsilon)))
    scale, bias = call.needed(1), call.constant(2)
    scaled = ops.multiply(scaled, aligned(scale, value))
    return value.now(scaled if bias is None else ops.add(scaled, aligned(bias, value)))
