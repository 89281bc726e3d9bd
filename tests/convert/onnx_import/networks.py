"""Tiny ONNX graphs made by hand: one operator between a picture and a row of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE = 8


def node(operator: str, inputs: Sequence[str], output: str, **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(operator, list(inputs), [output], f"the_{operator}", **attributes)


def write(
    path: Path,
    nodes: Sequence[onnx.NodeProto],
    weights: dict[str, Any] | None = None,
    opset: int = 18,
    shape: Sequence[int | str] = (1, 3, SIDE, SIDE),
    inputs: Sequence[str] = ("picture",),
    outputs: Sequence[str] = ("logits",),
    kind: int = TensorProto.FLOAT,
) -> Path:
    """An ONNX file of these nodes; shapes of outputs are left open."""
    nodes = list(nodes)
    for number, each in enumerate(nodes):
        if any(each.name == other.name for other in nodes[:number]):
            each.name += f"_{number}"
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(name, kind, list(shape)) for name in inputs],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", "columns"])
            for name in outputs
        ],
        [numpy_helper.from_array(np.asarray(v), k) for k, v in (weights or {}).items()],
    )
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    onnx.save(model, str(path))
    return path


def headed(nodes: Sequence[onnx.NodeProto], last: str = "x") -> list[onnx.NodeProto]:
    """The nodes, then a flattened row of all that ``last`` holds."""
    return [*nodes, node("Flatten", [last], "logits")]
