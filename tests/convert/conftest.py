"""TensorFlow is loaded once for all tests of this folder, and only where it is installed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.convert.toy import build_network, fit_head, write_cells, write_description


@dataclass(frozen=True)
class ToyWorld:
    """Files of a tiny network and its cells."""

    source: Path
    calibration: Path
    holdout: Path


@pytest.fixture(scope="session")
def keras_module() -> Any:
    from convert.quiet import hush_tensorflow

    hush_tensorflow()
    return pytest.importorskip("keras", reason="the extra `convert` is not installed")


@pytest.fixture(scope="session")
def toy_world(keras_module: Any, tmp_path_factory: pytest.TempPathFactory) -> ToyWorld:
    from convert.cells import list_cells, read_cells
    from convert.description import read_description

    folder = tmp_path_factory.mktemp("toy")
    write_cells(folder / "calibration", 1, ("A", "B", "C", "D"))
    write_cells(folder / "holdout", 2, ("E", "F", "G", "H"))
    write_description(folder / "float.json")
    known = read_description(folder / "float.json")
    cells = list_cells(folder / "calibration", known)
    read = read_cells(cells, known, lambda *_: None)
    network = build_network()
    fit_head(network, read.crops, read.label_index)
    network.save(folder / "float.keras")
    return ToyWorld(folder / "float.keras", folder / "calibration", folder / "holdout")
