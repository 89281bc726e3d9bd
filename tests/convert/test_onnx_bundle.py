"""A network out of PyTorch becomes a bundle, and the device's own command uses it."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the extra `torch` is not installed")
pytest.importorskip("keras", reason="the extra `convert` is not installed")


def test_from_the_newest_exporter_to_a_cell_classified(tmp_path: Path) -> None:
    from bench.convert_zoo import convert_one

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own
        row = convert_one("efficientnet", tmp_path / "zoo", newer=True)
    assert row["outcome"] == "bundle", row["words"]
    assert row["source"] == ".onnx, dynamo=True"
    report = (tmp_path / "zoo" / "bundle.report.json").read_text(encoding="utf-8")
    assert "from onnxruntime on 32 calibration cells" in report, "compared on real cells too"
