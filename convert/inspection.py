"""What stands in a TFLite file: operators, and tensors that are not integers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from convert.flatbuffer import operator_name, parse, text


@dataclass(frozen=True)
class ModelFacts:
    """Facts of a model file.

    Attributes:
        operators: Name and count of every operator.
        custom: Names of operators outside the built-in set.
        float_tensors: Names of tensors left in floating point.
        per_channel: Convolutions whose weights have a scale per channel, and all of them.
        bytes: Size of the file.
    """

    operators: dict[str, int]
    custom: tuple[str, ...]
    float_tensors: tuple[str, ...]
    per_channel: tuple[int, int]
    bytes: int


def inspect_model(model: bytes) -> ModelFacts:
    """Read a TFLite flatbuffer."""
    from ai_edge_litert import schema_py_generated as schema

    parsed: Any = parse(model)
    builtin = {name for name in vars(schema.BuiltinOperator) if name.isupper()}
    operators: dict[str, int] = {}
    custom, floats, convolutions = set(), [], []
    for graph in parsed.subgraphs:
        for operator in graph.operators:
            name = operator_name(parsed, operator)
            if name not in builtin:
                custom.add(name)
            operators[name] = operators.get(name, 0) + 1
            if name in {"CONV_2D", "DEPTHWISE_CONV_2D"}:
                weights = graph.tensors[operator.inputs[1]]
                convolutions.append(len(weights.quantization.scale) > 1)
        for tensor in graph.tensors:
            if tensor.type in {
                schema.TensorType.FLOAT16,
                schema.TensorType.FLOAT32,
                schema.TensorType.FLOAT64,
            }:
                floats.append(text(tensor.name))
    return ModelFacts(
        operators=dict(sorted(operators.items())),
        custom=tuple(sorted(custom)),
        float_tensors=tuple(floats),
        per_channel=(sum(convolutions), len(convolutions)),
        bytes=len(model),
    )
