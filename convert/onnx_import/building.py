"""A graph to a Keras model: node after node; what depends on constants alone is computed here."""

from __future__ import annotations

import re
from typing import Any, Final

import numpy as np

from convert.onnx_import.fusion import fuse
from convert.onnx_import.graph import Array, Graph, Node
from convert.onnx_import.layout import Value, channels_last, moved, settled
from convert.onnx_import.registry import Call, Input, builder_of, known_operators
from edge.errors import ConversionRefused

_OF_SHAPES: Final = ("Shape", "Size")
"""Operators whose answers are known before any picture is."""


def build_model(graph: Graph, size_px: int, name: str) -> Any:
    """A Keras model with the graph's weights: float32 (N, size, size, 3) to (N, outputs).

    Args:
        graph: As read.
        size_px: Side of the input where the graph leaves it open.
        name: What to call the file in a refusal.

    Raises:
        ConversionRefused: An operator is unknown, or used in a way that is not understood; names
            operator and node.
    """
    import keras

    graph = fuse(graph)
    height, width = (side or size_px for side in graph.side)
    entry = keras.Input((height, width, 3), name="picture")
    axes = tuple(range(4)) if graph.channels_last else channels_last(4)
    values: dict[str, Value | Array] = {**graph.constants, graph.input: Value(entry, axes)}
    _refuse_unknown(graph, name)
    names: set[str] = {"picture"}
    for node in graph.nodes:
        values.update(_build_node(node, values, graph, _layer_name(node, names)))
    answer = values.get(graph.output)
    if not isinstance(answer, Value):
        raise ConversionRefused(f"{name}: its output {graph.output} does not depend on the input.")
    answer = settled(answer)
    if answer.rank != 2:
        raise ConversionRefused(
            f"{name}: its output is {answer.shape(graph.batch)}, not a row of logits.",
            "Export the classifier with its pooling and head.",
        )
    return keras.Model(entry, moved(answer, (0, 1)).tensor, name="imported")


def _refuse_unknown(graph: Graph, name: str) -> None:
    """All unknown operators at once, before any work."""
    computed = {graph.input}
    known = {*known_operators(), *_OF_SHAPES}
    strange = []
    for node in graph.nodes:
        depends = not computed.isdisjoint(node.inputs)
        if node.operator not in known and (depends or "::" in node.operator):
            strange.append(f"{node.operator} (node {node.name})")
        if depends and node.operator not in _OF_SHAPES:
            computed.update(node.outputs)
    if strange:
        more = f" and {len(strange) - 3} more" if len(strange) > 3 else ""
        raise ConversionRefused(
            f"{name} uses {'operators' if len(strange) > 1 else 'the operator'} "
            f"{', '.join(strange[:3])}{more}, which the importer does not know.",
            "Use a convolutional network; convert/onnx_import lists what is understood.",
        )


def _build_node(
    node: Node, values: dict[str, Value | Array], graph: Graph, layer_name: str
) -> dict[str, Value | Array]:
    inputs: list[Input] = [values[name] if name else None for name in node.inputs]
    if node.operator in _OF_SHAPES and isinstance(inputs[0], Value):
        return {node.outputs[0]: _shape(node, inputs[0], graph)}
    if not any(isinstance(found, Value) for found in inputs):
        return _compute(node, inputs, graph)
    builder, any_order = builder_of(node.operator)
    if not any_order:
        inputs = [settled(found) if isinstance(found, Value) else found for found in inputs]
    try:
        built = builder(Call(node, tuple(inputs), graph, layer_name))
    except (ValueError, IndexError, TypeError, KeyError) as error:
        if isinstance(error, ConversionRefused):
            raise
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise node.refuse(f"cannot be built: {lines[0][:160].rstrip('.')}") from error
    results = built if isinstance(built, list) else [built]
    return dict(zip(node.outputs, results, strict=False))


def _shape(node: Node, value: Value, graph: Graph) -> Array:
    shape = value.shape(graph.batch)
    if node.operator == "Size":
        return np.array(np.prod(shape), dtype=np.int64)
    start, end = node.attributes.get("start", 0), node.attributes.get("end", len(shape))
    return np.array(shape[start:end], dtype=np.int64)


def _compute(node: Node, inputs: list[Input], graph: Graph) -> dict[str, Value | Array]:
    """Outputs of a node whose inputs are all constant, by ONNX's own reference."""
    from onnx.reference import ReferenceEvaluator

    if node.proto is None or "::" in node.operator:
        raise node.refuse("cannot be computed")
    feeds = {name: found for name, found in zip(node.inputs, inputs, strict=True) if name}
    try:
        outputs = ReferenceEvaluator(node.proto, opsets={"": graph.opset}).run(None, feeds)
    except Exception as error:  # the reference raises anything on a graph that makes no sense
        raise node.refuse(f"cannot be computed: {str(error)[:120]}") from error
    return {name: np.asarray(found) for name, found in zip(node.outputs, outputs, strict=True)}


def _layer_name(node: Node, taken: set[str]) -> str:
    """A name of letters, digits and underscores that no other layer has."""
    plain = re.sub(r"[^A-Za-z0-9]+", "_", node.name).strip("_") or "layer"
    name, number = plain, 2
    while name.lower() in taken:
        name, number = f"{plain}_{number}", number + 1
    taken.add(name.lower())
    return name
