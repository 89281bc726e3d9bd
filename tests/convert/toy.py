"""A tiny network and drawn cells, for the whole way without real data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from convert.golden_inputs import draw_cells

SIDE = 32
LABELS = ("blast", "neutrophil", "lymphocyte", "artefact")


def description(**changes: Any) -> dict[str, Any]:
    """A whole ``float.json``."""
    told: dict[str, Any] = {
        "name": "toy",
        "version": "1",
        "labels": list(LABELS),
        "blast_labels": ["blast"],
        "non_cell_labels": ["artefact"],
        "synonyms": {"myeloblast": "blast"},
        "input": {
            "size_px": SIDE,
            "um_per_px": 0.8,
            "colour": {"method": "white_reference", "parameters": {"context_um": 36.0}},
        },
        "trained_on": [{"name": "drawn", "terms": "own work"}],
        "log": "training.log",
    }
    return told | changes


def write_description(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps(description(**changes)))
    (path.parent / "training.log").write_text("epoch 1\n")


def build_network(seed: int = 0) -> Any:
    """Untrained but not blind: a small MobileNetV2-like network whose head was fitted.

    Blocks of expansion, depthwise and projection with a residual addition, as the real one.
    """
    import keras

    keras.utils.set_random_seed(seed)
    layers = keras.layers
    inputs = keras.Input((SIDE, SIDE, 3))
    x = layers.ReLU(6.0)(_normed(layers.Conv2D(8, 3, 2, "same", use_bias=False)(inputs)))
    x = _normed(layers.Conv2D(8, 1, use_bias=False)(x))
    for _ in range(2):
        y = layers.ReLU(6.0)(_normed(layers.Conv2D(24, 1, use_bias=False)(x)))
        y = layers.ReLU(6.0)(_normed(layers.DepthwiseConv2D(3, 1, "same", use_bias=False)(y)))
        x = layers.Add()([x, _normed(layers.Conv2D(8, 1, use_bias=False)(y))])
    x = layers.ReLU(6.0)(_normed(layers.Conv2D(32, 1)(x)))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(len(LABELS))(x))


def _normed(x: Any) -> Any:
    import keras

    return keras.layers.BatchNormalization(momentum=0.5)(x)


def fit_head(network: Any, crops: Any, label_index: Any) -> None:
    """Ridge regression of the last layer: enough to know drawn blasts from the rest."""
    import keras

    for _ in range(10):  # the statistics of its normalisations
        network(crops.astype(np.float32) / 127.5 - 1.0, training=True)
    features = keras.Model(network.input, network.layers[-2].output)
    seen = np.asarray(features(crops.astype(np.float32) / 127.5 - 1.0, training=False))
    seen = np.concatenate([seen, np.ones((len(seen), 1))], axis=1)
    wanted = 6.0 * np.eye(len(LABELS))[label_index] - 3.0
    square = seen.T @ seen
    # Ridge: a head of huge weights would magnify the rounding that is being tested.
    square += 1e-3 * np.trace(square) / len(square) * np.eye(len(square))
    solved = np.linalg.solve(square, seen.T @ wanted)
    network.layers[-1].set_weights([solved[:-1], solved[-1]])


def write_cells(folder: Path, seed: int, patients: tuple[str, ...], each: int = 12) -> None:
    """Drawn cells of every label for each patient, tinted by label; the last patient is healthy."""
    tints = {
        "blast": (1.0, 0.55, 1.0),
        "neutrophil": (1.0, 0.95, 0.6),
        "lymphocyte": (0.6, 0.9, 1.0),
        "artefact": (0.5, 0.5, 0.5),
    }
    rows = ["file,label,patient,um_per_px"]
    for number, patient in enumerate(patients):
        for place, label in enumerate(LABELS):
            if label == "blast" and number == len(patients) - 1:
                continue
            (folder / label).mkdir(parents=True, exist_ok=True)
            cells = draw_cells(each, 48, seed * 1000 + number * 10 + place)
            for index, cell in enumerate(cells):
                tinted = 240 - (240 - cell.clip(0, 240)) * np.array(tints[label])
                name = f"{label}/{patient}_{index}.png"
                Image.fromarray(tinted.astype(np.uint8)).save(folder / name)
                rows.append(f"{name},{label},{patient},0.8")
    (folder / "index.csv").write_text("\n".join(rows) + "\n")
