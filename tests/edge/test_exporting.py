"""A doctor takes an examination away on a stick, and another asks whether it is unchanged."""

from __future__ import annotations

import base64
import csv
import errno
import io
import json
import os
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.cli import main
from edge.errors import ExportFull, ExportUnwritable, UsageFault
from edge.exporting import export_examination
from edge.records.audit import audit
from edge.records.dossier.cells_csv import guarded
from edge.records.reviews import add_note, review_cell, review_state, sign
from edge.records.store import Store
from edge.reviewing import reviewed_result
from edge.web.catalogue import LANGUAGES, load_texts
from tests.edge.records.examples import (
    BLAST,
    CELL,
    UNSURE,
    MovableClock,
    begin,
    crop_of,
    finished_examination,
    moment,
)

SEEN = [
    CELL.__class__(**{**vars(cell), "crop_webp": crop_of(60 + 40 * i)})
    for i, cell in enumerate((CELL, BLAST, UNSURE))
]


@pytest.fixture
def home(tmp_path):
    """A device on which slide S-1 was examined while the network vouched for the time."""
    home = tmp_path / "home"
    with Store.open(home, MovableClock(moment(3, 1))) as store:
        finished_examination(store, cells=SEEN)
    return home


@pytest.fixture
def stick(tmp_path):
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder


def review_and_sign(home):
    with Store.open(home, MovableClock(moment(3, 1))) as store:
        review_cell(store, 2, "lymphocyte", False, "Dr Amina", None, note="=1+1")
        result = reviewed_result(store, 1).as_json()
        sign(store, 1, "Dr Amina", result, review_state(store, 1))


def bundle_of(home, stick):
    exported = export_examination(home, 1, stick, ["fhir"])
    return json.loads(exported.files[0].read_bytes())


def of_type(bundle, kind):
    found = [entry["resource"] for entry in bundle["entry"]]
    return [resource for resource in found if resource["resourceType"] == kind]


def run(words, capsys):
    status = main([str(word) for word in words])
    out, err = capsys.readouterr()
    return status, out, err


def test_the_stick_holds_whole_files_and_verify_proves_them(home, stick, capsys):
    status, out, _ = run(["export", "S-1", "--to", stick, "--home", home], capsys)
    assert status == 0
    assert sorted(out.split()) == sorted(str(path) for path in stick.iterdir())
    for path in stick.iterdir():
        status, out, _ = run(["verify", path, "--home", home], capsys)
        assert status == 0
        assert "The audit of this device holds its hash" in out


def test_a_colleague_without_the_device_learns_how_little_is_proved(home, stick, capsys):
    path = export_examination(home, 1, stick, ["csv"]).files[0]
    status, out, _ = run(["verify", path, "--home", stick / "nothing"], capsys)
    assert status == 0
    assert "could have changed the manifest as well" in out
    assert not (stick / "nothing").exists()


@pytest.mark.parametrize("at_hand", [True, False], ids=["device", "elsewhere"])
def test_a_changed_byte_is_found(home, stick, capsys, at_hand):
    exported = export_examination(home, 1, stick, ["csv"])
    path = exported.files[0]
    path.write_bytes(path.read_bytes().replace(b"lymphocyte", b"lymphocytf", 1))
    records = home if at_hand else stick
    for named in (path, exported.manifest):
        status, _, err = run(["verify", named, "--home", records], capsys)
        assert status == 1
        assert "E-EXP-03" in err
        assert path.name in err
    if at_hand:  # nor does it help to take the manifest away
        exported.manifest.unlink()
        assert run(["verify", path, "--home", records], capsys)[0] == 1


def test_a_forger_who_mends_the_manifest_is_found_by_the_device(home, stick, capsys):
    exported = export_examination(home, 1, stick, ["csv"])
    told = json.loads(exported.manifest.read_bytes()) | {"slide": "S-2"}
    exported.manifest.write_text(json.dumps(told))
    assert run(["verify", exported.files[0], "--home", stick], capsys)[0] == 0
    assert run(["verify", exported.files[0], "--home", home], capsys)[0] == 1
    assert run(["verify", exported.manifest, "--home", home], capsys)[0] == 1


