"""A folder with pictures of two objectives, or with some that a messenger made smaller."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge.camera.phantom import open_phantom
from edge.camera.source import open_camera
from edge.inference.classifier import Classifier
from edge.records.store import Store
from edge.screening import Screening
from edge.settings import Settings
from edge.signals.panel import NoLamps


@pytest.mark.parametrize("how", ["another objective", "made smaller"])
def test_pictures_of_another_scale_are_not_counted(
    classifier: Classifier, tmp_path: Path, how: str
) -> None:
    """A blast seen half as large as it is looks like a lymphocyte: no reason for green."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    for number in range(8):
        kind, um_per_px = ("healthy", 0.2) if number < 4 else ("leukemic", 0.4)
        if how == "made smaller" and number >= 4:
            um_per_px = 0.2
        camera = open_phantom(
            kind, seed=40 + number, viewport_px=(960, 720), frames=1, um_per_px=um_per_px
        )
        picture = Image.fromarray(np.asarray(next(iter(camera.frames())).rgb))
        if how == "made smaller" and number >= 4:
            picture = picture.reduce(2)
        picture.save(folder / f"{number}.png")
    source = f"replay:{folder}"
    with open_camera(source) as camera, Store.open(tmp_path) as store:
        loop = Screening(camera, classifier, store, NoLamps(), Settings(), "S-1", source)
        steps = list(loop.steps())
    assert loop.outcome is not None
    assert loop.outcome.um_per_px == pytest.approx(0.2, rel=0.1)
    assert sum(len(step.cells) for step in steps if step.frame.number < 4) > 0
    assert sum(len(step.cells) for step in steps if step.frame.number >= 4) == 0
    assert loop.outcome.reason.startswith("4 of 8 pictures are of another scale than ")
