"""A microscope on the mains under a camera with a rolling shutter: bands that pass for nuclei."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.shifts import bands
from edge.camera.frame import Frame
from edge.camera.source import open_camera
from edge.closing import Closing
from edge.imaging.coach import Advice
from edge.imaging.flicker import LampWatch
from edge.imaging.quality import Trouble
from edge.inference.classifier import Classifier
from edge.records.store import Store
from edge.screening import Outcome, Screening, Step
from edge.settings import Settings
from edge.signals.indicator import Indicator
from edge.signals.panel import NoLamps
from tests.edge.test_screening import SMALL, _Fields


class Mains(Closing):
    """A camera whose lamp hangs on the mains.

    Args:
        source: The camera under a steady lamp.
        depth: Share of the picture's brightness lost in the middle of a band.
        count: Bands in a frame.
        wander: Bands by which they move from frame to frame: 0 where they stand.
        flickering: Frames in which the lamp does.
    """

    continuous = True

    def __init__(
        self, source: str, depth: float, count: float, wander: float, flickering: range
    ) -> None:
        self._camera = open_camera(source)
        self._light = depth, count, wander
        self._flickering = flickering

    def frames(self) -> Iterator[Frame]:
        depth, count, wander = self._light
        for frame in self._camera.frames():
            rgb = frame.rgb
            if frame.number in self._flickering:
                rgb = bands(depth, count, wander * frame.number)(rgb, 0.2)[0]
            yield Frame(rgb, frame.exposed_at_s, frame.number)

    def close(self) -> None:
        self._camera.close()


def _screened(
    classifier: Classifier,
    home: Path,
    camera: Mains,
    um_per_px: float | None = 0.2,
) -> tuple[Outcome, list[Step]]:
    with camera, Store.open(home) as store:
        loop = Screening(camera, classifier, store, NoLamps(), Settings(), "S-1", "test", um_per_px)
        steps = list(loop.steps())
        assert loop.outcome is not None
        return loop.outcome, steps


@pytest.mark.parametrize(
    ("depth", "count", "wander"),
    [
        (0.05, 3.3, 0.0),
        (0.10, 2.0, 0.33),
        (0.20, 3.3, 0.33),
        (0.20, 3.3, 0.0),
        (0.30, 8.0, 0.5),
        (0.30, 0.6, 0.33),
    ],
)
def test_a_flickering_lamp_is_named_and_its_bands_are_never_counted(
    classifier: Classifier, tmp_path: Path, depth: float, count: float, wander: float
) -> None:
    source = f"phantom:healthy?seed=22&frames=40&{SMALL}"
    outcome, steps = _screened(
        classifier, tmp_path, Mains(source, depth, count, wander, range(1000))
    )
    assert outcome.cells == 0
    assert outcome.verdict == "CANNOT_JUDGE"
    assert "could not be used (flickering lamp)" in outcome.reason
    assert {step.advised for step in steps[3:]} == {Advice.FLICKERING_LAMP}
    assert "The lamp flickers" in steps[3].advice
    assert steps[-1].signal.indicator is Indicator.ADVICE
    assert steps[-1].signal.flashes == 3, "light"


def test_a_lamp_that_is_exchanged_in_the_middle_lets_the_examination_go_on(
    classifier: Classifier, tmp_path: Path
) -> None:
    source = f"phantom:healthy?seed=22&frames=60&{SMALL}"
    _, steps = _screened(classifier, tmp_path, Mains(source, 0.2, 3.3, 0.33, range(30)))
    assert all(not step.cells for step in steps[:30])
    assert steps[-1].trouble is not Trouble.FLICKERING_LAMP
    assert steps[-1].advised is not Advice.FLICKERING_LAMP
    assert sum(len(step.cells) for step in steps) > 0


def test_a_lamp_that_begins_to_flicker_stops_the_counting_at_once(
    classifier: Classifier, tmp_path: Path
) -> None:
    source = f"phantom:healthy?seed=22&frames=60&{SMALL}"
    _, steps = _screened(classifier, tmp_path, Mains(source, 0.2, 3.3, 0.33, range(30, 60)))
    assert sum(len(step.cells) for step in steps[:30]) > 0
    assert all(cell.frame < 30 for step in steps for cell in step.cells)
    assert steps[-1].advised is Advice.FLICKERING_LAMP


def test_under_a_steady_lamp_the_watch_changes_nothing(
    classifier: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = f"phantom:healthy?seed=22&frames=80&{SMALL}"
    steady = Mains(source, 0.0, 1.0, 0.0, range(0))
    watched, steps = _screened(classifier, tmp_path / "watched", steady)
    monkeypatch.setattr(LampWatch, "see", lambda *_: False)
    steady = Mains(source, 0.0, 1.0, 0.0, range(0))
    unwatched, _ = _screened(classifier, tmp_path / "unwatched", steady)
    assert watched.cells > 10
    assert replace(watched, seconds=0.0) == replace(unwatched, seconds=0.0)
    assert Advice.FLICKERING_LAMP not in {step.advised for step in steps}


def test_where_bands_hide_the_scale_the_reason_is_the_lamp(
    classifier: Classifier, tmp_path: Path
) -> None:
    source = f"phantom:healthy?seed=22&frames=30&{SMALL}"
    outcome, _ = _screened(
        classifier, tmp_path, Mains(source, 0.9, 3.3, 0.33, range(1000)), um_per_px=None
    )
    assert outcome.cells == 0
    assert "flickering lamp" in outcome.reason


def test_pictures_of_a_folder_are_looked_at_one_by_one(
    classifier: Classifier, tmp_path: Path
) -> None:
    with open_camera(f"phantom:healthy?seed=22&frames=2&{SMALL}") as camera:
        good, other = (np.array(frame.rgb) for frame in camera.frames())
    pictures = _Fields([bands(0.2, 3.3, 0.1)(good, 0.2)[0], other])
    with Store.open(tmp_path) as store:
        loop = Screening(pictures, classifier, store, NoLamps(), Settings(), "S-1", "test", 0.2)
        banded, steady = loop.steps()
    assert banded.trouble is Trouble.FLICKERING_LAMP
    assert steady.trouble is None
