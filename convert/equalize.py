"""Equalise the channels of linear tensors, so that one int8 scale serves them all.

An int8 activation tensor has one scale for all its channels. Where no nonlinearity follows a
convolution (the bottlenecks of MobileNetV2, and what residual additions join), its channels may be
divided by any factors if the next convolutions' weights are multiplied by them: the float network
stays the same, and a channel of small range is no longer drowned in the steps of a wide one.
After Nagel et al. 2019, Data-Free Quantization Through Weight Equalization, with measured ranges.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from convert.activations import Ranges
from convert.flatbuffer import constant, operator_name, pack, parse

_NARROWEST: Final = 1e-3
"""No channel is widened more than a thousandfold: below is noise."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class LinearGroup:
    """Tensors that must share their channel factors.

    Attributes:
        tensors: Their indices.
        producers: Indices of the convolutions that write them.
        consumers: Indices of the convolutions that read them.
    """

    tensors: tuple[int, ...]
    producers: tuple[int, ...]
    consumers: tuple[int, ...]


def linear_tensors(model: bytes) -> set[int]:
    """Tensors of a float TFLite model whose channels can be equalised."""
    return {tensor for group in linear_groups(parse(model)) for tensor in group.tensors}


def equalize(model: bytes, seen: Ranges) -> tuple[bytes, int]:
    """The same float network with equalised channels.

    Args:
        model: Bytes of a float TFLite model.
        seen: Ranges of its tensors, with the channels of ``linear_tensors``.

    Returns:
        Bytes of the model, and how many groups of tensors were equalised.
    """
    parsed = parse(model)
    graph = parsed.subgraphs[0]
    groups = linear_groups(parsed)
    for group in groups:
        widest = np.max([seen.channels[tensor] for tensor in group.tensors], axis=0)
        if not widest.max() > 0:
            continue
        factors = np.maximum(widest / widest.max(), _NARROWEST).astype(np.float32)
        for index in group.producers:
            _divide_outputs(parsed, graph.operators[index], factors)
        for index in group.consumers:
            _multiply_inputs(parsed, graph.operators[index], factors)
    return pack(parsed), len(groups)


def linear_groups(parsed: Any) -> list[LinearGroup]:
    """Groups of tensors between convolutions, with only additions among them."""
    graph = parsed.subgraphs[0]
    names = [operator_name(parsed, operator) for operator in graph.operators]
    parent = list(range(len(graph.tensors)))

    def root(tensor: int) -> int:
        while parent[tensor] != tensor:
            tensor = parent[tensor]
        return tensor

    for operator, name in zip(graph.operators, names, strict=True):
        if name == "ADD" and _is_linear(operator):
            for tensor in operator.inputs:
                parent[root(int(tensor))] = root(int(operator.outputs[0]))
    members: dict[int, set[int]] = {}
    for tensor in range(len(graph.tensors)):
        members.setdefault(root(tensor), set()).add(tensor)
    found = (_group(parsed, names, tensors) for tensors in members.values())
    return [group for group in found if group is not None]


def _group(parsed: Any, names: list[str], tensors: set[int]) -> LinearGroup | None:
    """The group of these tensors, if all that touch them are convolutions and its additions."""
    graph = parsed.subgraphs[0]
    producers, consumers = [], []
    for index, (operator, name) in enumerate(zip(graph.operators, names, strict=True)):
        writes = bool(tensors & {int(t) for t in operator.outputs})
        reads = bool(tensors & {int(t) for t in operator.inputs})
        if name == "ADD" and _is_linear(operator) and (writes or reads):
            continue
        if writes and not (name == "CONV_2D" and _is_linear(operator) and _own(graph, operator)):
            return None
        if reads and not (
            name == "CONV_2D" and int(operator.inputs[0]) in tensors and _own(graph, operator)
        ):
            return None
        producers += [index] if writes else []
        consumers += [index] if reads else []
    ends = {int(t) for t in graph.inputs} | {int(t) for t in graph.outputs}
    written = {int(t) for operator in graph.operators for t in operator.outputs}
    if not producers or not consumers or tensors & ends or not tensors <= written:
        return None
    return LinearGroup(tuple(sorted(tensors)), tuple(producers), tuple(consumers))


def _is_linear(operator: Any) -> bool:
    """No activation is fused into it."""
    return (
        operator.builtinOptions is not None and operator.builtinOptions.fusedActivationFunction == 0
    )


def _own(graph: Any, operator: Any) -> bool:
    """Its weights and bias are read by no other operator."""
    constants = [int(t) for t in operator.inputs[1:] if t >= 0]
    readers = [t for other in graph.operators for t in other.inputs if int(t) in constants]
    return len(readers) == len(constants)


def _divide_outputs(parsed: Any, operator: Any, factors: Floats) -> None:
    """Output channel c of a convolution divided by factor c."""
    weights = constant(parsed, operator.inputs[1])
    weights /= factors[:, None, None, None]
    if len(operator.inputs) > 2 and operator.inputs[2] >= 0:
        constant(parsed, operator.inputs[2])[...] /= factors


def _multiply_inputs(parsed: Any, operator: Any, factors: Floats) -> None:
    """Input channel c of a convolution multiplied by factor c."""
    weights = constant(parsed, operator.inputs[1])
    weights *= factors
