"""Writes small bundles for tests, and answers for a network that needs no interpreter."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.inference.interpreter import TensorSpec

SIDE = 32
LABELS = ["blast", "neutrophil", "artefact"]
INPUT = {"scale": 2 / 255, "zero_point": -1}
OUTPUT = {"scale": 0.1, "zero_point": 3}


def description() -> dict[str, Any]:
    """A whole ``bundle.json``, but for the hashes."""
    return {
        "schema_version": 1,
        "name": "toy",
        "version": "1",
        "files": {},
        "input": {
            "size_px": SIDE,
            "um_per_px": 0.2,
            "colour": {"method": "white_reference", "parameters": {"white_level": 240}},
            "pixels": {"order": "RGB", "multiply": [1 / 127.5] * 3, "add": [-1.0] * 3},
            "quantization": dict(INPUT),
        },
        "output": {"kind": "logits", "quantization": dict(OUTPUT)},
        "labels": list(LABELS),
        "blast_labels": ["blast"],
        "non_cell_labels": ["artefact"],
        "decision": {"temperature": 1.5, "blast_offset": 0.0, "threshold": 0.6},
        "abstention": {"unsure_low": 0.5, "unsure_high": 0.7, "minimum_energy": -2.0},
        "operating_point": {
            "sensitivity": {"a": 8.0, "b": 2.0, "patients": 9, "cells": 400},
            "false_blast_rate": {"a": 1.0, "b": 99.0, "patients": 12, "cells": 900},
        },
        "figures": {"float": {"auc": 0.99}, "int8": {"auc": 0.989}},
        "trained_on": [{"name": "rendered", "terms": "own work"}],
    }


def write_bundle(folder: Path, told: dict[str, Any] | None = None) -> Path:
    """A bundle whose hashes are right; ``told`` replaces its description."""
    folder.mkdir(parents=True, exist_ok=True)
    crops = np.random.default_rng(0).integers(0, 256, (4, SIDE, SIDE, 3), dtype=np.uint8)
    (folder / "model.tflite").write_bytes(b"\x1c\x00\x00\x00TFL3 not really")
    np.savez_compressed(folder / "golden.npz", crops=crops, outputs=toy_answers(crops))
    (folder / "MODEL_CARD.md").write_text("# toy\n")
    whole = description() if told is None else told
    if isinstance(whole.get("files"), dict):
        for name in ("model.tflite", "golden.npz", "MODEL_CARD.md"):
            whole["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    (folder / "bundle.json").write_text(json.dumps(whole))
    return folder


def toy_answers(crops: NDArray[np.uint8]) -> NDArray[np.int8]:
    """What the toy network says: a blast where red is dark, an artefact where green is white."""
    red, green = crops[..., 0].mean(axis=(1, 2)), crops[..., 1].mean(axis=(1, 2))
    logits = np.stack([(128 - red) / 4, (red - 128) / 4, green - 200], axis=1)
    stored = np.rint(logits / OUTPUT["scale"]) + OUTPUT["zero_point"]
    answers: NDArray[np.int8] = np.clip(stored, -128, 127).astype(np.int8)
    return answers


class ToyInterpreter:
    """Stands in for ``Interpreter``: obeys its shapes and dtypes."""

    library = "toy 1"
    input = TensorSpec((SIDE, SIDE, 3), "int8", INPUT["scale"], -1)
    output = TensorSpec((3,), "int8", OUTPUT["scale"], 3)

    def __init__(self, wrong_by_steps: int = 0) -> None:
        self.wrong_by_steps = wrong_by_steps

    def run(self, batch: NDArray[np.int8]) -> NDArray[np.int8]:
        assert batch.dtype == np.int8
        assert batch.shape[1:] == self.input.shape
        crops = (batch.astype(np.int16) + 128).astype(np.uint8)
        answers = toy_answers(crops).astype(np.int16)
        return np.clip(answers + self.wrong_by_steps, -128, 127).astype(np.int8)
