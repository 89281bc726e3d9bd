"""A network that is fed otherwise than it was trained is found out, and the mistake is named."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest

from convert.cells import CellSet, list_cells, read_cells
from convert.description import NetworkDescription, read_description
from convert.float_network import FloatNetwork
from convert.pixel_contract import RANGES, check_contract
from convert.settings import ConvertSettings
from edge.errors import ConversionRefused
from tests.convert.toy import LABELS, write_cells, write_description

SETTINGS = ConvertSettings(contract_cells=120)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> NetworkDescription:
    folder = tmp_path_factory.mktemp("contract")
    write_description(folder / "float.json")
    return read_description(folder / "float.json")


@pytest.fixture(scope="module")
def holdout(known: NetworkDescription, tmp_path_factory: pytest.TempPathFactory) -> CellSet:
    folder = tmp_path_factory.mktemp("cells") / "holdout"
    write_cells(folder, 5, tuple("ABCDEF"), each=8)
    return read_cells(list_cells(folder, known), known, lambda *_: None)


def features(real: np.ndarray) -> np.ndarray:
    """What a network of three layers might see: means of colours in the middle, squashed."""
    middle = real[:, 8:24, 8:24].reshape(len(real), -1, 3)
    seen = np.concatenate([np.tanh(2 * middle).mean(axis=1), np.tanh(2 * middle).std(axis=1)], 1)
    return np.concatenate([seen, seen**2, np.ones((len(real), 1))], axis=1)


def trained(
    known: NetworkDescription, holdout: CellSet, trained_as: str = "-1 to 1", swapped: bool = False
) -> FloatNetwork:
    """A network that knows the drawn cells, fed with these pixels, as its trainer describes."""
    multiply, add = (np.array(each) for each in RANGES[trained_as])
    real = (holdout.crops * multiply + add)[..., :: -1 if swapped else 1]
    seen = features(real)
    square = seen.T @ seen + 1e-4 * np.eye(seen.shape[1])
    head = np.linalg.solve(square, seen.T @ (6.0 * np.eye(len(LABELS))[holdout.label_index]))

    def run(pixels: np.ndarray) -> np.ndarray:
        return (features(pixels) @ head).astype(np.float32)

    return FloatNetwork(known, Path("float.keras"), run, lambda: None)


def refused(network: FloatNetwork, holdout: CellSet) -> str:
    with pytest.raises(ConversionRefused) as caught:
        check_contract(network, holdout, SETTINGS)
    print(caught.value)
    return str(caught.value)


def test_a_network_that_is_fed_as_described_goes_on(
    known: NetworkDescription, holdout: CellSet
) -> None:
    found = check_contract(trained(known, holdout), holdout, SETTINGS)
    assert found[0].name == "as described"
    assert len(found) >= 12
    assert found[0].auc is not None
    assert found[0].auc > 0.95


def test_blue_for_red(known: NetworkDescription, holdout: CellSet) -> None:
    """Neutrophils are the ones looked for here: drawn blasts are as red as they are blue."""
    known = dataclasses.replace(known, blast_labels=("neutrophil",))
    cells = dataclasses.replace(holdout, is_blast=holdout.label_index == 1)
    said = refused(trained(known, cells, swapped=True), cells)
    assert 'Set input.pixels.order to "BGR" in float.json' in said


def test_blue_for_red_where_blasts_look_the_same_either_way(
    known: NetworkDescription, holdout: CellSet
) -> None:
    """Ours, given blue for red, ranked blasts nearly as well and called other cells otherwise."""
    said = refused(trained(known, holdout, swapped=True), holdout)
    assert "tells its labels apart with an AUC of" in said
    assert 'Set input.pixels.order to "BGR" in float.json' in said


@pytest.mark.parametrize("name", [name for name in RANGES if name != "-1 to 1"])
def test_another_range(name: str, known: NetworkDescription, holdout: CellSet) -> None:
    """The network was trained on one range and is described as taking a wrong one."""
    described = dataclasses.replace(known, multiply=(3.0, 3.0, 3.0), add=(-400.0, -400.0, -400.0))
    said = refused(trained(described, holdout, name), holdout)
    assert "Set input.pixels.multiply to" in said


def test_a_label_order_that_is_reversed(known: NetworkDescription, holdout: CellSet) -> None:
    right = trained(known, holdout)
    order = [1, 0, 2, 3]
    network = dataclasses.replace(right, run=lambda pixels: right.run(pixels)[:, order])
    said = refused(network, holdout)
    assert "labels in the order neutrophil, blast, lymphocyte, artefact" in said


def test_two_labels_exchanged_that_are_no_blasts(
    known: NetworkDescription, holdout: CellSet
) -> None:
    """Blasts are told apart as well as ever, so nothing was said: every neutrophil was called a
    lymphocyte on the device."""
    right = trained(known, holdout)
    order = [0, 2, 1, 3]
    network = dataclasses.replace(right, run=lambda pixels: right.run(pixels)[:, order])
    said = refused(network, holdout)
    assert "tells its labels apart with an AUC of" in said
    assert "Put labels in the order blast, lymphocyte, neutrophil, artefact in float.json" in said


def test_a_crop_of_another_scale(known: NetworkDescription, holdout: CellSet) -> None:
    finer = dataclasses.replace(known, um_per_px=known.um_per_px * 0.5)
    small = read_cells(holdout.cells, finer, lambda *_: None)
    taught = trained(finer, small)
    # Blind to crops of any other scale than the one it was taught.
    rng = np.random.default_rng(0)
    keys = {crop.tobytes(): index for index, crop in enumerate(small.crops)}

    def run(pixels: np.ndarray) -> np.ndarray:
        crops = np.clip(np.rint((pixels + 1) * 127.5), 0, 255).astype(np.uint8)
        rows = []
        for crop, row in zip(crops, taught.run(pixels), strict=True):
            known_one = crop.tobytes() in keys
            rows.append(row if known_one else rng.normal(size=len(LABELS)))
        return np.array(rows, dtype=np.float32)

    said = refused(dataclasses.replace(taught, description=known, run=run), holdout)
    assert re.search(r"crops of 0\.4 um/px.*Set input\.um_per_px to 0\.4", said)
