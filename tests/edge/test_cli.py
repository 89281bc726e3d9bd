"""The commands as a person types them: good words, wrong words, and what comes back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge.camera.smear.single import render_cell
from edge.cli import main
from edge.inference.shelf import find_bundle


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """All state of a test lies in its own folder."""
    monkeypatch.setenv("LEUKOSCOPE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    """A folder of three rendered cells."""
    folder = tmp_path / "cells"
    folder.mkdir()
    for number, kind in enumerate(("blast", "neutrophil", "lymphocyte")):
        Image.fromarray(render_cell(kind, seed=40 + number)).save(folder / f"{number}_{kind}.png")
    return folder


def _lines(capsys: pytest.CaptureFixture[str]) -> tuple[list[str], list[str]]:
    captured = capsys.readouterr()
    return captured.out.splitlines(), captured.err.splitlines()


def _run(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str], list[str]]:
    status = main(words)
    return (status, *_lines(capsys))


def test_classify_says_what_each_cell_is(cells: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pictures = [str(path) for path in sorted(cells.iterdir())]
    status, out, err = _run(["classify", *pictures, "--um-per-px", "0.2", "--jsonl"], capsys)
    rows = [json.loads(line) for line in out]
    assert status == 0
    assert not err
    assert [row["path"] for row in rows] == pictures
    for row in rows:
        assert set(row) >= {"path", "label", "blast", "p_blast", "abstained", "reason"}
        assert 0 <= row["p_blast"] <= 1
        assert (row["blast"] is None) == row["abstained"] == (row["reason"] is not None)
    assert rows[0]["p_blast"] > 0.5 > rows[1]["p_blast"]


def test_locate_finds_the_one_cell_in_the_middle(
    cells: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = next(cells.glob("*neutrophil*"))
    status, out, _ = _run(["locate", str(picture), "--um-per-px", "0.2", "--jsonl"], capsys)
    row = json.loads(out[0])
    assert status == 0
    assert row["um_per_px"] == 0.2
    (cell,) = row["cells"]
    assert cell["x"] < 90 < cell["x"] + cell["width"]
    assert cell["y"] < 90 < cell["y"] + cell["height"]


def test_screen_prints_one_object_and_slides_lists_it(
    cells: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["screen", "--camera", f"replay:{cells}", "--slide", "S-17", "--um-per-px", "0.2"]
    status, out, err = _run([*words, "--json"], capsys)
    (line,) = out
    told = json.loads(line)
    assert (status, err) == (0, [])
    assert set(told) >= {
        "slide",
        "verdict",
        "cells",
        "blasts",
        "abstained",
        "blast_share",
        "interval",
        "cells_needed",
        "frames",
        "seconds",
        "um_per_px",
        "bundle",
    }
    assert told["slide"] == "S-17"
    assert told["verdict"] == "CANNOT_JUDGE"
    assert told["frames"] == 3
    assert _run(["slides", "--json"], capsys)[1][0].startswith('{"examination": 1, "slide": "S-17"')
    assert "S-17" in "\n".join(_run(["slides"], capsys)[1])
    status, out, _ = _run(["verify"], capsys)
    assert status == 0
    assert "whole" in out[0]


def test_screen_says_that_it_is_no_diagnosis(
    cells: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = _run(["screen", "--camera", f"replay:{cells}", "--um-per-px", "0.2"], capsys)
    assert "not a diagnosis" in out[-1]


def test_a_contact_sheet_is_written_where_asked(
    cells: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = tmp_path / "deep" / "sheet.png"
    words = ["screen", "--camera", f"replay:{cells}", "--um-per-px", "0.2", "--sheet", str(sheet)]
    assert _run(words, capsys)[0] == 0
    with Image.open(sheet) as picture:
        assert picture.size[0] > 1000


# What a person gets wrong: the words, the number of the fault, the exit status.
WRONG_WORDS = [
    ([], "E-USE-01", 2),
    (["scren"], "E-USE-01", 2),
    (["screen"], "E-USE-01", 2),
    (["screen", "--camera", "webcam"], "E-CAM-02", 2),
    (["screen", "--camera", "phantom:purple"], "E-CAM-02", 2),
    (["screen", "--camera", "phantom:healthy?frames=0"], "E-CAM-02", 2),
    (["screen", "--camera", "replay:/no/such/folder"], "E-PIC-01", 2),
    (["screen", "--camera", "pan:/no/such/picture.png"], "E-PIC-02", 2),
    (["screen", "--camera", "phantom:healthy", "--um-per-px", "0"], "E-SCA-01", 2),
    (["screen", "--camera", "phantom:healthy", "--um-per-px", "nan"], "E-SCA-01", 2),
    (["screen", "--camera", "phantom:healthy", "--um-per-px", "-inf"], "E-USE-01", 2),
    (["screen", "--camera", "phantom:healthy", "--um-per-px", "wide"], "E-USE-01", 2),
    (["screen", "--camera", "phantom:healthy", "--model", "/no/bundle"], "E-BUN-01", 2),
    (["screen", "--camera", "phantom:healthy", "--settings", "/no/file.toml"], "E-SET-01", 2),
    (["screen", "--camera", "phantom:empty?frames=1", "--lamps", "gpio"], "E-LMP-01", 1),
    (["classify", "/no/picture.png", "--um-per-px", "0"], "E-SCA-01", 2),
    (["locate", "--um-per-px", "0.2"], "E-USE-01", 2),
]


@pytest.mark.parametrize(("words", "number", "expected"), WRONG_WORDS, ids=lambda w: str(w)[:60])
def test_wrong_words_get_one_clear_line(
    words: list[str],
    number: str,
    expected: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "lgpio")
    status, out, err = _run(words, capsys)
    assert status == expected
    assert not out
    (line,) = err
    assert line.startswith(f"leukoscope: {number}: ")


def test_the_pi_camera_says_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = _run(["screen", "--camera", "picamera"], capsys)
    assert status == 1
    assert err[0].startswith("leukoscope: E-CAM-01: ")
    assert "python3-picamera2" in err[0]


def _bad_pictures(folder: Path) -> dict[str, Path]:
    good = render_cell("neutrophil", seed=3)
    paths = {name: folder / name for name in ("text.png", "one.png", "cut.jpg", "empty.png")}
    paths["text.png"].write_text("this is no picture")
    Image.new("RGB", (1, 1)).save(paths["one.png"])
    Image.fromarray(good).save(paths["cut.jpg"])
    whole = paths["cut.jpg"].read_bytes()
    paths["cut.jpg"].write_bytes(whole[: len(whole) // 2])
    paths["empty.png"].write_bytes(b"")
    return paths


@pytest.mark.parametrize("verb", ["classify", "locate"])
def test_bad_pictures_are_named_and_the_good_ones_still_done(
    verb: str, tmp_path: Path, cells: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = _bad_pictures(tmp_path)
    good = sorted(cells.iterdir())
    words = [verb, *map(str, [*bad.values(), *good]), "--um-per-px", "0.2", "--jsonl"]
    status, out, err = _run(words, capsys)
    assert status == 2
    assert [json.loads(line)["path"] for line in out] == [str(path) for path in good]
    assert len(err) == len(bad)
    for line, name in zip(err, bad, strict=True):
        assert line.startswith("leukoscope: E-PIC-0")
        assert name in line


def test_a_picture_without_colour_gets_no_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The network answers anything; what a stain is judged by is not there."""
    Image.fromarray(render_cell("blast", seed=40)).convert("L").save(tmp_path / "grey.png")
    words = ["classify", str(tmp_path / "grey.png"), "--um-per-px", "0.2", "--jsonl"]
    status, out, _ = _run(words, capsys)
    row = json.loads(out[0])
    assert (status, row["blast"], row["abstained"]) == (0, None, True)
    assert "no colour" in row["reason"]


