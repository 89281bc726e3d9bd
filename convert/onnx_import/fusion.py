"""Join what exporters take apart where TFLite has one operator: GELU (Hendrycks, Gimpel 2016).

Before operator set 20 there is no ``Gelu``; exporters write x * (1 + erf(x / sqrt 2)) / 2 in one
order of multiplications or another. TFLite has no ``erf``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from convert.onnx_import.graph import Graph, Node


def fuse(graph: Graph) -> Graph:
    """The graph with every spelled-out GELU as one ``Gelu`` node."""
    while (found := next(_spelled_out(graph), None)) is not None:
        parts, gelu = found
        kept = [gelu if node is parts[-1] else node for node in graph.nodes]
        gone = {node.outputs[0] for node in parts[:-1]}
        graph = replace(
            graph, nodes=tuple(n for n in kept if n is gelu or n.outputs[0] not in gone)
        )
    return graph


class _Uses:
    """Who makes and who takes each value."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.maker = {name: node for node in graph.nodes for name in node.outputs}
        self.takers: dict[str, list[Node]] = {}
        for node in graph.nodes:
            for name in node.inputs:
                self.takers.setdefault(name, []).append(node)

    def only_taker(self, node: Node, operator: str) -> Node | None:
        """The one node that takes this node's output, if it is of this operator."""
        takers = self.takers.get(node.outputs[0], [])
        if len(takers) == 1 and takers[0].operator == operator:
            return takers[0]
        return None

    def times(self, node: Node) -> tuple[str, float] | None:
        """(value, factor) of a node that multiplies or divides by one number."""
        if node.operator not in {"Mul", "Div"} or len(node.inputs) != 2:
            return None
        first, second = (self.graph.scalar(name) for name in node.inputs)
        if second is not None and first is None:
            return node.inputs[0], second if node.operator == "Mul" else 1 / second
        if first is not None and second is None and node.operator == "Mul":
            return node.inputs[1], first
        return None


def _spelled_out(graph: Graph) -> Iterator[tuple[list[Node], Node]]:
    uses = _Uses(graph)
    for node in graph.nodes:
        if node.operator == "Erf":
            found = _gelu_around(node, uses)
            if found is not None:
                yield found


def _gelu_around(erf: Node, uses: _Uses) -> tuple[list[Node], Node] | None:
    """The nodes of one GELU in order, the last of them giving its value; and the one for all."""
    scaling = uses.maker.get(erf.inputs[0])
    scaled = scaling and uses.times(scaling)
    if scaling is None or not scaled or not math.isclose(scaled[1], 0.5**0.5, rel_tol=1e-4):
        return None
    source = scaled[0]
    one = uses.only_taker(erf, "Add")
    if one is None or 1.0 not in {uses.graph.scalar(name) for name in one.inputs}:
        return None
    parts, factor, met, node = [scaling, erf, one], 1.0, False, one
    while not (met and math.isclose(factor, 0.5, rel_tol=1e-6)):
        taker = uses.only_taker(node, "Mul") or uses.only_taker(node, "Div")
        if taker is None:
            return None
        times = uses.times(taker)
        if times is not None:
            factor *= times[1]
        else:
            other = taker.inputs[1 - list(taker.inputs).index(node.outputs[0])]
            half = uses.maker.get(other)
            halved = half and uses.times(half)
            if other == source and not met:
                met = True
            elif half is not None and halved and halved[0] == source and not met:
                met, factor = True, factor * halved[1]
                parts.insert(0, half)
            else:
                return None
        parts.append(taker)
        node = taker
    return parts, Node(node.name, "Gelu", (source,), node.outputs)
