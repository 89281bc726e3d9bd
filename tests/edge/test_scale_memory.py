"""Scales of earlier examinations: kept durably, narrowing new ones, never needed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from edge.camera.frame import Frame
from edge.camera.source import open_camera
from edge.imaging.objectives import Objective
from edge.imaging.scale import ScaleEstimate
from edge.inference.classifier import Classifier
from edge.records.store import Store
from edge.scale_memory import FILE_NAME, ScaleMemory, kind_of_picture
from edge.screening import Outcome, Screening
from edge.selftest.finding import Result
from edge.selftest.parts import objectives
from edge.settings import Settings
from edge.signals.panel import NoLamps

KIND = "v4l2 960x720"


def reading(um_per_px: float) -> ScaleEstimate:
    return ScaleEstimate(um_per_px, 0.085, 40)


def remember(home: Path, scales: list[float]) -> None:
    memory = ScaleMemory(home)
    for scale in scales:
        memory.add(KIND, reading(scale))
    assert memory.trouble == ""


def examine(home: Path, classifier: Classifier, source: str, frames: int = 4) -> Outcome:
    """A rendered smear seen through a camera of that name."""
    with (
        open_camera(f"phantom:leukemic?seed=26&frames={frames}&viewport=960x720") as camera,
        Store.open(home) as store,
    ):
        loop = Screening(camera, classifier, store, NoLamps(), Settings(), "S-1", source)
        return loop.run()


def test_what_was_measured_is_remembered_by_camera_and_frame_size(tmp_path):
    remember(tmp_path, [0.2, 0.21, 0.08])
    memory = ScaleMemory(tmp_path)
    assert [each.examinations for each in memory.known(KIND)] == [2, 1]
    assert memory.known("v4l2 1920x1080") == ()
    assert memory.known(None) == ()


def test_pictures_from_files_leave_nothing_behind(tmp_path):
    assert kind_of_picture("v4l2:/dev/video0", 960, 720) == KIND
    for source in ("replay:FOLDER", "pan:FIELD.webp", "phantom:healthy"):
        assert kind_of_picture(source, 960, 720) is None
    ScaleMemory(tmp_path).add(None, reading(0.2))
    assert not (tmp_path / FILE_NAME).exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe\x00",
        b'{"version": 2, "kinds": {}}',
        b'{"version": 1, "kinds": {"v4l2 960x720": [{"um_per_px": "wide"}]}}',
        b'{"version": 1, "kinds": {"v4l2 960x720": [{"um_per_px": NaN, "examinations": 1, '
        b'"last_seen": "", "last_used": 1}]}}',
        b'{"version": 1, "kinds": 7}',
    ],
)
def test_a_damaged_file_is_told_of_and_begun_anew(tmp_path, content):
    (tmp_path / FILE_NAME).write_bytes(content)
    memory = ScaleMemory(tmp_path)
    assert FILE_NAME in memory.trouble
    assert memory.known(KIND) == ()
    found = objectives(tmp_path)
    assert found.result is Result.NOTE
    memory.add(KIND, reading(0.2))
    assert ScaleMemory(tmp_path).trouble == ""
    assert len(ScaleMemory(tmp_path).known(KIND)) == 1


def test_a_full_card_is_told_of_and_stops_nothing(tmp_path, monkeypatch):
    remember(tmp_path, [0.2])
    before = (tmp_path / FILE_NAME).read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("edge.scale_memory.os.fsync", full)
    memory = ScaleMemory(tmp_path)
    memory.add(KIND, reading(0.2))
    assert "No space left" in memory.trouble
    assert (tmp_path / FILE_NAME).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME], "no half file is left"


def test_the_file_does_not_grow(tmp_path):
    memory = ScaleMemory(tmp_path)
    for i in range(40):
        memory.add(f"v4l2 {640 + i}x480", reading(0.2))
    assert len(ScaleMemory(tmp_path).kinds) == 16
    assert "v4l2 679x480" in memory.kinds


def test_the_self_test_names_the_objectives(tmp_path):
    assert "None measured yet" in objectives(tmp_path).told
    remember(tmp_path, [0.2] * 12)
    told = objectives(tmp_path).told
    assert "v4l2 960x720: 0.200 um/px" in told
    assert "12 examinations" in told


def test_an_examination_remembers_its_scale_and_the_next_one_is_narrowed_by_it(
    classifier: Classifier, tmp_path: Path
) -> None:
    first = examine(tmp_path, classifier, "v4l2:/dev/video0")
    (own,) = ScaleMemory(tmp_path).known(KIND)
    assert own.um_per_px == pytest.approx(first.um_per_px, rel=1e-3)
    assert first.scale_note == ""

    # Twelve other slides of this objective said 0.2: a slide's own red cells no longer decide.
    (tmp_path / FILE_NAME).unlink()
    remember(tmp_path, [0.2] * 12)
    second = examine(tmp_path, classifier, "v4l2:/dev/video0")
    assert first.um_per_px is not None
    assert second.um_per_px is not None
    assert abs(second.um_per_px - 0.2) <= abs(first.um_per_px - 0.2)
    assert second.um_per_px == pytest.approx(0.2, rel=0.02)
    (known,) = ScaleMemory(tmp_path).known(KIND)
    assert known.examinations == 13


def test_an_objective_never_used_here_is_told(classifier: Classifier, tmp_path: Path) -> None:
    remember(tmp_path, [0.08] * 6)
    outcome = examine(tmp_path, classifier, "v4l2:/dev/video0")
    assert outcome.um_per_px == pytest.approx(0.2, rel=0.1), "what is seen is believed"
    assert "no objective used here before" in outcome.scale_note
    assert len(ScaleMemory(tmp_path).known(KIND)) == 2


def test_a_file_of_pictures_is_measured_by_itself(classifier: Classifier, tmp_path: Path) -> None:
    remember(tmp_path, [0.08] * 6)
    outcome = examine(tmp_path, classifier, "phantom:leukemic")
    assert outcome.scale_note == ""
    assert [each.um_per_px for each in ScaleMemory(tmp_path).known(KIND)] == pytest.approx([0.08])


class _Glass:
    """Frames of empty glass."""

    continuous = True

    def frames(self):
        for number in range(5):
            yield Frame(np.full((720, 960, 3), 230, np.uint8), number / 15, number, "glass")


def test_on_empty_glass_no_scale_is_borrowed(classifier: Classifier, tmp_path: Path) -> None:
    remember(tmp_path, [0.2] * 12)
    with Store.open(tmp_path) as store:
        loop = Screening(
            _Glass(),  # type: ignore[arg-type]
            classifier,
            store,
            NoLamps(),
            Settings(),
            "S-2",
            "v4l2:/dev/video0",
        )
        outcome = loop.run()
    assert outcome.verdict == "CANNOT_JUDGE"
    assert outcome.um_per_px is None
    (known,) = ScaleMemory(tmp_path).known(KIND)
    assert known.examinations == 12


def test_the_file_is_plain_to_read(tmp_path):
    remember(tmp_path, [0.2])
    told = json.loads((tmp_path / FILE_NAME).read_text(encoding="utf-8"))
    (one,) = told["kinds"][KIND]
    assert Objective(**one).um_per_px == pytest.approx(0.2)
