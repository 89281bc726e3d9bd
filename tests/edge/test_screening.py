"""A technician screens a slide: from the first frame to the lamp and the record."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from edge import screening
from edge.camera.frame import Camera, Frame
from edge.camera.source import open_camera
from edge.errors import CameraLost, ColoursWrong, DiskFull, GoldenTestFailed
from edge.imaging.locate import locate
from edge.imaging.quality import Trouble
from edge.inference.classifier import Classifier
from edge.records.rows import CellRecord
from edge.records.store import FILE_NAME, Store
from edge.screening import Outcome, Screening, Step
from edge.settings import ScreeningSettings, Settings
from edge.signals.indicator import Indicator
from edge.signals.lamps import mock_lamps
from edge.signals.panel import NoLamps
from edge.signals.pattern import Lamp
from edge.stopwatch import Stopwatch

SMALL = "viewport=960x720"
CROWDED = "viewport=480x360&um_per_px=0.35&white_cells_per_field=8"


def _screen(
    source: str,
    classifier: Classifier,
    home: Path,
    settings: Settings | None = None,
    um_per_px: float | None = 0.2,
) -> tuple[Outcome, list[Step]]:
    with open_camera(source) as camera, Store.open(home) as store:
        loop = Screening(
            camera,
            classifier,
            store,
            NoLamps(),
            settings or Settings(),
            "S-1",
            source,
            um_per_px,
        )
        steps = list(loop.steps())
        assert loop.outcome is not None
        return loop.outcome, steps


def test_a_leukemic_smear_ends_in_review_and_every_cell_is_on_record(
    classifier: Classifier, tmp_path: Path
) -> None:
    outcome, steps = _screen(f"phantom:leukemic?seed=21&{SMALL}", classifier, tmp_path)
    print(outcome)
    assert outcome.verdict == "REVIEW"
    assert outcome.interval[0] > 0.05
    with Store.open_to_read(tmp_path) as store:
        stored = store.cells(outcome.examination)
        (examination,) = store.examinations()
        assert store.verify_chain() > len(stored)
    assert len(stored) == outcome.cells == sum(len(step.cells) for step in steps)
    assert sum(cell.record.blast is True for cell in stored) == outcome.blasts
    assert all(cell.record.crop_webp for cell in stored)
    assert examination.verdict is not None
    assert examination.verdict.verdict == "REVIEW"


def test_a_healthy_smear_ends_green_after_at_least_a_hundred_cells(
    classifier: Classifier, tmp_path: Path
) -> None:
    lamps, timeline = mock_lamps(threaded=False)
    source = "phantom:healthy?seed=22"
    with open_camera(source) as camera, Store.open(tmp_path) as store, lamps:
        loop = Screening(camera, classifier, store, lamps, Settings(), "S-2", source, 0.2)
        for step in loop.steps():
            assert not timeline.of(Lamp.GREEN), "green before the end proves nothing"
            assert not timeline.of(Lamp.RED), "a healthy smear was called red on the way"
            assert step.signal.indicator in {Indicator.KEEP_COUNTING, Indicator.ADVICE}
        outcome = loop.outcome
        assert outcome is not None
        print(outcome)
        assert outcome.verdict == "NO_BLASTS_FOUND"
        assert outcome.cells >= 100
        assert timeline.is_lit(Lamp.GREEN)
        assert not timeline.is_lit(Lamp.RED)
    assert not timeline.is_lit(Lamp.GREEN), "closing leaves all dark"


def test_a_smear_out_of_focus_is_never_judged(classifier: Classifier, tmp_path: Path) -> None:
    outcome, steps = _screen(f"phantom:defocused?seed=23&frames=20&{SMALL}", classifier, tmp_path)
    assert outcome.verdict == "CANNOT_JUDGE"
    assert outcome.cells == 0
    assert "out of focus" in outcome.reason
    assert all("focus" in step.advice for step in steps)


def test_too_few_cells_are_not_green(classifier: Classifier, tmp_path: Path) -> None:
    outcome, _ = _screen(f"phantom:healthy?seed=24&frames=12&{SMALL}", classifier, tmp_path)
    assert outcome.verdict == "CANNOT_JUDGE"
    assert outcome.cells < 100
    assert outcome.cells_needed is None or outcome.cells_needed > 0


def test_without_red_cells_the_scale_is_unknown_and_nothing_is_judged(
    classifier: Classifier, tmp_path: Path
) -> None:
    outcome, steps = _screen(
        f"phantom:empty?seed=25&frames=30&{SMALL}", classifier, tmp_path, um_per_px=None
    )
    assert outcome.verdict == "CANNOT_JUDGE"
    assert outcome.um_per_px is None
    assert "--um-per-px" in outcome.reason
    assert not steps


def test_the_scale_is_measured_where_it_is_not_given(
    classifier: Classifier, tmp_path: Path
) -> None:
    outcome, _ = _screen(
        f"phantom:leukemic?seed=26&frames=8&{SMALL}", classifier, tmp_path, um_per_px=None
    )
    assert outcome.um_per_px is not None
    print(f"measured {outcome.um_per_px:.4f} um/px, true 0.2")
    assert outcome.um_per_px == pytest.approx(0.2, rel=0.1)


class _Fields:
    """Pictures that have nothing to do with one another."""

    continuous = False

    def __init__(self, pictures: list[NDArray[np.uint8]]) -> None:
        self._pictures = pictures

    def frames(self) -> Iterator[Frame]:
        for number, rgb in enumerate(self._pictures):
            yield Frame(rgb, number / 15, number)

    def close(self) -> None:
        """Nothing to close."""


def _under_a_hand(
    frames: list[NDArray[np.uint8]],
    classifier: Classifier,
    store: Store,
    watch: Stopwatch | None = None,
) -> Screening:
    """The loop over frames of one slide that a hand moves, to the last of them."""
    camera = _Fields(frames)
    camera.continuous = True
    return Screening(
        camera, classifier, store, NoLamps(), Settings(), "S-9", "test", 0.2,
        watch=watch, until_verdict=False,
    )  # fmt: skip


def test_no_picture_is_lost_while_the_scale_is_measured(
    classifier: Classifier, tmp_path: Path
) -> None:
    """Pictures too large to be held back many at a time, and a scale that is never certain."""
    with open_camera(f"phantom:healthy?seed=31&frames=6&{SMALL}") as camera:
        pictures = [frame.rgb for frame in camera.frames()]
    doubtful = ScreeningSettings(scale_error=1e-6, held_bytes=2 * pictures[0].nbytes)
    with Store.open(tmp_path) as store:
        loop = Screening(
            _Fields(pictures),  # type: ignore[arg-type]
            classifier,
            store,
            NoLamps(),
            dataclasses.replace(Settings(), screening=doubtful),
            "S-7",
            "fields",
        )
        steps = list(loop.steps())
    assert [step.frame.number for step in steps] == [0, 1, 2, 3, 4, 5]


class _OneFieldForever:
    """A slide that lies still: the same field, frame after frame."""

    continuous = True

    def __init__(self, rgb: NDArray[np.uint8], frames: int, lost_after: int | None = None) -> None:
        self._rgb = rgb
        self._frames = frames
        self._lost_after = lost_after

    def frames(self) -> Iterator[Frame]:
        for number in range(self._frames):
            if number == self._lost_after:
                raise CameraLost("The camera gave no frame for 5 s.")
            yield Frame(self._rgb, number / 15, number)

    def close(self) -> None:
        """Nothing to close."""


@pytest.fixture(scope="module")
def field() -> NDArray[np.uint8]:
    with open_camera(f"phantom:leukemic?seed=27&frames=1&{SMALL}") as camera:
        return next(iter(camera.frames())).rgb


def test_a_cell_on_a_slide_that_lies_still_is_counted_once(
    classifier: Classifier, tmp_path: Path, field: NDArray[np.uint8]
) -> None:
    counts = []
    for frames in (1, 12):
        with Store.open(tmp_path / str(frames)) as store:
            camera = _OneFieldForever(field, frames)
            loop = Screening(
                camera,  # type: ignore[arg-type]
                classifier,
                store,
                NoLamps(),
                Settings(),
                "S-3",
                "still",
                0.2,
            )
            counts.append(loop.run().cells)
    assert counts[0] == counts[1] > 0


def test_a_camera_that_is_lost_shows_the_fault_and_keeps_what_was_counted(
    classifier: Classifier, tmp_path: Path, field: NDArray[np.uint8]
) -> None:
    lamps, _ = mock_lamps(threaded=False)
    camera = _OneFieldForever(field, 9, lost_after=3)
    with Store.open(tmp_path) as store, lamps:
        loop = Screening(
            camera,  # type: ignore[arg-type]
            classifier,
            store,
            lamps,
            Settings(),
            "S-4",
            "still",
            0.2,
        )
        counted: list[Step] = []
        with pytest.raises(CameraLost):
            counted.extend(loop.steps())
        assert lamps.signal.indicator is Indicator.FAULT
        assert "E-CAM-03" in lamps.signal.words
    with Store.open_to_read(tmp_path) as store:
        (examination,) = store.examinations()
        assert sum(len(step.cells) for step in counted) == examination.cells > 0
        assert examination.verdict is None, "an examination that broke off has no verdict"


def test_a_camera_without_colour_is_named_before_anything_is_judged(
    classifier: Classifier, tmp_path: Path, field: NDArray[np.uint8]
) -> None:
    grey = np.repeat(field.mean(axis=2, keepdims=True).round().astype(np.uint8), 3, axis=2)
    lamps, _ = mock_lamps(threaded=False)
    with Store.open(tmp_path) as store, lamps:
        loop = Screening(
            _OneFieldForever(grey, 40),  # type: ignore[arg-type]
            classifier,
            store,
            lamps,
            Settings(),
            "S-5",
            "grey",
            0.2,
        )
        with pytest.raises(ColoursWrong, match="no colour"):
            loop.run()
        assert "E-CAM-04" in lamps.signal.words
        assert lamps.signal.indicator is Indicator.FAULT


def test_a_camera_that_exchanges_red_and_blue_is_named(
    classifier: Classifier, tmp_path: Path
) -> None:
    with (
        open_camera(f"phantom:leukemic?seed=27&frames=150&{CROWDED}") as camera,
        Store.open(tmp_path) as store,
    ):
        loop = Screening(
            _Exchanged(camera),  # type: ignore[arg-type]
            classifier,
            store,
            NoLamps(),
            Settings(),
            "S-6",
            "exchanged",
            0.35,
            until_verdict=False,
        )
        with pytest.raises(ColoursWrong, match="exchanged"):
            loop.run()


class _Exchanged:
    """A camera whose driver hands over blue for red."""

    continuous = True

    def __init__(self, camera: Camera) -> None:
        self._camera = camera

    def frames(self) -> Iterator[Frame]:
        for frame in self._camera.frames():
            yield dataclasses.replace(frame, rgb=np.ascontiguousarray(frame.rgb[..., ::-1]))

    def close(self) -> None:
        self._camera.close()


class _FullAfter:
    """A store whose disk fills: obeys the real one's rules, then raises its fault."""

    def __init__(self, store: Store, cells: int) -> None:
        self._store = store
        self._left = cells

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def add_cells(self, examination: int, cells: list[CellRecord]) -> list[int]:
        self._left -= len(cells)
        if self._left < 0:
            raise DiskFull("There is no space left for the records.")
        return self._store.add_cells(examination, cells)


