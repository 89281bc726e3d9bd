"""A folder in which the same field comes again and again: no cell is counted twice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edge.camera.phantom import open_phantom
from edge.camera.source import open_camera
from edge.inference.classifier import Classifier
from edge.records.store import Store
from edge.screening import Outcome, Screening
from edge.settings import Settings
from edge.signals.panel import NoLamps

Rgb = NDArray[np.uint8]


@pytest.fixture(scope="module")
def wide() -> Rgb:
    camera = open_phantom("healthy", seed=3, viewport_px=(1600, 960), frames=1)
    return next(iter(camera.frames())).rgb


def _screened(classifier: Classifier, folder: Path, pictures: list[Rgb]) -> Outcome:
    shots = folder / "shots"
    shots.mkdir(parents=True)
    for number, rgb in enumerate(pictures):
        Image.fromarray(rgb).save(shots / f"{number:03d}.jpg", quality=92)
    source = f"replay:{shots}"
    with open_camera(source) as camera, Store.open(folder) as store:
        return Screening(camera, classifier, store, NoLamps(), Settings(), "S-1", source, 0.2).run()


def test_one_healthy_field_saved_forty_times_is_not_green(
    classifier: Classifier, tmp_path: Path, wide: Rgb
) -> None:
    """Five normal cells are five cells, however often they are shown."""
    field = wide[:, :1280]
    once = _screened(classifier, tmp_path / "once", [field])
    burst = _screened(classifier, tmp_path / "burst", [field] * 40)
    assert once.cells >= 3
    assert burst.cells == once.cells
    assert burst.verdict == "CANNOT_JUDGE"
    assert burst.reason.startswith(
        "39 of 40 pictures show ground seen before; its cells were counted once."
    )


def test_a_film_of_the_stage_counts_what_its_ground_holds(
    classifier: Classifier, tmp_path: Path, wide: Rgb
) -> None:
    """Pictures that overlap by nine tenths, as of a film taken apart, against the ground itself."""
    film = [wide[:, left : left + 800] for left in range(0, 801, 80)]
    whole = _screened(classifier, tmp_path / "whole", [wide])
    taken_apart = _screened(classifier, tmp_path / "film", film)
    assert whole.cells >= 4
    assert abs(taken_apart.cells - whole.cells) <= 1
