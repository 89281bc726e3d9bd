"""A TFLite file as objects, and back."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray


def parse(model: bytes) -> Any:
    """A TFLite file as objects."""
    from ai_edge_litert import schema_py_generated as schema

    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(model, 0))


def pack(parsed: Any) -> bytes:
    """Objects as a TFLite file."""
    import flatbuffers  # type: ignore[import-untyped]

    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(parsed.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def operator_name(parsed: Any, operator: Any) -> str:
    """Name of a built-in operator, such as ``CONV_2D``; of a custom one its own."""
    code = parsed.operatorCodes[operator.opcodeIndex]
    name = _names().get(max(code.builtinCode, code.deprecatedBuiltinCode), "unknown")
    return text(code.customCode) if name == "CUSTOM" else name


def constant(parsed: Any, tensor: int) -> NDArray[np.float32]:
    """A float constant's values, to be changed in place."""
    found = parsed.subgraphs[0].tensors[tensor]
    buffer = parsed.buffers[found.buffer]
    buffer.data = np.array(buffer.data, dtype=np.uint8)
    values: NDArray[np.float32] = buffer.data.view(np.float32).reshape(found.shape)
    return values


def text(value: bytes | str) -> str:
    """A name in a TFLite file."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


@cache
def _names() -> dict[int, str]:
    """Names of the built-in operators."""
    from ai_edge_litert import schema_py_generated as schema

    return {value: name for name, value in vars(schema.BuiltinOperator).items() if name.isupper()}
