"""A technician examines the control slide in the morning; green then counts for the day."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import time
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from edge.camera.smear.single import examples
from edge.camera.source import open_camera
from edge.cli import main
from edge.controlling import ControlSlide, conclude_control
from edge.errors import AlreadyExamining
from edge.examiner import Equipment, Examiner
from edge.inference.bundle import load_bundle
from edge.inference.classifier import Classifier
from edge.inference.shelf import find_bundle
from edge.judgement.control import ControlSettings
from edge.judgement.verdict import VerdictSettings
from edge.models import folder_in_use, install
from edge.records.controls import StoredRun, control_runs
from edge.records.store import Store
from edge.screening import Outcome, Screening
from edge.settings import Settings
from edge.signals.indicator import Indicator
from edge.signals.lamps import mock_lamps
from edge.signals.panel import NoLamps
from edge.signals.pattern import Lamp
from edge.web.control import Phase
from edge.web.field_picture import encode_field
from edge.web.live import LiveView
from tests.edge.test_models import a_bundle

# Few cells, so that they are soon counted.
SETTINGS = dataclasses.replace(Settings(), control=ControlSettings(required="always", cells=20))
EASY = dataclasses.replace(SETTINGS, verdict=VerdictSettings(least_cells_green=15, share_limit=0.4))
NEGATIVE = ControlSlide("negative", 0.0)


@pytest.fixture(scope="module")
def slides(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Sources of 40 rendered cells each, one a picture."""
    found = {}
    for name, kind in (("healthy", "neutrophil"), ("leukemic", "blast")):
        folder = tmp_path_factory.mktemp(name)
        for number, picture in enumerate(examples(kind, 40, seed=3)):
            Image.fromarray(picture).save(folder / f"{number:02d}.png")
        found[name] = f"replay:{folder}"
    return found


def control(source: str, slide: ControlSlide, classifier: Classifier, home: Path) -> StoredRun:
    """The control, with lamps that must never be green or, before its end, red."""
    lamps, timeline = mock_lamps(threaded=False)
    with open_camera(source) as camera, Store.open(home) as store, lamps:
        loop = Screening(
            camera,
            classifier,
            store,
            lamps,
            SETTINGS,
            slide.on_record,
            source,
            0.2,
            control=True,
        )
        for _ in loop.steps():
            assert not timeline.of(Lamp.RED), "a control slide full of blasts is no alarm"
        stored = conclude_control(loop, slide, classifier, store, lamps, SETTINGS, source)
        assert not timeline.of(Lamp.GREEN), "a control says nothing of a patient"
        expected = Indicator.READY if stored.run.passed else Indicator.FAULT
        assert lamps.signal.indicator is expected
    return stored


def screen(source: str, classifier: Classifier, home: Path) -> Outcome:
    with open_camera(source) as camera, Store.open(home) as store:
        return Screening(camera, classifier, store, NoLamps(), EASY, "S-1", source, 0.2).run()


def test_green_waits_until_the_control_is_passed(
    classifier: Classifier, tmp_path: Path, slides: dict[str, str]
) -> None:
    healthy, leukemic = slides["healthy"], slides["leukemic"]
    before = screen(healthy, classifier, tmp_path)
    assert before.verdict == "CANNOT_JUDGE"
    assert before.reason.startswith("Not green before the control slide is passed.")

    failed = control(leukemic, NEGATIVE, classifier, tmp_path)
    assert not failed.run.passed
    passed = control(healthy, NEGATIVE, classifier, tmp_path)
    assert passed.run.passed, passed.run.reason
    assert passed.run.answered + passed.run.abstained >= 20
    assert screen(healthy, classifier, tmp_path).verdict == "NO_BLASTS_FOUND"
    with Store.open_to_read(tmp_path) as store:
        slides = [each.slide for each in store.examinations()]
        assert slides.count("CONTROL negative") == 2, "nobody takes it for a patient's"
        assert [each.run.passed for each in control_runs(store)] == [False, True]
        assert store.verify_chain() > 0


