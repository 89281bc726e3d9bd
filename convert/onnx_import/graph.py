"""An ONNX graph as plain objects: nodes in the order of the file, constants by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import ConversionRefused

Array = NDArray[Any]


@dataclass(frozen=True)
class Node:
    """One operator of the graph.

    Attributes:
        name: Its name in the file, or one made of its output's.
        operator: Such as ``Conv``; with its domain (``com.microsoft::FusedConv``) where it is not
            ONNX's own.
        inputs: Names of values; empty where an optional input is left out.
        outputs: Names of values.
        attributes: Numbers, texts, lists and arrays.
        proto: As read, for evaluation of constants; None for nodes made here.
    """

    name: str
    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any] = field(default_factory=dict)
    proto: Any = None

    def refuse(self, what: str, action: str | None = None) -> ConversionRefused:
        """The fault that names this operator and node."""
        return ConversionRefused(f"Operator {self.operator} (node {self.name}) {what}.", action)


@dataclass(frozen=True)
class Graph:
    """A network with one picture in and one row of numbers out.

    Attributes:
        nodes: In an order in which every value is made before it is used.
        constants: Weights and other constants by name.
        input: Name of the input.
        output: Name of the output.
        batch: Of the file; 1 where it is dynamic.
        dynamic_batch: Whether any count of pictures may be given at once.
        side: (height, width) of the input in pixels; 0 where it is dynamic.
        channels_last: Whether the input is NHWC instead of NCHW.
        opset: Version of the operator set.
    """

    nodes: tuple[Node, ...]
    constants: dict[str, Array]
    input: str
    output: str
    batch: int
    dynamic_batch: bool
    side: tuple[int, int]
    channels_last: bool
    opset: int

    def scalar(self, name: str) -> float | None:
        """The one number of a constant; None if it is no constant or holds several."""
        found = self.constants.get(name)
        return float(np.ravel(found)[0]) if found is not None and found.size == 1 else None
