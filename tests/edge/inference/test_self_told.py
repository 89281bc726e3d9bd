"""A ``bundle.json`` that says otherwise than the model file beside it is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.errors import BundleRefused
from edge.inference.bundle import load_bundle
from edge.inference.fields import Fields
from edge.inference.self_told import refuse_contradiction
from edge.inference.shelf import find_bundle


def _exchange(told: dict[str, Any]) -> None:
    first, second = (told["labels"].index(name) for name in ("neutrophil", "monocyte"))
    told["labels"][first], told["labels"][second] = "monocyte", "neutrophil"


@pytest.mark.parametrize(
    ("edit", "named"),
    [
        (_exchange, "labels"),
        (lambda told: told.update(blast_labels=["blast"]), "blast_labels"),
        (lambda told: told["input"].update(um_per_px=0.2), "input"),
        (lambda told: told["decision"].update(threshold=told["decision"]["threshold"] + 1e-3),
         "decision"),
    ],
)  # fmt: skip
def test_what_decides_an_answer_is_not_to_be_edited(
    edit: Callable[[dict[str, Any]], None], named: str, tmp_path: Path
) -> None:
    """Every golden answer was repeated, for they are numbers: with the names of two labels
    exchanged the device passed its golden test and called neutrophils monocytes."""
    folder = tmp_path / "bundle"
    shutil.copytree(find_bundle(), folder)
    load_bundle(folder)
    told = json.loads((folder / "bundle.json").read_text())
    edit(told)
    (folder / "bundle.json").write_text(json.dumps(told))
    with pytest.raises(BundleRefused, match=f": {named} is not what the model was proven with"):
        load_bundle(folder)


@pytest.mark.parametrize("model", [b"", b"TFL3", b"TFL3 PK\x03\x04 PK\x05\x06 cut"])
def test_a_model_that_tells_nothing_of_itself_is_taken_as_it_is(model: bytes) -> None:
    refuse_contradiction(model, Fields({"labels": ["blast", "other"]}, "bundle.json"))
