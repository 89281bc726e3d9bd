"""A hot device works more slowly, says so, goes on, and comes to the same verdict."""

from __future__ import annotations

import dataclasses
import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from edge.camera.frame import Camera, Frame
from edge.camera.source import open_camera
from edge.closing import Closing
from edge.examiner import Equipment, WatchedCamera
from edge.inference.classifier import Classifier
from edge.judgement.verdict import VerdictSettings
from edge.pacing import INTERVALS_S, HeatWatch, Pacer
from edge.records.store import Store
from edge.screening import Screening
from edge.selftest.board import Board, Throttled
from edge.service import Service
from edge.settings import Settings
from edge.signals.panel import NoLamps
from edge.web.control import Phase, Progress
from tests.edge.selftest.test_board import a_pi, write
from tests.edge.test_service import _get

WELL, THROTTLED, SINCE_START_ONLY = Throttled(0), Throttled(0x4), Throttled(0x40000)


class FakeBoard:
    """A board whose heat the test sets."""

    def __init__(self) -> None:
        self.temperature_c: float | None = 50.0
        self.throttled: Throttled | None = WELL


def _until(met: Callable[[], bool], longest_s: float = 60) -> None:
    until_s = time.monotonic() + longest_s
    while not met():
        assert time.monotonic() < until_s
        time.sleep(0.01)


def test_it_slows_down_step_by_step_while_it_is_hot_and_never_stops() -> None:
    pacer, seen = Pacer(), []
    for _ in range(20):
        pacer.look(85.0, WELL)
        seen.append(pacer.interval_s)
    assert seen[:3] == list(INTERVALS_S[1:])
    assert set(seen[3:]) == {INTERVALS_S[-1]}
    assert INTERVALS_S[-1] <= 0.5, "at least two frames a second: a hand moves on meanwhile"


def test_it_goes_faster_only_after_it_has_been_cool_for_a_while() -> None:
    pacer = Pacer()
    pacer.look(79.0, WELL)
    pacer.look(79.0, WELL)
    steps = []
    for degrees in (71.0, 71.0, 75.0, 71.0, 71.0, 71.0, 71.0, 71.0, 71.0):
        pacer.look(degrees, WELL)
        steps.append(pacer.step)
    assert steps == [2, 2, 2, 2, 2, 1, 1, 1, 0], "75 °C is neither hot nor cool, and begins anew"


@pytest.mark.parametrize("word", [0x2, 0x4, 0x8, 0x50005])
def test_the_firmwares_word_counts_even_where_nothing_measures_the_heat(word: int) -> None:
    pacer = Pacer()
    pacer.look(None, Throttled(word))
    assert pacer.step == 1


def test_what_is_over_and_a_machine_that_says_nothing_slow_nobody_down() -> None:
    pacer = Pacer()
    for _ in range(5):
        pacer.look(60.0, SINCE_START_ONLY)
        pacer.look(None, None)
        pacer.look(60.0, Throttled(0x1))  # a weak supply alone: `check` names it
    assert pacer.step == 0


def test_the_journal_has_a_line_for_each_step_and_none_between(
    caplog: pytest.LogCaptureFixture,
) -> None:
    board = FakeBoard()
    with caplog.at_level(logging.WARNING, "leukoscope.heat"), HeatWatch(board, 0.01) as watch:
        time.sleep(0.1)
        assert not caplog.records
        board.temperature_c, board.throttled = 81.0, THROTTLED
        _until(lambda: watch.interval_s == INTERVALS_S[-1])
        time.sleep(0.1)
        said = [record.getMessage() for record in caplog.records]
        assert len(said) == len(INTERVALS_S) - 1
        assert "81 °C, firmware says 0x4" in said[0]
        assert "at most 10 frames a second" in said[0]
        board.temperature_c, board.throttled = 60.0, WELL
        _until(lambda: watch.interval_s == 0)
    assert "cool again" in caplog.records[-1].getMessage()


def test_the_boards_own_files_are_what_is_read(tmp_path: Path) -> None:
    board = a_pi(tmp_path)
    with HeatWatch(board, 0.01) as watch:
        assert watch.interval_s == 0
        write(tmp_path, "sys/devices/platform/soc/soc:firmware/get_throttled", "8\n")
        _until(lambda: watch.interval_s > 0)


