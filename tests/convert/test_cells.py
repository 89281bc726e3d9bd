"""Labelled cells from lists, zips and folders."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convert.cells import (
    list_cells,
    pictures_left_out,
    read_cells,
    refuse_colourless,
    refuse_one_kind,
    refuse_overlap,
    refuse_same_pictures,
)
from convert.description import NetworkDescription, read_description
from convert.stores import PictureStores
from edge.errors import ConversionRefused, DataMissing
from tests.convert.toy import description, write_cells, write_description

INPUT = description()["input"]


@pytest.fixture
def known(tmp_path: Path) -> NetworkDescription:
    write_description(tmp_path / "float.json")
    return read_description(tmp_path / "float.json")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_cells(tmp_path / "cells", 1, ("A", "B"), each=2)
    return tmp_path / "cells"


def zipped(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(p for p in folder.rglob("*") if p.is_file()):
            archive.write(file, file.relative_to(folder))
    return path


def test_folder_zip_and_list_hold_the_same_cells(
    folder: Path, known: NetworkDescription, monkeypatch: pytest.MonkeyPatch
) -> None:
    from_folder = list_cells(folder, known)
    from_zip = list_cells(zipped(folder), known)
    entries = [
        {"zip": "cells.zip", "file": c.file, "label": c.label, "patient": c.patient,
         "source": c.source, "um_per_px": c.um_per_px}
        for c in from_zip
    ]  # fmt: skip
    listed = folder.parent / "some.cells.json"
    listed.write_text(json.dumps({"cells": entries}))
    monkeypatch.setenv("LEUKOSCOPE_DATA", str(folder.parent))
    sets = [
        read_cells(cells, known, lambda *_: None)
        for cells in (from_folder, from_zip, list_cells(listed, known))
    ]
    assert len(sets[0]) == 14
    for other in sets[1:]:
        np.testing.assert_array_equal(sets[0].crops, other.crops)
        assert sets[0].groups == other.groups
        np.testing.assert_array_equal(sets[0].is_blast, other.is_blast)


def test_synonyms_are_understood_and_unknown_labels_named(
    tmp_path: Path, known: NetworkDescription
) -> None:
    for label in ("myeloblast", "neutrophil"):
        (tmp_path / "set" / label).mkdir(parents=True)
        Image.new("RGB", (40, 40)).save(tmp_path / "set" / label / "a.png")
    assert [c.label for c in list_cells(tmp_path / "set", known, 0.2)] == ["blast", "neutrophil"]
    with pytest.raises(DataMissing, match="no scale"):
        list_cells(tmp_path / "set", known)
    (tmp_path / "set" / "index.csv").write_text("file,label,um_per_px\nblast/a.png,blast,250\n")
    with pytest.raises(DataMissing, match="the scale '250', which is no microscope's"):
        list_cells(tmp_path / "set", known)
    (tmp_path / "set" / "index.csv").unlink()
    (tmp_path / "set" / "zebra").mkdir()
    Image.new("RGB", (40, 40)).save(tmp_path / "set" / "zebra" / "a.png")
    with pytest.raises(DataMissing, match="zebra"):
        list_cells(tmp_path / "set", known, 0.2)


def test_a_patient_on_both_sides_is_refused(folder: Path, known: NetworkDescription) -> None:
    cells = list_cells(folder, known)
    first = [c for c in cells if c.patient == "A"]
    second = [c for c in cells if c.patient == "B"]
    refuse_overlap(first, second)
    with pytest.raises(DataMissing, match=r"in calibration and holdout.*A"):
        refuse_overlap(first, second + first[-1:])


def test_a_patient_in_two_folders_is_the_same_patient(
    tmp_path: Path, known: NetworkDescription
) -> None:
    """As everybody lays them out, tune/ and holdout/: they were taken for two laboratories."""
    write_cells(tmp_path / "tune", 1, ("A", "P1"), each=2)
    write_cells(tmp_path / "holdout", 2, ("p1", "B"), each=2)
    tune, holdout = (list_cells(tmp_path / name, known) for name in ("tune", "holdout"))
    with pytest.raises(DataMissing, match=r"1 of the patients .* such as p1.*column 'source'"):
        refuse_overlap(tune, holdout)


def test_patients_of_two_named_laboratories_may_have_one_number(
    tmp_path: Path, known: NetworkDescription
) -> None:
    for name, seed in (("tune", 1), ("holdout", 2)):
        write_cells(tmp_path / name, seed, ("A", "B"), each=2)
        index = tmp_path / name / "index.csv"
        head, *rows = index.read_text().split()
        index.write_text("\n".join([f"{head},source", *(f"{row},lab of {name}" for row in rows)]))
    tune, holdout = (list_cells(tmp_path / name, known) for name in ("tune", "holdout"))
    assert {cell.source for cell in tune} == {"lab of tune"}
    refuse_overlap(tune, holdout)


def test_pictures_that_the_index_does_not_name_are_told(
    folder: Path, known: NetworkDescription
) -> None:
    assert pictures_left_out(folder, list_cells(folder, known)) == []
    index = folder / "index.csv"
    index.write_text("\n".join(index.read_text().split()[:-1]))
    (folder / "blast" / "._A_0.png").write_bytes(b"left by another system")
    left = pictures_left_out(folder, list_cells(folder, known))
    assert left == ["artefact/B_1.png"]
    zip_file = zipped(folder)
    assert pictures_left_out(zip_file, list_cells(zip_file, known)) == left


@pytest.mark.parametrize(("kept", "lacking"), [("blast", "no blasts"), ("neutrophil", "no blast")])
def test_a_set_of_one_kind_is_refused_before_any_picture_is_read(
    kept: str, lacking: str, folder: Path, known: NetworkDescription
) -> None:
    cells = list_cells(folder, known)
    refuse_one_kind(cells, known, "tune")
    one_kind = [cell for cell in cells if cell.label in {kept, "artefact"}]
    with pytest.raises(DataMissing, match=rf"tune holds \d+ cells and no .*{lacking[3:]}"):
        refuse_one_kind(one_kind, known, "tune")


def test_a_picture_on_both_sides_is_refused_without_patients(
    tmp_path: Path, known: NetworkDescription
) -> None:
    (tmp_path / "set" / "blast").mkdir(parents=True)
    Image.new("RGB", (40, 40)).save(tmp_path / "set" / "blast" / "a.png")
    cells = list_cells(tmp_path / "set", known, 0.2)
    with pytest.raises(DataMissing, match="pictures are in calibration and holdout"):
        refuse_overlap(cells, cells)


def test_a_picture_on_both_sides_under_another_name_is_refused(
    folder: Path, tmp_path: Path, known: NetworkDescription
) -> None:
    """As exports of one archive to two folders have it; re-saved in another form it is the same."""
    other = tmp_path / "other"
    write_cells(other, 2, ("C", "D"), each=2)
    sets = [
        read_cells(list_cells(place, known), known, lambda *_: None) for place in (folder, other)
    ]
    refuse_same_pictures(*sets)
    with Image.open(folder / "blast" / "A_0.png") as picture:
        picture.save(other / "neutrophil" / "D_1.png", compress_level=1)
    again = read_cells(list_cells(other, known), known, lambda *_: None)
    with pytest.raises(
        DataMissing, match=r"neutrophil/D_1\.png of other and blast/A_0\.png of cells"
    ):
        refuse_same_pictures(sets[0], again)


def _grey_of_16_bits(rgb: np.ndarray) -> Image.Image:
    return Image.fromarray(rgb.mean(axis=2).astype(np.uint16) * 257)


def test_pictures_of_every_kind_look_as_they_do_to_a_person(
    folder: Path, known: NetworkDescription
) -> None:
    """16 bits would be white if they were cut at 255, what is transparent black."""
    path = folder / "blast" / "A_0.png"
    with Image.open(path) as picture:
        rgb = np.asarray(picture.convert("RGB"))
    wanted = {"grey": np.repeat(rgb.mean(axis=2).astype(np.uint8)[..., None], 3, axis=2)}
    _grey_of_16_bits(rgb).save(path)
    with PictureStores() as stores:
        found = stores.read(folder, "blast/A_0.png")
        assert np.abs(found.astype(int) - wanted["grey"]).max() <= 1
        clear = np.dstack([np.zeros_like(rgb), np.zeros(rgb.shape[:2], np.uint8)])
        Image.fromarray(clear).save(path)
        assert (stores.read(folder, "blast/A_0.png") == 255).all()
        Image.fromarray(rgb).convert("CMYK").save(path.with_suffix(".jpg"), quality=95)
        cmyk = stores.read(folder, "blast/A_0.jpg").astype(int)
        assert np.abs(cmyk - rgb).mean() < 8


def test_a_set_without_colour_is_refused(folder: Path, known: NetworkDescription) -> None:
    """A bundle was proven on grey pictures, none of which the device would answer."""
    refuse_colourless(read_cells(list_cells(folder, known), known, lambda *_: None), "tune")
    for file in folder.glob("*/*.png"):
        with Image.open(file) as picture:
            picture.convert("L").save(file.with_suffix(".jpg"), quality=70)
        file.with_suffix(".jpg").rename(file)
    grey = read_cells(list_cells(folder, known), known, lambda *_: None)
    with pytest.raises(DataMissing, match="14 of the 14 pictures of tune have no colour"):
        refuse_colourless(grey, "tune")


def test_a_picture_that_would_fill_the_memory_is_named(folder: Path) -> None:
    Image.new("1", (20_000, 20_000)).save(folder / "blast" / "A_0.png")
    with PictureStores() as stores, pytest.raises(DataMissing, match="million pixels"):
        stores.read(folder, "blast/A_0.png")


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n cut"])
def test_a_damaged_picture_is_named(
    content: bytes, folder: Path, known: NetworkDescription
) -> None:
    (folder / "blast" / "A_0.png").write_bytes(content)
    with pytest.raises(DataMissing, match=r"blast/A_0\.png"):
        read_cells(list_cells(folder, known), known, lambda *_: None)


def test_places_without_cells(tmp_path: Path, known: NetworkDescription) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "no.zip").write_bytes(b"not a zip")
    (tmp_path / "bad.cells.json").write_text('{"cells": [{"zip": "z.zip"}]}')
    for name in ("empty", "no.zip", "bad.cells.json", "nowhere"):
        with pytest.raises(DataMissing):
            list_cells(tmp_path / name, known)


@pytest.mark.parametrize(
    "changes",
    [
        {"labels": ["blast"]},
        {"blast_labels": ["zebra"]},
        {"blast_labels": ["artefact"]},
        {"synonyms": {"a": "zebra"}},
        {"input": {"size_px": 32}},
        {"trained_on": [{"name": "x"}]},
        {"log": "nowhere.log"},
        {"synonym": {"myeloblast": "blast"}},
        {"pixels": {"order": "BGR", "multiply": [1, 1, 1], "add": [0, 0, 0]}},
        {"input": INPUT | {"pixel": {"order": "BGR", "multiply": [1, 1, 1], "add": [0, 0, 0]}}},
        {"input": INPUT | {"view": 4}},
        {"name": 3},
    ],
)
def test_a_description_that_cannot_be(changes: dict[str, object], tmp_path: Path) -> None:
    write_description(tmp_path / "float.json", **changes)
    with pytest.raises(ConversionRefused):
        read_description(tmp_path / "float.json")


def test_a_colour_preparation_the_device_does_not_know(folder: Path, tmp_path: Path) -> None:
    colour = {"method": "white_reference", "parameters": {"gamma": 2.0}}
    spec = {"size_px": 32, "um_per_px": 0.8, "colour": colour}
    write_description(tmp_path / "float.json", input=spec)
    known = read_description(tmp_path / "float.json")
    with pytest.raises(ConversionRefused, match="gamma"):
        read_cells(list_cells(folder, known), known, lambda *_: None)
