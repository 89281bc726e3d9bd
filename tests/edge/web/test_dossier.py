"""A reviewer takes the dossier away: to her phone as one file, or on a stick in the device."""

from __future__ import annotations

import errno
import io
import os
import shutil
import threading
import zipfile
from pathlib import Path

import pytest
from markupsafe import escape

from edge.cli import main
from edge.records.audit import EventKind, audit, event_details
from edge.records.dossier.manifest import sha256
from edge.records.sticks import Stick
from edge.records.store import Store
from edge.web.catalogue import LANGUAGES, load_texts
from tests.edge.web.clinic import Clinic
from tests.edge.web.test_page import examined


@pytest.fixture
def clinic(tmp_path: Path):
    with Clinic(tmp_path / "home") as made:
        examined(made.home)
        yield made


@pytest.fixture
def stick(tmp_path: Path) -> Stick:
    folder = tmp_path / "stick"
    folder.mkdir()
    device = folder.stat().st_dev
    return Stick("sda1", "CLINIC A", folder, device, 900_000_000, True)


def exports(clinic: Clinic) -> list[dict]:
    with Store.open_to_read(clinic.home) as store:
        store.verify_chain()
        return [details for _, details in event_details(store, EventKind.EXPORT)]


def test_a_phone_gets_everything_as_one_file_that_verify_proves(
    clinic: Clinic, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    browser = clinic.logged_in("reviewer")
    assert 'value="zip"' in browser.get("/slides/1").text
    answer = browser.post("/slides/1/download", format="zip")
    assert answer.status_code == 200
    assert ".zip" in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        told = exports(clinic)[-1]
        assert {n: sha256(archive.read(n)) for n in names} == told["files"] | told["manifest"]
    assert [n.split(".", 1)[1] for n in names] == [
        "cells.csv",
        "fhir.json",
        "pdf",
        "manifest.json",
    ]
    saved = tmp_path / "dossier.zip"
    saved.write_bytes(answer.content)
    assert main(["verify", str(saved), "--home", str(clinic.home)]) == 0
    assert capsys.readouterr().out.count("is as") == 3
    spoilt = bytearray(answer.content)
    spoilt[len(spoilt) // 2] ^= 1
    saved.write_bytes(spoilt)
    assert main(["verify", str(saved), "--home", str(clinic.home)]) != 0
    assert capsys.readouterr().err.count("\n") == 1


def test_an_archive_that_climbs_out_or_swells_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, content in (("../up.manifest.json", b"{}"), ("a.manifest.json", b"0" * 250_000_000)):
        path = tmp_path / "odd.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, content)
        assert main(["verify", str(path), "--home", str(tmp_path / "none")]) == 2
        assert "E-EXP-04" in capsys.readouterr().err
        assert not (tmp_path.parent / "up.manifest.json").exists()


def test_the_pdf_alone_is_there_to_read_and_the_audit_knows_it(clinic: Clinic) -> None:
    browser = clinic.logged_in("reviewer")
    answer = browser.post("/slides/1/download", format="pdf")
    assert answer.content.startswith(b"%PDF")
    assert sha256(answer.content) in exports(clinic)[-1]["files"].values()
    assert browser.post("/slides/1/download", format="exe").status_code == 400
    assert browser.post("/slides/99/download", format="zip").status_code == 404


def test_a_stick_shows_once_it_is_plugged_in_and_takes_everything(
    clinic: Clinic, stick: Stick
) -> None:
    browser = clinic.logged_in("reviewer")
    assert "plug it into the device" in browser.get("/slides/1").text
    clinic.sticks = [stick]
    piece = browser.get("/slides/1/sticks").text
    assert "CLINIC A" in piece
    assert "0.9 GB free" in piece
    assert "<html" not in piece
    answer = browser.post("/slides/1/stick", stick="sda1")
    assert answer.status_code == 200
    assert "You may pull the stick out now" in answer.text
    written = sorted(path.name for path in stick.folder.iterdir())
    assert len(written) == 4
    assert all(name in answer.text for name in written)
    assert set(exports(clinic)[-1]["files"]) < set(written)
    with Store.open_to_read(clinic.home) as store:
        assert audit(store, 1)[0].actor == "reviewer (reviewer)"


def test_a_stick_that_does_not_answer_holds_no_page(tmp_path: Path, stick: Stick) -> None:
    answers, asked = threading.Event(), []

    class Dying(list):
        def __iter__(self):
            asked.append(1)
            answers.wait(30)
            return super().__iter__()

    with Clinic(tmp_path / "home", stick_patience_s=0.05) as clinic:
        examined(clinic.home)
        clinic.stick_look._find = lambda: list(Dying([stick]))
        browser = clinic.logged_in("reviewer")
        for _ in range(3):
            assert browser.get("/slides/1").status_code == 200
        assert len(asked) == 1  # nor does every page leave a thread behind
        answers.set()


def test_a_write_protected_stick_offers_no_button(clinic: Clinic, stick: Stick) -> None:
    locked = Stick("sdb1", "<b>odd</b>", stick.folder, stick.device, 1, False)
    clinic.sticks = [locked]
    piece = clinic.logged_in("reviewer").get("/slides/1/sticks").text
    assert "write-protected" in piece
    assert "<button" not in piece
    assert "&lt;b&gt;odd" in piece


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_stick_pulled_out_or_full_is_a_clear_page_and_loses_nothing(
    clinic: Clinic, stick: Stick, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    browser = clinic.logged_in("reviewer")
    browser.http.headers["accept-language"] = language
    says = load_texts()[language]
    answer = browser.post("/slides/1/stick", stick="sda1")
    assert answer.status_code == 409
    assert escape(says("error.no_stick")) in answer.text
    clinic.sticks = [stick]

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        answer = browser.post("/slides/1/stick", stick="sda1")
    assert answer.status_code == 503
    assert "E-EXP-01" in answer.text
    assert escape(says("error.stick_full_action")) in answer.text
    assert list(stick.folder.iterdir()) == []
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", lambda handle: shutil.rmtree(stick.folder, True))
        answer = browser.post("/slides/1/stick", stick="sda1")
    assert answer.status_code == 503
    assert "E-EXP-02" in answer.text
    assert escape(says("error.stick_gone_action")) in answer.text
    assert exports(clinic) == []
    with Store.open_to_read(clinic.home) as store:
        assert [entry.kind for entry in audit(store, 1)][:2] == ["EXPORT_FAILED", "EXPORT_FAILED"]


def test_the_folder_below_a_stick_pulled_out_keeps_nothing(clinic: Clinic, stick: Stick) -> None:
    below = Stick("sda1", "CLINIC A", stick.folder, stick.device + 1, 900_000_000, True)
    clinic.sticks = [below]
    answer = clinic.logged_in("reviewer").post("/slides/1/stick", stick="sda1")
    assert answer.status_code == 503
    assert list(stick.folder.iterdir()) == []
    assert exports(clinic) == []
