"""What the importer cannot do it says in one line, with operator and node, before any work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from edge.errors import ConversionRefused
from tests.convert.onnx_import.networks import headed, node, write

pytest.importorskip("keras", reason="the extra `convert` is not installed")

PLAIN = headed([node("Relu", ["picture"], "x")])


def refused(path: Path, run: Any) -> str:
    with pytest.raises(ConversionRefused) as caught:
        run(path)
    said = str(caught.value)
    assert "\n" not in said
    return said


def test_an_unknown_operator_by_name_and_node(tmp_path: Path, import_and_compare: Any) -> None:
    nodes = [node("NonZero", ["picture"], "z"), node("Resize", ["picture"], "r")]
    said = refused(write(tmp_path / "a.onnx", [*nodes, *headed([], "r")]), import_and_compare)
    assert "NonZero (node the_NonZero)" in said
    assert "Resize (node the_Resize)" in said


def test_an_operator_of_another_domain(tmp_path: Path, import_and_compare: Any) -> None:
    odd = node("FusedConv", ["picture"], "x", domain="com.microsoft")
    said = refused(write(tmp_path / "a.onnx", headed([odd])), import_and_compare)
    assert "com.microsoft::FusedConv (node the_FusedConv)" in said


def test_a_known_operator_used_in_an_unknown_way(tmp_path: Path, import_and_compare: Any) -> None:
    odd = node("Transpose", ["picture"], "x", perm=[1, 0, 2, 3])
    said = refused(write(tmp_path / "a.onnx", headed([odd])), import_and_compare)
    assert "Operator Transpose (node the_Transpose) moves the batch" in said


def test_several_inputs_are_named(tmp_path: Path, import_and_compare: Any) -> None:
    nodes = headed([node("Add", ["picture", "age"], "x")])
    said = refused(write(tmp_path / "a.onnx", nodes, inputs=("picture", "age")), import_and_compare)
    assert "2 inputs (picture, age)" in said


def test_several_outputs_are_named(tmp_path: Path, import_and_compare: Any) -> None:
    path = write(tmp_path / "a.onnx", PLAIN, outputs=("logits", "x"))
    assert "2 outputs (logits, x)" in refused(path, import_and_compare)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"shape": (1, 3, 4, 8, 8)}, "5-D"),
        ({"shape": (1, 1, 8, 8)}, "no axis of 3 channels"),
        ({"kind": TensorProto.FLOAT16}, "float16, not float32"),
        ({"opset": 12}, "operator set 12"),
    ],
)
def test_inputs_and_versions_that_cannot_be(
    changes: dict[str, Any], said: str, tmp_path: Path, import_and_compare: Any
) -> None:
    path = write(tmp_path / "a.onnx", PLAIN, **changes)
    assert said in refused(path, import_and_compare)


def test_an_operator_set_of_the_future(tmp_path: Path, import_and_compare: Any) -> None:
    path = write(tmp_path / "a.onnx", PLAIN)
    model = onnx.load(str(path))
    model.opset_import[0].version = 99
    path.write_bytes(model.SerializeToString())
    refused(path, import_and_compare)


def test_weights_that_are_not_finite(tmp_path: Path, import_and_compare: Any) -> None:
    kernel = np.ones((2, 3, 1, 1), np.float32)
    kernel[1, 1] = np.nan
    nodes = headed([node("Conv", ["picture", "kernel"], "x")])
    path = write(tmp_path / "a.onnx", nodes, {"kernel": kernel})
    assert "weight kernel is not finite" in refused(path, import_and_compare)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 0.95, 0.999])
def test_a_file_cut_short_anywhere(share: float, tmp_path: Path, import_and_compare: Any) -> None:
    nodes = headed([node("Conv", ["picture", "kernel"], "x")])
    path = write(tmp_path / "a.onnx", nodes, {"kernel": np.ones((9, 3, 3, 3), np.float32)})
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    refused(path, import_and_compare)


def external(folder: Path) -> Path:
    nodes = headed([node("Conv", ["picture", "kernel"], "x")])
    kernel = np.random.default_rng(0).normal(size=(9, 3, 3, 3)).astype(np.float32)
    path = write(folder / "a.onnx", nodes, {"kernel": kernel})
    onnx.save(onnx.load(str(path)), str(path), save_as_external_data=True, size_threshold=0,
              location="a.onnx.data")  # fmt: skip
    return path


def test_external_data_beside_the_file(tmp_path: Path, import_and_compare: Any) -> None:
    import_and_compare(external(tmp_path))


def test_external_data_that_is_missing_or_cut_short(
    tmp_path: Path, import_and_compare: Any
) -> None:
    path = external(tmp_path)
    data = tmp_path / "a.onnx.data"
    data.write_bytes(data.read_bytes()[:-7])
    assert "cut short" in refused(path, import_and_compare)
    data.unlink()
    assert "a.onnx.data, which is not beside it" in refused(path, import_and_compare)


def test_a_picture_of_features_instead_of_a_row_of_logits(
    tmp_path: Path, import_and_compare: Any
) -> None:
    path = write(tmp_path / "a.onnx", [node("Relu", ["picture"], "logits")])
    assert "not a row of logits" in refused(path, import_and_compare)


def test_an_output_that_depends_on_nothing(tmp_path: Path, import_and_compare: Any) -> None:
    nodes = [node("Relu", ["picture"], "x"), node("Add", ["c", "c"], "logits")]
    path = write(tmp_path / "a.onnx", nodes, {"c": np.ones((1, 4), np.float32)})
    assert "does not depend on the input" in refused(path, import_and_compare)
