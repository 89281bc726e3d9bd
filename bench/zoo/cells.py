"""Drawn cells and a description for networks of the zoo: not real, so that anyone may run it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from convert.golden_inputs import draw_cells

LABELS = ("blast", "neutrophil", "lymphocyte", "artefact")
_TINTS = {
    "blast": (1.0, 0.55, 1.0),
    "neutrophil": (1.0, 0.95, 0.6),
    "lymphocyte": (0.6, 0.9, 1.0),
    "artefact": (0.5, 0.5, 0.5),
}
_UM_PER_PX = 0.4


def write_cells(folder: Path, seed: int, patients: str, side: int, each: int) -> Path:
    """Cells of every label for each patient, tinted by label; the last patient is healthy."""
    rows = ["file,label,patient,um_per_px"]
    for number, patient in enumerate(patients):
        for place, label in enumerate(LABELS):
            if label == "blast" and number == len(patients) - 1:
                continue
            (folder / label).mkdir(parents=True, exist_ok=True)
            cells = draw_cells(each, side + 16, seed * 1000 + number * 10 + place)
            for index, cell in enumerate(cells):
                tinted = 240 - (240 - cell.clip(0, 240)) * np.array(_TINTS[label])
                name = f"{label}/{patient}_{index}.png"
                Image.fromarray(tinted.astype(np.uint8)).save(folder / name)
                rows.append(f"{name},{label},{patient},{_UM_PER_PX}")
    (folder / "index.csv").write_text("\n".join(rows) + "\n")
    return folder


def write_description(path: Path, name: str, side: int) -> None:
    """A whole description for a network of this side, pixels -1 to 1."""
    told: dict[str, Any] = {
        "name": name,
        "version": "1",
        "labels": list(LABELS),
        "blast_labels": ["blast"],
        "non_cell_labels": ["artefact"],
        "input": {
            "size_px": side,
            "um_per_px": _UM_PER_PX,
            "colour": {"method": "white_reference", "parameters": {}},
        },
        "trained_on": [{"name": "drawn", "terms": "own work"}],
    }
    path.write_text(json.dumps(told))


def fitted_head(features: np.ndarray[Any, Any], label_index: np.ndarray[Any, Any]) -> Any:
    """Weights (features, labels) and bias of a dense layer that knows the labels: ridge
    regression, so that a network of random weights has something to lose."""
    centre = features.mean(axis=0)
    scale = features.std(axis=0) + 1e-6
    seen = np.concatenate([(features - centre) / scale, np.ones((len(features), 1))], axis=1)
    wanted = 6.0 * np.eye(len(LABELS))[label_index] - 3.0
    square = seen.T @ seen + 0.05 * len(seen) * np.eye(seen.shape[1])
    solved = np.linalg.solve(square, seen.T @ wanted)
    weights = solved[:-1] / scale[:, None]
    return weights.astype(np.float32), (solved[-1] - centre @ weights).astype(np.float32)