def _examined(classifier: Classifier, home: Path, board: Board) -> tuple[Progress, bytes]:
    """One leukemic slide to its verdict, and the page while it was counted."""
    source = "phantom:leukemic?seed=21&viewport=960x720"
    opener = partial(open_camera, source)
    equipment = Equipment(opener, source, classifier, home, Settings(), NoLamps(), 0.2)
    with Service(equipment, port=0, board=board) as service:
        examiner = service.examiner
        examiner.start("S-1")
        _until(lambda: examiner.progress.cells > 0)
        page = _get(service, "/")[1]
        _until(lambda: examiner.progress.phase is Phase.ENDED, 120)
        return examiner.progress, page


def test_a_hot_device_says_so_and_comes_to_the_same_verdict_on_the_same_cells(
    classifier: Classifier, tmp_path: Path
) -> None:
    cool, cool_page = _examined(classifier, tmp_path / "a", a_pi(tmp_path / "cool"))
    board = a_pi(tmp_path / "hot", throttled="4", milli_degrees="83000")
    hot, hot_page = _examined(classifier, tmp_path / "b", board)
    said = b"The device is hot, or its supply is weak, and works more slowly."
    assert said in hot_page
    assert said not in cool_page
    assert hot.is_slow
    for each in ("verdict", "cells", "blasts", "abstained", "blast_share", "reason"):
        assert getattr(hot, each) == getattr(cool, each), each


def test_a_hot_machine_that_is_no_pi_is_left_alone(classifier: Classifier, tmp_path: Path) -> None:
    write(tmp_path, "sys/class/thermal/thermal_zone0/temp", "95000\n")
    progress, page = _examined(classifier, tmp_path / "home", Board(tmp_path))
    assert not progress.is_slow
    assert b"works more slowly" not in page


class _OneInFour(Closing):
    """What is left of a live camera's frames when the loop pauses for most of them."""

    continuous = True

    def __init__(self, camera: Camera) -> None:
        self._camera = camera

    def frames(self) -> Iterator[Frame]:
        return itertools.islice(self._camera.frames(), 0, None, 4)

    def close(self) -> None:
        self._camera.close()


def test_frames_that_are_dropped_cost_time_and_neither_cells_nor_the_verdict(
    classifier: Classifier, tmp_path: Path
) -> None:
    """The way on the slide is found again after each pause, and no cell is counted twice."""
    easy = VerdictSettings(least_cells_green=40, share_limit=0.15)
    settings = dataclasses.replace(Settings(), verdict=easy)
    found = {}
    for name, kept in (("all", lambda camera: camera), ("one in four", _OneInFour)):
        with (
            open_camera("phantom:healthy?seed=5&viewport=960x720") as camera,
            Store.open(tmp_path / name) as store,
        ):
            loop = Screening(
                kept(camera), classifier, store, NoLamps(), settings, "S-1", "phantom:healthy", 0.2
            )
            found[name] = loop.run()
    slow, fast = found["one in four"], found["all"]
    assert slow.verdict == fast.verdict == "NO_BLASTS_FOUND"
    assert slow.frames < fast.frames / 2
    assert slow.usable_frames == slow.frames


def _watched(end: threading.Event, interval_s: float) -> WatchedCamera:
    camera = open_camera("phantom:healthy?viewport=160x120&frames=6")
    return WatchedCamera(camera, end, lambda frame: None, lambda: interval_s)


def test_frames_come_no_faster_than_they_may() -> None:
    with _watched(threading.Event(), 0.1) as camera:
        began_s = time.monotonic()
        assert len(list(camera.frames())) == 6
        assert time.monotonic() - began_s >= 0.5


def test_a_pause_ends_at_once_when_the_examination_is_ended() -> None:
    end = threading.Event()
    with _watched(end, 30) as camera:
        frames = camera.frames()
        next(frames)
        threading.Timer(0.2, end.set).start()
        began_s = time.monotonic()
        assert list(frames) == []
        assert time.monotonic() - began_s < 10