def test_a_long_press_starts_the_control_of_the_settings(
    classifier: Classifier, tmp_path: Path, slides: dict[str, str]
) -> None:
    source = slides["healthy"]
    live, lamps = LiveView(SETTINGS.page, encode_field), NoLamps()
    opener = partial(open_camera, source)
    equipment = Equipment(opener, source, classifier, tmp_path, SETTINGS, lamps, 0.2)
    with Examiner(equipment, live) as examiner:
        examiner.start_control()
        with pytest.raises(AlreadyExamining):
            examiner.start("S-2")
        _until(lambda: examiner.progress.phase is Phase.ENDED)
        assert examiner.progress.control == "PASSED"
        assert examiner.progress.slide == "CONTROL control"
        assert lamps.signal.indicator is Indicator.READY
        _until(lambda: _started(examiner, ControlSlide("positive", 1.0)))
        _until(lambda: examiner.progress.phase is Phase.FAULT)
        assert examiner.progress.fault is not None
        assert examiner.progress.fault[0] == "E-RUN-05"
        assert lamps.signal.fault_number == "E-RUN-05"
    with Store.open_to_read(tmp_path) as store:
        assert [each.run.slide for each in control_runs(store)] == ["control", "positive"]


def _started(examiner: Examiner, slide: ControlSlide) -> bool:
    with contextlib.suppress(AlreadyExamining):
        examiner.start_control(slide)
        return True
    return False


def _until(met, longest_s: float = 120) -> None:
    until_s = time.monotonic() + longest_s
    while not met():
        assert time.monotonic() < until_s
        time.sleep(0.02)


def test_the_command_says_how_it_ended_lists_the_trend_and_draws_it(
    tmp_path: Path, slides: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text("[control]\ncells = 20\nbaseline_runs = 2\n", encoding="utf-8")
    words = ["control", "--camera", slides["healthy"], "--um-per-px", "0.2"]
    words += ["--home", str(tmp_path / "home"), "--settings", str(settings), "--lamps", "none"]
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["passed"] is True
    assert told["slide"] == "control"
    assert main([*words, "--share", "0.9"]) == 0
    assert "NOT PASSED" in capsys.readouterr().out
    chart = tmp_path / "trend.svg"
    assert main([*words, "--trend", "--plot", str(chart)]) == 0
    listed = capsys.readouterr().out
    assert listed.count("control slide control") == 2
    drawn = chart.read_text(encoding="utf-8")
    assert drawn.count("<circle") == 2  # one run passed, two quantities
    assert "1 of 2 passed runs" in drawn


def test_the_command_proves_the_bundle_in_use_and_not_the_one_built_in(
    tmp_path: Path, slides: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A control with another model than the one that examines would prove nothing."""
    home = tmp_path / "home"
    install(home, a_bundle(tmp_path / "new", "3"))
    settings = tmp_path / "settings.toml"
    settings.write_text("[control]\ncells = 20\n", encoding="utf-8")
    words = ["control", "--camera", slides["healthy"], "--um-per-px", "0.2", "--lamps", "none"]
    words += ["--home", str(home), "--settings", str(settings), "--json"]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["bundle_sha256"] == load_bundle(folder_in_use(home)).sha256
    assert told["bundle_sha256"] != load_bundle(find_bundle()).sha256
    assert main([*words, "--trend"]) == 0
    assert json.loads(capsys.readouterr().out)["at"] == told["at"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--share", "1.5"], "--share is 0 to 1"),
        (["--plot", "trend.png"], "does not end in .svg"),
        (["--slide", "x" * 80], "cannot be a slide's identifier"),
    ],
)
def test_wrong_words_are_told_in_one_line(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start = ["control", "--camera", "phantom:healthy", "--home", str(tmp_path), "--lamps", "none"]
    assert main([*start, *words]) == 2
    assert said in capsys.readouterr().err
    with Store.open_to_read(tmp_path) as store:
        assert control_runs(store) == []
