"""What all tests of the importer need: Keras, onnxruntime, and the comparison of both."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Imported = Callable[..., Any]


@pytest.fixture
def import_and_compare(keras_module: Any) -> Imported:
    """Import a file and compare it with onnxruntime on random pictures; returns the Keras model."""
    from convert.onnx_import.building import build_model
    from convert.onnx_import.comparison import open_reference, refuse_difference
    from convert.onnx_import.reading import read_graph
    from convert.quiet import quiet

    def run(path: Path, size_px: int = 8, seed: int = 0) -> Any:
        graph = read_graph(path)
        with quiet():
            model = build_model(graph, size_px, path.name)
        side = model.inputs[0].shape[1:3]
        pictures = np.random.default_rng(seed).normal(size=(3, *side, 3)).astype(np.float32)
        found = np.asarray(model(pictures, training=False))
        wanted = open_reference(path, graph)(pictures)
        error = refuse_difference(found, wanted, path.name, "random pictures")
        assert np.ptp(wanted) > 0, "a constant answer proves nothing"
        print(f"{path.name}: {error:.1e} from onnxruntime")
        return model

    return run
