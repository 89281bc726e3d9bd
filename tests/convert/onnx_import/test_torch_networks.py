"""Networks of many families, by both of PyTorch's exporters: imported, they answer as before."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

from edge.errors import ConversionRefused

pytest.importorskip("torch", reason="the extra `torch` is not installed")
pytest.importorskip("keras", reason="the extra `convert` is not installed")

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from bench.zoo.torch_networks import NETWORKS, export, make

# (newer exporter, batch of any size, operator set). The newer one takes seconds a network, so that
# every third family goes through it; one network goes through all ways.
WAYS = [(True, True, 18), (False, False, 13), (False, True, 17), (True, False, 20)]
TURNS = [WAYS[0], WAYS[1], WAYS[2], WAYS[3], WAYS[1], WAYS[2]]
FAMILIES = [(name, *TURNS[index % len(TURNS)]) for index, name in enumerate(NETWORKS)]


def exported(name: str, folder: Path, newer: bool, dynamic: bool, opset: int) -> Path:
    from convert.quiet import quiet

    path = folder / f"{name}.onnx"
    with warnings.catch_warnings(), quiet():
        warnings.simplefilter("ignore")  # the exporters' own
        export(make(name, 5), str(path), 64, newer, dynamic, opset)
    return path


@pytest.mark.parametrize(("name", "newer", "dynamic", "opset"), FAMILIES)
def test_every_family(
    name: str, newer: bool, dynamic: bool, opset: int, tmp_path: Path, import_and_compare: Any
) -> None:
    path = exported(name, tmp_path, newer, dynamic, opset)
    assert (tmp_path / f"{name}.onnx.data").exists() == newer
    model = import_and_compare(path, 64)
    moved = [each.name for each in model.operations if type(each).__name__ == "Transpose"]
    shuffles = 3 if name == "shufflenet_v2" else 0
    assert len(moved) == shuffles, "data are moved for a layout"


@pytest.mark.parametrize(("newer", "dynamic", "opset"), WAYS)
def test_every_way_of_export(
    newer: bool, dynamic: bool, opset: int, tmp_path: Path, import_and_compare: Any
) -> None:
    import_and_compare(exported("convnext", tmp_path, newer, dynamic, opset), 64)


def test_attention_is_refused_by_node(tmp_path: Path, import_and_compare: Any) -> None:
    path = exported("vision_transformer", tmp_path, True, False, 18)
    with pytest.raises(ConversionRefused, match=r"MatMul \(node .*two computed matrices"):
        import_and_compare(path, 64)
