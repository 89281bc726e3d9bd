"""Bias correction of the last layer: the mean of each logit is float's again.

Errors of rounding do not average to nothing; what is left of them shifts every cell's answer the
same way, and with it the verdicts (Nagel et al. 2019, Data-Free Quantization, section 4.2, here
measured on cells and at the head alone, where it can be seen).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from convert.figures import Floats
from convert.flatbuffer import operator_name, pack, parse


def correct_head(model: bytes, shift: Floats) -> bytes | None:
    """The int8 model with its logits moved.

    Args:
        model: Bytes of an int8 model.
        shift: float64, shape (labels,): what is added to each logit.

    Returns:
        Bytes; None where the model does not end in a dense layer with a bias.
    """
    parsed: Any = parse(model)
    graph = parsed.subgraphs[0]
    last = graph.operators[-1]
    if operator_name(parsed, last) != "FULLY_CONNECTED" or len(last.inputs) < 3:
        return None
    tensor = graph.tensors[last.inputs[2]] if last.inputs[2] >= 0 else None
    if tensor is None or tensor.quantization is None or tensor.quantization.scale is None:
        return None
    buffer = parsed.buffers[tensor.buffer]
    if buffer.data is None or list(tensor.shape) != [len(shift)]:
        return None
    bias = np.array(buffer.data, dtype=np.uint8).view(np.int32)
    steps = np.rint(shift / np.asarray(tensor.quantization.scale, dtype=np.float64))
    moved = np.clip(bias + steps.astype(np.int64), -(2**31) + 1, 2**31 - 1).astype(np.int32)
    buffer.data = moved.view(np.uint8)
    return pack(parsed)
