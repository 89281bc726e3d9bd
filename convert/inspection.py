"""What stands in a TFLite file: operators, tensors that are not integers, parts of the delegate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from convert.flatbuffer import operator_name, parse, text
from convert.quiet import quiet


@dataclass(frozen=True)
class ModelFacts:
    """Facts of a model file.

    Attributes:
        operators: Name and count of every operator.
        custom: Names of operators outside the built-in set.
        float_tensors: Names of tensors left in floating point.
        per_channel: Convolutions whose weights have a scale per channel, and all of them.
        bytes: Size of the file.
        last_operator: What makes the output.
    """

    operators: dict[str, int]
    custom: tuple[str, ...]
    float_tensors: tuple[str, ...]
    per_channel: tuple[int, int]
    bytes: int
    last_operator: str


@dataclass(frozen=True)
class Partitions:
    """How the fast kernels (XNNPACK's delegate) take the model.

    Attributes:
        count: Pieces that run in the delegate.
        outside: Name and count of the operators that do not.
    """

    count: int
    outside: dict[str, int]


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
                scales = weights.quantization.scale if weights.quantization else None
                convolutions.append(scales is not None and len(scales) > 1)
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
        last_operator=operator_name(parsed, parsed.subgraphs[0].operators[-1]),
    )


def delegate_partitions(model: bytes) -> Partitions:
    """How ai-edge-litert splits the model between its delegate and its own kernels."""
    from ai_edge_litert.interpreter import Interpreter

    with quiet():
        interpreter = Interpreter(model_content=model, num_threads=1)
        interpreter.allocate_tensors()
    nodes = interpreter._get_ops_details()
    pieces = [node for node in nodes if node["op_name"] == "DELEGATE"]
    maker = {int(t): node for node in nodes if node not in pieces for t in node["outputs"]}
    inside: set[int] = set()
    for piece in pieces:
        entries = {int(t) for t in piece["inputs"]}
        waiting = [int(t) for t in piece["outputs"]]
        while waiting:
            node = maker.get(waiting.pop())
            if node is not None and node["index"] not in inside:
                inside.add(node["index"])
                waiting += [int(t) for t in node["inputs"] if int(t) not in entries]
    outside: dict[str, int] = {}
    for node in nodes:
        if node not in pieces and node["index"] not in inside:
            outside[node["op_name"]] = outside.get(node["op_name"], 0) + 1
    return Partitions(len(pieces), outside)