def test_a_file_that_nothing_knows_is_not_called_proved(home, stick, capsys):
    path = stick / "letter.txt"
    path.write_text("hello")
    status, _, err = run(["verify", path, "--home", home], capsys)
    assert status == 2
    assert "E-EXP-04" in err
    (stick / "odd.manifest.json").write_text("[" * 100000)
    status, _, err = run(["verify", stick / "odd.manifest.json", "--home", home], capsys)
    assert (status, err.count("\n")) == (2, 1)
    assert run(["verify", stick / "gone.csv", "--home", home], capsys)[0] == 2


def test_the_table_has_both_calls_and_no_formula(home, stick):
    review_and_sign(home)
    exported = export_examination(home, 1, stick, ["csv"])
    content = exported.files[0].read_bytes().decode()
    rows = list(csv.DictReader(io.StringIO(content, newline="")))
    assert [row["machine_label"] for row in rows] == ["lymphocyte", "blast", "monocyte"]
    assert [row["person_label"] for row in rows] == ["", "lymphocyte", ""]
    assert [row["machine_blast"] for row in rows] == ["false", "true", ""]
    assert rows[1]["person_note"] == "'=1+1"
    assert rows[0]["y_um"] == "-4.25"  # a number stays a number
    assert content.count("\r\n") == content.count("\n") == 4


@given(st.text(max_size=20))
def test_no_text_begins_a_formula(text):
    kept = guarded(text)
    assert kept.removeprefix("'") == text or kept == text
    assert not kept.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))


def test_the_report_is_preliminary_until_a_person_signs_and_again_after_a_change(home, stick):
    def status():
        return of_type(bundle_of(home, stick), "DiagnosticReport")[0]["status"]

    assert status() == "preliminary"
    review_and_sign(home)
    assert status() == "final"
    with Store.open(home) as store:
        review_cell(store, 1, "blast", True, "Dr Baraka", None)
    bundle = bundle_of(home, stick)
    assert of_type(bundle, "DiagnosticReport")[0]["status"] == "preliminary"
    assert "Dr Amina" not in json.dumps(of_type(bundle, "DiagnosticReport"))
    with Store.open(home) as store:
        result = reviewed_result(store, 1).as_json()
        sign(store, 1, "Dr Baraka", result, review_state(store, 1))
    assert status() == "amended"


def test_the_bundle_says_shares_in_codes_and_every_reference_is_in_it(home, stick):
    bundle = bundle_of(home, stick)
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(set(urls)) == len(urls)
    told = json.dumps(bundle)
    assert told.count('"reference"') > 5
    for entry in bundle["entry"]:
        for part in json.dumps(entry["resource"]).split('"reference": "')[1:]:
            assert part.split('"')[0] in urls
    codes = {
        coding["code"]: o["valueQuantity"]
        for o in of_type(bundle, "Observation")
        for coding in o["code"].get("coding", [])
    }
    assert codes["26446-5"]["value"] == 50.0  # one blast, one lymphocyte answered for
    assert codes["26478-8"]["code"] == "%"
    report = of_type(bundle, "DiagnosticReport")[0]
    assert "not a diagnosis" in report["conclusion"]
    assert report["effectiveDateTime"].startswith("2027-03-01T12:00")
    assert "Patient" not in told
    picture = base64.b64decode(of_type(bundle, "Media")[0]["content"]["data"])
    assert picture == SEEN[1].crop_webp  # the most suspicious one first


def text_of_pdf(path):
    tool = shutil.which("pdftotext")
    if tool is None:
        pytest.skip("pdftotext (poppler-utils) reads the PDF")
    told = subprocess.run([tool, "-layout", path, "-"], capture_output=True, check=True)
    return told.stdout.decode()


def test_the_pdf_tells_the_result_its_limits_and_who_signed_on_the_first_page(home, stick):
    review_and_sign(home)
    exported = export_examination(home, 1, stick, ["pdf"])
    pages = text_of_pdf(exported.files[0]).split("\f")[:-1]
    assert len(pages) == 3  # result, gallery, audit
    for page in pages:
        assert "Screening aid for research use, not a diagnosis." in page
    for told in ("REVIEW", "between", "Signed by Dr Amina", "ab" * 32, "Threshold", "Limits"):
        assert told in pages[0]
    assert pages[1].index("Blast 0.97") < pages[1].index("Lymphocyte 0.02")
    assert "10 µm" in pages[1]
    assert "SIGNATURE" in pages[2]


