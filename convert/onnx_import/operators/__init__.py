"""Builders of ONNX operators, one file a family; importing this registers all of them."""

from convert.onnx_import.operators import (
    activation,
    arithmetic,
    convolution,
    dense,
    joining,
    normalisation,
    pooling,
    reduction,
    shaping,
)

__all__ = [
    "activation",
    "arithmetic",
    "convolution",
    "dense",
    "joining",
    "normalisation",
    "pooling",
    "reduction",
    "shaping",
]