def test_pictures_of_any_kind_are_judged_alike(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """16-bit, CMYK, alpha, palette and EXIF-rotated: the same cell, the same answer."""
    cell = Image.fromarray(render_cell("blast", seed=40))
    paths = {kind: tmp_path / name for kind, name in _KINDS.items()}
    cell.save(paths["plain"])
    cell.convert("CMYK").save(paths["cmyk"])
    cell.convert("RGBA").save(paths["alpha"])
    cell.quantize(256).save(paths["palette"])
    exif = Image.Exif()
    exif[0x0112] = 6
    cell.rotate(90, expand=True).save(paths["turned"], quality=98, exif=exif)
    words = ["classify", *map(str, paths.values()), "--um-per-px", "0.2", "--jsonl"]
    status, out, _ = _run(words, capsys)
    p_blast = {kind: json.loads(line)["p_blast"] for kind, line in zip(paths, out, strict=True)}
    print(p_blast)
    assert status == 0
    assert all(abs(p - p_blast["plain"]) < 0.1 for p in p_blast.values())


_KINDS = {
    "plain": "plain.png",
    "cmyk": "cmyk.tif",
    "alpha": "alpha.png",
    "palette": "palette.png",
    "turned": "turned.jpg",
}


def test_grey_and_16_bit_pictures_do_not_stop_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    grey = np.asarray(Image.fromarray(render_cell("neutrophil", seed=41)).convert("L"))
    Image.fromarray(grey).save(tmp_path / "grey.png")
    Image.fromarray(grey.astype(np.uint16) * 257).save(tmp_path / "deep.png")
    paths = [str(tmp_path / "grey.png"), str(tmp_path / "deep.png")]
    status, out, err = _run(["classify", *paths, "--um-per-px", "0.2", "--jsonl"], capsys)
    first, second = (json.loads(line) for line in out)
    assert (status, err) == (0, [])
    assert first["p_blast"] == pytest.approx(second["p_blast"], abs=1e-6)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A copy of the shipped bundle, to be spoilt."""
    return Path(shutil.copytree(find_bundle(), tmp_path / "bundle"))


def _spoil_hash(bundle: Path) -> None:
    model = bundle / "model.tflite"
    data = bytearray(model.read_bytes())
    data[len(data) // 2] ^= 1
    model.write_bytes(bytes(data))


def _drop_field(bundle: Path) -> None:
    _edit(bundle, lambda told: told.pop("operating_point"))


def _too_new(bundle: Path) -> None:
    _edit(bundle, lambda told: told.update(schema_version=99))


def _edit(bundle: Path, change: object) -> None:
    path = bundle / "bundle.json"
    told = json.loads(path.read_text())
    change(told)  # type: ignore[operator]
    path.write_text(json.dumps(told))


@pytest.mark.parametrize(
    ("spoil", "number", "said"),
    [
        (_spoil_hash, "E-BUN-03", "model.tflite"),
        (_drop_field, "E-BUN-02", "operating_point"),
        (_too_new, "E-BUN-02", "99"),
    ],
)
def test_a_spoilt_bundle_is_refused_by_name(
    spoil: object,
    number: str,
    said: str,
    bundle: Path,
    cells: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    spoil(bundle)  # type: ignore[operator]
    words = ["screen", "--camera", f"replay:{cells}", "--model", str(bundle)]
    status, out, err = _run(words, capsys)
    assert status == 2
    assert not out
    (line,) = err
    assert number in line
    assert said in line


def test_a_data_folder_that_cannot_be_written_is_said(
    cells: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    home = tmp_path / "file" / "home"
    words = ["screen", "--camera", f"replay:{cells}", "--home", str(home), "--um-per-px", "0.2"]
    status, out, err = _run(words, capsys)
    assert status == 1
    assert not out
    assert err[0].startswith("leukoscope: E-REC-01")


def test_no_slides_yet_is_no_fault(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = _run(["slides"], capsys)
    assert status == 0
    assert "No examinations" in out[0]
