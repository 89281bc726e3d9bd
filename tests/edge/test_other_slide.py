"""Slide or objective changed in mid-examination: two people must not become one count."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from bench.shifts import light
from edge.camera.source import open_camera
from edge.imaging.coach import Advice
from edge.inference.classifier import Classifier
from edge.records.store import Store
from edge.screening import Screening, Step
from edge.settings import Settings
from edge.signals.panel import NoLamps
from tests.edge.test_screening import SMALL, _Fields

Rgb = NDArray[np.uint8]

BARE_LIGHT = np.full((720, 960, 3), 255, dtype=np.uint8)


def _field(seed: int) -> Rgb:
    with open_camera(f"phantom:healthy?seed={seed}&frames=1&{SMALL}") as camera:
        return next(iter(camera.frames())).rgb


def _stained_otherwise(rgb: Rgb) -> Rgb:
    """The same cells with a third more of the dye that takes red light."""
    white = np.percentile(rgb[..., 0], 95)
    red = white * np.clip(rgb[..., 0] / white, 0, 1) ** 1.35
    return np.dstack([red.astype(np.uint8), rgb[..., 1:]])


def _screened(classifier: Classifier, home: Path, frames: list[Rgb]) -> tuple[list[Step], str]:
    camera = _Fields(frames)
    camera.continuous = True
    with Store.open(home) as store:
        loop = Screening(camera, classifier, store, NoLamps(), Settings(), "S-1", "test", 0.2)
        steps = list(loop.steps())
        assert loop.outcome is not None
        return steps, loop.outcome.reason


@pytest.fixture(scope="module")
def mine() -> Rgb:
    return _field(27)


@pytest.fixture(scope="module")
def elsewhere() -> Rgb:
    return _field(28)


def test_another_slide_is_asked_about_and_stands_in_the_reason(
    classifier: Classifier, tmp_path: Path, mine: Rgb, elsewhere: Rgb
) -> None:
    other = _stained_otherwise(elsewhere)
    frames = [mine] * 48 + [BARE_LIGHT] * 25 + [other] * 12
    steps, reason = _screened(classifier, tmp_path, frames)
    assert steps[60].advised is Advice.SATURATED
    assert steps[-1].advised is Advice.OTHER_SLIDE
    assert "start a new one" in steps[-1].advice
    assert "seems to have been changed" in reason


@pytest.mark.parametrize("what", ["another part of the slide", "the lamp turned down meanwhile"])
def test_on_one_slide_nothing_of_the_kind_is_said(
    classifier: Classifier, tmp_path: Path, mine: Rgb, elsewhere: Rgb, what: str
) -> None:
    after = elsewhere
    if what == "the lamp turned down meanwhile":
        after = light(0.8, 0.74, 0.64)(elsewhere, 0.2)[0]
    steps, reason = _screened(classifier, tmp_path, [mine] * 48 + [BARE_LIGHT] * 25 + [after] * 12)
    assert Advice.OTHER_SLIDE not in {step.advised for step in steps}
    assert "changed" not in reason


def test_an_objective_turned_in_between_is_told_at_once_and_counts_nothing(
    classifier: Classifier, tmp_path: Path, mine: Rgb
) -> None:
    """40x to 20x: the way to the new ground is a jump, and half a minute would be too late."""
    with open_camera("phantom:leukemic?seed=29&frames=1&viewport=1920x1440") as camera:
        wide = next(iter(camera.frames())).rgb
    coarse = np.asarray(Image.fromarray(wide).reduce(2))
    steps, _ = _screened(classifier, tmp_path, [mine] * 12 + [coarse] * 10)
    assert sum(len(step.cells) for step in steps[:12]) > 0
    assert steps[-1].advised is Advice.WRONG_OBJECTIVE
    assert sum(len(step.cells) for step in steps[12:]) == 0


@pytest.mark.parametrize("um_per_px", [0.08, 0.4])
def test_an_objective_other_than_the_scale_given_is_told_before_a_cell_is_counted(
    classifier: Classifier, tmp_path: Path, um_per_px: float
) -> None:
    """A device whose settings name the scale of its 40x; today the 100x or the 20x is turned in.

    Healthy cells seen twice as large look like blasts, and blasts seen half as large do not.
    """
    source = f"phantom:leukemic?seed=29&frames=8&viewport=1280x960&um_per_px={um_per_px}"
    with open_camera(source) as camera, Store.open(tmp_path) as store:
        loop = Screening(camera, classifier, store, NoLamps(), Settings(), "S-1", source, 0.2)
        steps = list(loop.steps())
    assert sum(len(step.cells) for step in steps) == 0
    assert steps[-1].advised is Advice.WRONG_OBJECTIVE
    assert loop.outcome is not None
    assert loop.outcome.verdict == "CANNOT_JUDGE"
    assert loop.outcome.reason.startswith("The red cells are of another scale")