def test_a_full_disk_stops_the_count_at_what_is_on_record(
    classifier: Classifier, tmp_path: Path
) -> None:
    source = f"phantom:leukemic?seed=28&{SMALL}"
    with open_camera(source) as camera, Store.open(tmp_path) as store:
        full = _FullAfter(store, cells=6)
        loop = Screening(
            camera,
            classifier,
            full,  # type: ignore[arg-type]
            NoLamps(),
            Settings(),
            "S-5",
            source,
            0.2,
        )
        counted: list[Step] = []
        with pytest.raises(DiskFull):
            counted.extend(loop.steps())
        (examination,) = store.examinations()
    assert examination.cells == sum(len(step.cells) for step in counted)


def test_a_model_that_was_not_proven_here_examines_nothing(
    classifier: Classifier, tmp_path: Path, field: NDArray[np.uint8]
) -> None:
    unproven = Classifier(classifier.bundle, classifier.interpreter)
    camera = _OneFieldForever(field, 1)
    with Store.open(tmp_path) as store:
        with pytest.raises(GoldenTestFailed):
            Screening(
                camera,  # type: ignore[arg-type]
                unproven,
                store,
                NoLamps(),
                Settings(),
                "S-6",
                "still",
            )
        assert store.examinations() == []


def test_the_record_is_in_wal_and_flushed_at_every_commit(
    classifier: Classifier, tmp_path: Path
) -> None:
    _screen(f"phantom:leukemic?seed=29&frames=2&{SMALL}", classifier, tmp_path)
    database = tmp_path / FILE_NAME
    with sqlite3.connect(database) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    connection.close()


