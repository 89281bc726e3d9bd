"""A cell seen in mirrors: whichever way it lay on the slide, the call is the same."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from edge.errors import BundleRefused
from edge.inference.bundle import load_bundle
from edge.inference.classifier import Classifier
from edge.inference.interpreter import Interpreter
from edge.inference.views import VIEWS, mean_answer, mirrored
from tests.edge.inference.bundle_maker import SIDE, ToyInterpreter, description, write_bundle

Crops = NDArray[np.uint8]


class OneEyed(ToyInterpreter):
    """Looks at the upper left quarter alone: its answer hangs on how the cell lies."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def run(self, batch: NDArray[np.int8]) -> NDArray[np.int8]:
        self.asked += len(batch)
        quarter = batch[:, : SIDE // 2, : SIDE // 2]
        return super().run(quarter.repeat(2, axis=1).repeat(2, axis=2))


def one_eyed(folder: Path, views: int | None) -> tuple[Classifier, OneEyed]:
    told = copy.deepcopy(description())
    if views is not None:
        told["input"]["views"] = views
    eye = OneEyed()
    return Classifier(load_bundle(write_bundle(folder, told)), cast(Interpreter, eye)), eye


def lying_cells() -> Crops:
    """Three crops, dark in one corner each."""
    crops = np.full((3, SIDE, SIDE, 3), 150, dtype=np.uint8)
    for crop, (row, column) in zip(crops, ((0, 0), (0, 20), (20, 0)), strict=True):
        crop[row : row + 12, column : column + 12, 0] = 40
    return crops


def test_the_call_is_the_same_whichever_way_the_cell_lay(tmp_path: Path) -> None:
    classifier, eye = one_eyed(tmp_path, views=4)
    cells = lying_cells()
    as_seen = classifier.classify(cells)
    assert eye.asked == 4 * len(cells)
    for turned in mirrored(cells, 4)[1:]:
        assert classifier.classify(turned) == as_seen


def test_a_bundle_older_than_views_looks_once(tmp_path: Path) -> None:
    classifier, eye = one_eyed(tmp_path, views=None)
    cells = lying_cells()
    alone = classifier.classify(cells)
    assert (classifier.bundle.input.views, eye.asked) == (1, len(cells))
    assert alone[0].p_blast > alone[1].p_blast  # its eye saw the dark corner of the first only


@pytest.mark.parametrize("views", [0, 3, 5, "4", 4.5, True])
def test_a_number_of_views_that_no_mirror_makes_is_refused(views: Any, tmp_path: Path) -> None:
    with pytest.raises(BundleRefused, match="views"):
        one_eyed(tmp_path, views)


@given(
    arrays.arrays(np.uint8, st.tuples(*[st.integers(1, 5)] * 3, st.just(3))), st.sampled_from(VIEWS)
)
def test_views_are_the_crop_and_its_mirror_images(crops: Crops, views: int) -> None:
    seen = mirrored(crops, views)
    assert len(seen) == views
    assert seen[0] is crops
    for view in seen:
        assert view.shape == crops.shape
        assert np.array_equal(np.sort(view, axis=None), np.sort(crops, axis=None))
    if views == 4:
        assert np.array_equal(seen[3], crops[:, ::-1, ::-1])


@given(arrays.arrays(np.uint8, (2, 4, 4, 3)))
def test_the_mean_of_four_knows_no_up_and_no_left(crops: Crops) -> None:
    weights = np.arange(4 * 4 * 3).reshape(4, 4, 3)

    def answer(seen: Crops) -> NDArray[np.float64]:
        return np.stack([(seen * weights).sum(axis=(1, 2, 3)), seen[:, 0, 0, 0]], 1).astype(float)

    mean = mean_answer(answer, crops, 4)
    for turned in mirrored(crops, 4):
        np.testing.assert_allclose(mean_answer(answer, turned, 4), mean)
    np.testing.assert_array_equal(mean_answer(answer, crops, 1), answer(crops))


def test_other_numbers_of_views_are_refused() -> None:
    with pytest.raises(ValueError, match="views is 3"):
        mirrored(lying_cells(), 3)