def test_a_pdf_is_made_of_any_words_and_without_pictures(tmp_path, stick):
    with Store.open(tmp_path / "odd") as store:
        begin(store, "स्लाइड é 7", conditions=None)
    exported = export_examination(tmp_path / "odd", 1, stick, ["pdf"])
    assert exported.files[0].read_bytes().startswith(b"%PDF")
    told = text_of_pdf(exported.files[0])
    assert "No verdict" in told
    assert "स्लाइड é 7" in told
    assert "not recorded" in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pdf_speaks_the_persons_language_and_loses_no_letter(home, stick, language, capsys):
    with Store.open(home, MovableClock(moment(3, 1))) as store:
        review_cell(store, 2, "lymphocyte", False, "Łucja Ωμέγα", None)
        add_note(store, 1, "Đặng \N{CJK UNIFIED IDEOGRAPH-6F22} दर्ज", "अमीना")
    words = ["export", "S-1", "--to", stick, "--home", home, "--format", "pdf"]
    status, out, _ = run([*words, "--language", language], capsys)
    assert status == 0
    told = text_of_pdf(next(line for line in out.split() if line.endswith(".pdf")))
    says = load_texts()[language]
    flat = " ".join(told.split()).replace(" ", "")
    for key in ("page.research", "verdict.REVIEW", "dossier.UNSIGNED", "dossier.limits_cells"):
        # Readers of PDF put blanks around joined letters of Devanagari.
        line = says(key).replace(" ", "")
        assert line in flat or language == "hi", key
    assert "Đặng<U+6F22>" in flat
    assert "अमीना" in flat
    assert "Łucja" in flat
    if language == "hi":
        assert says("dossier.heading", slide="S-1").split()[0] in told


def test_a_clock_that_was_never_set_gives_no_time(tmp_path, stick):
    with Store.open(
        tmp_path / "old", MovableClock(moment(1, 1, year=2020), vouched_by="")
    ) as store:
        finished_examination(store, cells=SEEN)
    report = of_type(bundle_of(tmp_path / "old", stick), "DiagnosticReport")[0]
    assert "effectiveDateTime" not in report
    assert report["_effectiveDateTime"]["extension"][0]["valueCode"] == "unknown"
    assert "never set" in report["conclusion"]


def test_the_export_is_in_the_audit_with_its_hashes(home, stick):
    exported = export_examination(home, 1, stick, ["csv"], actor="Dr Amina")
    again = export_examination(home, 1, stick, ["csv"])
    assert again.files[0] != exported.files[0]  # nothing is overwritten
    with Store.open_to_read(home) as store:
        store.verify_chain()
        event = audit(store, 1)[1]
    assert (event.kind, event.actor) == ("EXPORT", "Dr Amina")
    assert list(event.details["files"]) == [exported.files[0].name]


def test_a_full_stick_keeps_no_half_file(home, stick, monkeypatch):
    calls = []

    def full(handle):
        calls.append(handle)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ExportFull, match="no space left"):
        export_examination(home, 1, stick)
    assert list(stick.iterdir()) == []
    with Store.open_to_read(home) as store:
        assert audit(store, 1)[0].kind == "EXPORT_FAILED"


def test_a_stick_pulled_out_before_the_end_is_one_clear_fault(home, stick, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda handle: shutil.rmtree(stick, ignore_errors=True))
    with pytest.raises(ExportUnwritable, match="nothing was exported"):
        export_examination(home, 1, stick)
    assert not stick.exists()


def test_what_cannot_be_exported_is_said_in_one_line(home, stick, capsys):
    wrong = {
        ("S-1", "--to", stick / "gone"): "E-EXP-02",
        ("S-9", "--to", stick): "E-REC-05",
        ("--examination", "7", "--to", stick): "E-REC-05",
        ("S-1", "--to", stick, "--format", "docx"): "E-USE-01",
        ("--to", stick): "E-USE-01",
    }
    for words, number in wrong.items():
        status, _, err = run(["export", *words, "--home", home], capsys)
        assert status in (1, 2)
        assert number in err
        assert err.count("\n") == 1
    assert list(stick.iterdir()) == []


def test_a_running_examination_is_not_exported(home, stick):
    with Store.open(home) as store:
        number = begin(store, "S-2")
        with pytest.raises(UsageFault, match="still runs"):
            export_examination(home, number, stick)
