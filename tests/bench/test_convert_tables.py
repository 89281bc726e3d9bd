"""What the document says of the converter is what the scripts measured."""

from __future__ import annotations

import json

from bench.convert_tables import COST, ZOO, rewrite
from tests.shared_data import REPOSITORY


def test_the_document_tells_what_was_measured() -> None:
    text = (REPOSITORY / "docs" / "convert.md").read_text(encoding="utf-8")
    assert rewrite(text) == text, "run: python -m bench.convert_tables docs/convert.md"


def test_every_architecture_that_was_tried_ended_as_it_should() -> None:
    zoo = json.loads(ZOO.read_text(encoding="utf-8"))
    assert zoo["networks"] >= 20
    assert zoo["failed"] == 0
    assert any(row["outcome"] == "bundle" and "dynamo=True" in row["source"] for row in zoo["rows"])
    refused = [row for row in zoo["rows"] if row["outcome"] == "refused"]
    assert [row["network"] for row in refused] == ["vision_transformer"]
    assert "MatMul" in refused[0]["words"]


def test_it_costs_little_more_than_the_bare_converter() -> None:
    cost = json.loads(COST.read_text(encoding="utf-8"))
    assert cost["memory_ratio"] <= 1.3
    assert cost["time_ratio"] <= 1.3
