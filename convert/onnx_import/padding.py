"""Padding of windows: ONNX counts pixels on each side, Keras says ``valid`` or ``same``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from convert.onnx_import.graph import Node

Sides = tuple[tuple[int, int], tuple[int, int]]
"""Pixels before and after, of height and of width."""


@dataclass(frozen=True)
class Window:
    """How a convolution or a pooling moves over a picture.

    Attributes:
        kernel: (height, width).
        strides: Likewise.
        dilations: Likewise.
        pads: Pixels added.
    """

    kernel: tuple[int, int]
    strides: tuple[int, int]
    dilations: tuple[int, int]
    pads: Sides

    @property
    def padded(self) -> bool:
        """Whether any pixel is added."""
        return self.pads != ((0, 0), (0, 0))

    def is_same(self, size: tuple[int, int]) -> bool:
        """Whether Keras ``same`` would add just these pixels to a picture of this size."""
        wanted = tuple(
            same_pads(*each)
            for each in zip(size, self.kernel, self.strides, self.dilations, strict=True)
        )
        return wanted == self.pads


def same_pads(length: int, kernel: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    """Pixels that TensorFlow's ``same`` adds before and after."""
    covered = (kernel - 1) * dilation + 1
    total = max((math.ceil(length / stride) - 1) * stride + covered - length, 0)
    return total // 2, total - total // 2


def window_of(node: Node, kernel: tuple[int, int], size: tuple[int, int]) -> Window:
    """The window of a node over a picture of this (height, width).

    Raises:
        ConversionRefused: It is not 2-D, or its padding is of an unknown kind.
    """
    told = node.attributes
    strides = _pair(node, told.get("strides", [1, 1]))
    dilations = _pair(node, told.get("dilations", [1, 1]))
    kind = told.get("auto_pad", "NOTSET")
    if kind in {"SAME_UPPER", "SAME_LOWER"}:
        both = [same_pads(*each) for each in zip(size, kernel, strides, dilations, strict=True)]
        pads = [(b, a) if kind == "SAME_UPPER" else (a, b) for b, a in both]
    elif kind in {"NOTSET", "VALID"}:
        flat = told.get("pads", [0, 0, 0, 0]) if kind == "NOTSET" else [0, 0, 0, 0]
        pads = [(flat[0], flat[2]), (flat[1], flat[3])]
    else:
        raise node.refuse(f"has the unknown padding {kind}")
    if told.get("ceil_mode"):
        pads = [
            (before, after + _to_ceil(length + before + after, *each))
            for (before, after), length, *each in zip(
                pads, size, kernel, strides, dilations, strict=True
            )
        ]
    return Window(kernel, strides, dilations, (pads[0], pads[1]))


def _to_ceil(length: int, kernel: int, stride: int, dilation: int) -> int:
    """Pixels more at the end, so that the last window, though not whole, counts."""
    rest = (length - (kernel - 1) * dilation - 1) % stride
    return (stride - rest) % stride


def _pair(node: Node, values: Any) -> tuple[int, int]:
    if len(values) != 2:
        raise node.refuse(f"is {len(values)}-D, not over pictures")
    return int(values[0]), int(values[1])
