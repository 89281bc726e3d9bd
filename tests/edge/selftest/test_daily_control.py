"""In the morning `leukoscope check` says whether the control slide is due, passed or failed."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from edge.cli import main
from edge.inference.bundle import load_bundle
from edge.inference.shelf import find_bundle
from edge.judgement.control import ControlSettings
from edge.records.controls import record_control
from edge.records.store import Store
from edge.selftest.daily_control import daily_control
from edge.selftest.finding import Finding, Result
from tests.edge.records.examples import begin
from tests.edge.test_control_state import FAILED, RUN


def examined(home: Path, passed: bool) -> None:
    """A control slide was examined through this camera, with the built-in model."""
    run = dataclasses.replace(RUN if passed else FAILED, bundle_sha256=load_bundle(BUNDLE).sha256)
    with Store.open(home) as store:
        record_control(store, run, begin(store, "CONTROL control"))


BUNDLE = find_bundle()


def found(home: Path, source: str = "picamera", required: str = "camera") -> Finding:
    return daily_control(home, ControlSettings(required=required), source, BUNDLE)


def test_a_new_day_asks_for_it_and_says_how(tmp_path: Path) -> None:
    due = found(tmp_path)
    assert due.result is Result.NOTE
    assert "no slide ends green" in due.told
    assert "leukoscope control" in due.action


def test_once_passed_it_is_well_and_once_failed_nobody_screens(tmp_path: Path) -> None:
    examined(tmp_path, passed=True)
    assert found(tmp_path).result is Result.OK
    examined(tmp_path, passed=False)
    failed = found(tmp_path)
    assert (failed.result, failed.fault) == (Result.FAILED, "E-RUN-05")
    assert "Clean the optics" in failed.action
    examined(tmp_path, passed=True)
    assert found(tmp_path).result is Result.OK


def test_pictures_from_files_need_none_and_who_wants_none_is_told_what_that_means(
    tmp_path: Path,
) -> None:
    assert found(tmp_path, "replay:folder").result is Result.NOT_HERE
    never = found(tmp_path, required="never")
    assert never.result is Result.NOTE
    assert "nothing proves the optics" in never.told


def test_records_that_cannot_be_used_and_a_lost_bundle_are_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert found(tmp_path / "file" / "home").fault == "E-REC-01"
    lost = daily_control(tmp_path, ControlSettings(), "picamera", tmp_path / "nowhere")
    assert (lost.result, lost.fault) == (Result.FAILED, "E-BUN-01")


def test_a_failed_control_fails_the_whole_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    run = dataclasses.replace(FAILED, source="phantom", bundle_sha256=load_bundle(BUNDLE).sha256)
    with Store.open(home) as store:
        record_control(store, run, begin(store, "CONTROL control"))
    camera = "phantom:healthy?viewport=160x120&frames=6"
    assert main(["check", "--yes", "--json", "--home", str(home), "--camera", camera]) == 1
    told = {part["part"]: part for part in json.loads(capsys.readouterr().out)["parts"]}
    assert told["control"]["fault"] == "E-RUN-05"
