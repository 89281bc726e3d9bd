"""An ``.onnx`` file, with its external data, as a ``Graph``; or a refusal that says what is wrong.

ONNX is read by its own library: https://onnx.ai/onnx/repo-docs/IR.html.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from convert.onnx_import.graph import Array, Graph, Node
from edge.errors import ConversionRefused

OLDEST_OPSET: Final = 13
_OWN_DOMAINS: Final = ("", "ai.onnx")


def read_graph(path: Path) -> Graph:
    """The graph of a file.

    Raises:
        ConversionRefused: The file is damaged or cut short, its external data is not there, its
            operator set is older than 13 or newer than the library knows, it has several inputs
            or outputs, an input that is no float picture of 3 channels, or weights that are not
            finite.
    """
    model = _load(path)
    opset = _opset(model, path)
    graph = model.graph
    constants = {tensor.name: _array(tensor, path) for tensor in graph.initializer}
    if graph.sparse_initializer:
        raise ConversionRefused(f"{path.name} has sparse weights, which are not understood.")
    nodes = []
    for number, proto in enumerate(graph.node):
        node = _node(proto, number)
        if node.operator == "Constant":
            constants[node.outputs[0]] = _constant(node)
        else:
            nodes.append(node)
    _check_finite(constants, path)
    picture = _only([value for value in graph.input if value.name not in constants], "input", path)
    answer = _only(list(graph.output), "output", path)
    batch, height, width, channels_last = _picture_shape(picture, path)
    return Graph(
        nodes=tuple(nodes),
        constants=constants,
        input=picture.name,
        output=answer.name,
        batch=batch or 1,
        dynamic_batch=batch == 0,
        side=(height, width),
        channels_last=channels_last,
        opset=opset,
    )


def _load(path: Path) -> Any:
    """The whole model, external data and all."""
    import onnx
    from google.protobuf.message import DecodeError
    from onnx import inliner

    try:
        model = onnx.load(str(path), load_external_data=False)
        _check_external(model, path)
        onnx.load_external_data_for_model(model, str(path.parent))
        model = inliner.inline_local_functions(model)
        onnx.checker.check_model(model)
    except DecodeError as error:
        raise ConversionRefused(
            f"{path.name} is no ONNX file, or is cut short.", "Copy or export it again."
        ) from error
    except (OSError, ValueError, TypeError, RuntimeError, onnx.checker.ValidationError) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise ConversionRefused(f"{path.name} cannot be read: {lines[0][:200]}.") from error
    return model


def _check_external(model: Any, path: Path) -> None:
    """Every external data file lies beside the model and is long enough."""
    from onnx.external_data_helper import ExternalDataInfo, uses_external_data

    for tensor in model.graph.initializer:
        if not uses_external_data(tensor):
            continue
        told = ExternalDataInfo(tensor)
        found = path.parent / told.location
        if not found.is_file():
            raise ConversionRefused(
                f"{path.name} keeps its weights in {told.location}, which is not beside it.",
                "Copy both files together.",
            )
        if found.stat().st_size < (told.offset or 0) + (told.length or 0):
            raise ConversionRefused(
                f"{told.location}, the weights of {path.name}, is cut short.",
                "Copy both files again.",
            )


def _opset(model: Any, path: Path) -> int:
    import onnx

    versions = [entry.version for entry in model.opset_import if entry.domain in _OWN_DOMAINS]
    newest = onnx.defs.onnx_opset_version()
    if not versions or not OLDEST_OPSET <= versions[0] <= newest:
        found = versions[0] if versions else "none"
        raise ConversionRefused(
            f"{path.name} is of operator set {found}; {OLDEST_OPSET} to {newest} are understood.",
            f"Export it again with opset_version={OLDEST_OPSET} or newer.",
        )
    return int(versions[0])


def _node(proto: Any, number: int) -> Node:
    from onnx import helper

    own = proto.domain in _OWN_DOMAINS
    return Node(
        name=proto.name or (proto.output[0] if proto.output else f"number {number}"),
        operator=proto.op_type if own else f"{proto.domain}::{proto.op_type}",
        inputs=tuple(proto.input),
        outputs=tuple(proto.output),
        attributes={
            entry.name: _plain(helper.get_attribute_value(entry)) for entry in proto.attribute
        },
        proto=proto,
    )


def _plain(value: Any) -> Any:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _constant(node: Node) -> Array:
    from onnx import TensorProto, numpy_helper

    (value,) = node.attributes.values()
    if isinstance(value, TensorProto):
        return np.asarray(numpy_helper.to_array(value))
    if isinstance(value, float):
        return np.array(value, dtype=np.float32)
    if isinstance(value, list) and value and isinstance(value[0], float):
        return np.array(value, dtype=np.float32)
    return np.array(value)


def _array(tensor: Any, path: Path) -> Array:
    from onnx import numpy_helper

    try:
        return np.asarray(numpy_helper.to_array(tensor))
    except (ValueError, TypeError) as error:
        raise ConversionRefused(
            f"{path.name}: weight {tensor.name} cannot be read: {error}."
        ) from error


def _check_finite(constants: dict[str, Array], path: Path) -> None:
    for name, values in constants.items():
        if np.issubdtype(values.dtype, np.floating) and not np.isfinite(values).all():
            raise ConversionRefused(f"{path.name}: weight {name} is not finite.")


def _only(values: list[Any], role: str, path: Path) -> Any:
    if len(values) != 1:
        names = ", ".join(value.name for value in values) or "none"
        raise ConversionRefused(
            f"{path.name} has {len(values)} {role}s ({names}), not one.",
            f"Export it with one picture as its {'input' if role == 'input' else 'source'}"
            f"{'' if role == 'input' else ' and the logits as its output'}.",
        )
    return values[0]


def _picture_shape(picture: Any, path: Path) -> tuple[int, int, int, bool]:
    """Batch (0: dynamic), height, width (0: dynamic), and whether it is NHWC."""
    from onnx import TensorProto

    kind = picture.type.tensor_type
    dims = [int(dim.dim_value) if dim.HasField("dim_value") else 0 for dim in kind.shape.dim]
    if len(dims) != 4:
        raise ConversionRefused(
            f"{path.name}: its input {picture.name} is {len(dims)}-D, not one picture (4-D: "
            "batch, channels, height, width)."
        )
    if kind.elem_type != TensorProto.FLOAT:
        name = TensorProto.DataType.Name(kind.elem_type).lower()
        raise ConversionRefused(
            f"{path.name}: its input {picture.name} is {name}, not float32.",
            "Export the float32 network.",
        )
    if dims[1] == 3:
        return dims[0], dims[2], dims[3], False
    if dims[3] == 3:
        return dims[0], dims[1], dims[2], True
    raise ConversionRefused(
        f"{path.name}: its input {picture.name} is {tuple(dims)}; it has no axis of 3 channels."
    )