def test_a_resting_hand_has_its_field_searched_once_and_a_lost_focus_is_still_told(
    classifier: Classifier, tmp_path: Path
) -> None:
    """The same field for a long time, sharp at first: cost does not grow with the frames."""
    with open_camera(f"phantom:leukemic?seed=41&frames=1&{SMALL}") as camera:
        (sharp,) = (frame.rgb for frame in camera.frames())
    blurred = np.asarray(Image.fromarray(sharp).filter(ImageFilter.GaussianBlur(9)))
    watch = Stopwatch()
    with Store.open(tmp_path) as store:
        loop = _under_a_hand([sharp] * 20 + [blurred] * 12, classifier, store, watch)
        steps = list(loop.steps())
    assert len(watch.laps["locate"]) == 1
    assert len(watch.laps["quality"]) < 20
    assert [step.trouble for step in steps[:20]] == [None] * 20
    assert [step.trouble for step in steps[24:]] == [Trouble.OUT_OF_FOCUS] * 8
    # Searched once, its cells were judged by the sharpest of three views; then nothing is new.
    assert sum(len(step.cells) for step in steps[3:]) == 0


def test_a_cell_is_judged_by_its_sharpest_view_and_once(
    classifier: Classifier, tmp_path: Path, field: NDArray[np.uint8]
) -> None:
    """The hand settles: the second frame is the sharpest."""
    soft = np.asarray(Image.fromarray(field).filter(ImageFilter.GaussianBlur(1.2)))
    with Store.open(tmp_path) as store:
        loop = _under_a_hand([soft, field, soft, soft], classifier, store)
        steps = list(loop.steps())
        (examination,) = store.examinations()
        frames = {cell.record.frame for cell in store.cells(examination.number)}
    assert frames == {1}
    assert [bool(step.cells) for step in steps] == [False, False, True, False]


