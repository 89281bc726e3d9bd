"""Which function builds which ONNX operator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from convert.onnx_import.graph import Array, Graph, Node
from convert.onnx_import.layout import Value

Input = Value | Array | None
"""A computed tensor, a constant, or an optional input left out."""


@dataclass(frozen=True)
class Call:
    """One operator to be built.

    Attributes:
        node: What the file says.
        inputs: Its inputs.
        graph: The whole graph.
        layer_name: A name for its layer that Keras allows and nothing else has.
    """

    node: Node
    inputs: tuple[Input, ...]
    graph: Graph
    layer_name: str

    def value(self, place: int = 0) -> Value:
        """A computed input."""
        found = self.inputs[place] if place < len(self.inputs) else None
        if not isinstance(found, Value):
            raise self.node.refuse(f"has no computed input {place}")
        return found

    def constant(self, place: int) -> Array | None:
        """A constant input; None where it is left out."""
        found = self.inputs[place] if place < len(self.inputs) else None
        if isinstance(found, Value):
            raise self.node.refuse(f"computes its input {place}, which must be constant")
        return found

    def needed(self, place: int) -> Array:
        """A constant input that must be there."""
        found = self.constant(place)
        if found is None:
            raise self.node.refuse(f"lacks its input {place}")
        return found


Builder = Callable[[Call], Value | list[Value]]

_BUILDERS: Final[dict[str, tuple[Builder, bool]]] = {}


def operator(*names: str, any_order: bool = False) -> Callable[[Builder], Builder]:
    """Declare a function the builder of these operators.

    Args:
        names: Of ONNX operators.
        any_order: It can take a flattened picture in Keras order (``Value.order``).
    """

    def declare(builder: Builder) -> Builder:
        for name in names:
            _BUILDERS[name] = (builder, any_order)
        return builder

    return declare


def known_operators() -> list[str]:
    """All operators that can be built, by name."""
    from convert.onnx_import import operators  # noqa: F401  registers its families

    return sorted(_BUILDERS)


def builder_of(name: str) -> tuple[Builder, bool]:
    """The builder of an operator, and whether it takes any order."""
    return _BUILDERS[name]