def _one_cell_blurred(field: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same field, one of its cells lying far above the others' focus."""
    cells = locate(field, 0.2)
    cell = min(cells, key=lambda c: np.hypot(c.centre_px[0] - 480, c.centre_px[1] - 360))
    box = (
        int(cell.left_px) - 12,
        int(cell.top_px) - 12,
        int(cell.left_px + cell.width_px) + 12,
        int(cell.top_px + cell.height_px) + 12,
    )
    picture = Image.fromarray(field)
    picture.paste(picture.crop(box).filter(ImageFilter.GaussianBlur(7)), box)
    return np.asarray(picture)


def test_a_cell_seen_only_blurred_is_not_judged_until_the_hand_comes_back_to_it_in_focus(
    classifier: Classifier, tmp_path: Path, field: NDArray[np.uint8]
) -> None:
    blurred = _one_cell_blurred(field)
    counts, unjudged = [], []
    for name, frames in (
        ("never sharp", [blurred] * 8),
        ("sharp later", [blurred] * 8 + [field] * 4),
        ("always sharp", [field] * 8),
    ):
        with Store.open(tmp_path / name) as store:
            loop = _under_a_hand(frames, classifier, store)
            judged = [cell for step in loop.steps() for cell in step.cells]
            assert loop.outcome is not None
            assert len(store.cells(loop.outcome.examination)) == len(judged)
        counts.append(loop.outcome.cells)
        unjudged.append(loop.outcome.blurred)
    assert counts[0] == counts[2] - 1
    assert counts[1] == counts[2], "the cell that came into focus is judged too, once"
    assert unjudged == [1, 0, 0]


def test_a_crowded_field_is_searched_over_a_few_frames_and_no_cell_of_it_is_lost(
    classifier: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lamps wait for no more than a portion of it, also where the hand has moved on."""
    with open_camera("phantom:leukemic?seed=5&frames=1&white_cells_per_field=15") as camera:
        (crowded,) = (frame.rgb for frame in camera.frames())
    empty = np.full_like(crowded, 235)
    counted, searches, first = [], [], []
    for name, work, frames in (
        ("at once", 10_000_000, [crowded] * 12),
        ("in portions", 1_000, [crowded] * 12),
        ("moved on", 1_000, [crowded] + [empty] * 11),
        ("ended", 1_000, [crowded]),
    ):
        monkeypatch.setattr(screening, "_SEARCHED_AT_ONCE", work)
        watch = Stopwatch()
        with Store.open(tmp_path / name) as store:
            loop = _under_a_hand(frames, classifier, store, watch)
            steps = list(loop.steps())
            (examination,) = store.examinations()
            places = {
                (round(c.record.x_um), round(c.record.y_um))
                for c in store.cells(examination.number)
            }
        counted.append(places)
        searches.append(len(watch.laps["locate"]))
        first.append(max(len(step.cells) for step in steps[:4]))
    print([len(places) for places in counted], searches)
    assert searches[0] == 1
    assert searches[1] == searches[2] > 2
    assert len(counted[0]) > 12
    assert counted == [counted[0]] * 4
    assert max(first[:3]) <= 8, "nor are all its cells judged after one frame"


def test_a_quick_hand_that_stops_for_one_frame_has_every_stop_judged(
    classifier: Classifier, tmp_path: Path
) -> None:
    """Blurred frames of a push are followed, not measured; the sharp one that ends it is."""
    with open_camera("phantom:leukemic?seed=29&frames=1&viewport=1800x720") as camera:
        (ground,) = (frame.rgb for frame in camera.frames())
    stops = [np.ascontiguousarray(ground[:, x : x + 960]) for x in (0, 400, 800)]
    blur = ImageFilter.Kernel((5, 5), [0] * 10 + [1] * 5 + [0] * 10)
    ways = []
    for x in (200, 600):
        way = Image.fromarray(np.ascontiguousarray(ground[:, x : x + 960]))
        for _ in range(20):
            way = way.filter(blur)
        ways.append(np.asarray(way))
    judged, measured, troubles = [], [], []
    for name, frames in (
        ("one by one", [frame for stop in stops for frame in [stop] * 6]),
        ("quick", [stops[0], ways[0], stops[1], ways[1], stops[2], stops[2], stops[2]]),
    ):
        watch = Stopwatch()
        with Store.open(tmp_path / name) as store:
            loop = _under_a_hand(frames, classifier, store, watch)
            steps = list(loop.steps())
        judged.append(sum(len(step.cells) for step in steps))
        measured.append(len(watch.laps["quality"]))
        troubles.append([step.trouble for step in steps])
    print(judged, measured)
    assert judged[0] == judged[1] > 3
    assert troubles[1] == [None, Trouble.MOVING, None, Trouble.MOVING, None, None, None]
    assert measured[1] <= 4, "blurred frames are not measured"
