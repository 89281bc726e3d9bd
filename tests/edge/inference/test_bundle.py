"""A bundle is whole or refused, by name of the field."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import BundleAltered, BundleMissing, BundleRefused
from edge.inference.bundle import load_bundle
from edge.inference.recalibration import Recalibration
from tests.edge.inference.bundle_maker import description, write_bundle


def test_a_whole_bundle_says_what_it_was_given(tmp_path: Path) -> None:
    bundle = load_bundle(write_bundle(tmp_path))
    assert (bundle.name, bundle.labels[0], bundle.input.size_px) == ("toy", "blast", 32)
    assert bundle.operating_point.sensitivity.a == 8.0
    assert bundle.false_blast_evidence.patients == 12
    assert bundle.golden_outputs.shape == (4, 3)
    assert len(bundle.sha256) == 64


def _every_path(value: object, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(value, dict):
        return [path]
    inner = [found for key, item in value.items() for found in _every_path(item, (*path, key))]
    return ([path] if path else []) + inner


_FREE = {("input", "colour", "parameters", "white_level")}
_FIELDS = [path for path in _every_path(description()) if path not in _FREE]


def _put(told: dict[str, Any], path: tuple[str, ...], value: object) -> None:
    for key in path[:-1]:
        told = told[key]
    if value is None:
        del told[path[-1]]
    else:
        told[path[-1]] = value


@pytest.mark.parametrize("path", _FIELDS, ids=".".join)
def test_every_missing_field_is_named(path: tuple[str, ...], tmp_path: Path) -> None:
    told = description()
    _put(told, path, None)
    write_bundle(tmp_path, told)
    with pytest.raises(BundleRefused, match=path[-1]) as caught:
        load_bundle(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("path", _FIELDS, ids=".".join)
@pytest.mark.parametrize("nonsense", [float("nan"), -5e305, True, [], "", {"a": "b"}])
def test_every_field_of_the_wrong_kind_is_named(
    path: tuple[str, ...], nonsense: object, tmp_path: Path
) -> None:
    told = description()
    _put(told, path, nonsense)
    write_bundle(tmp_path, told)
    if path in {("non_cell_labels",), ("trained_on",)} and nonsense == []:
        load_bundle(tmp_path)
        return
    with pytest.raises(BundleRefused):
        load_bundle(tmp_path)


def test_a_newer_form_asks_for_an_update(tmp_path: Path) -> None:
    write_bundle(tmp_path, description() | {"schema_version": 3})
    with pytest.raises(BundleRefused, match="newer") as caught:
        load_bundle(tmp_path)
    assert "Update" in str(caught.value)


@pytest.mark.parametrize("name", ["model.tflite", "golden.npz", "MODEL_CARD.md"])
def test_one_changed_byte_in_any_file_is_found(name: str, tmp_path: Path) -> None:
    write_bundle(tmp_path)
    content = bytearray((tmp_path / name).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BundleAltered, match=name):
        load_bundle(tmp_path)


@pytest.mark.parametrize("name", ["model.tflite", "golden.npz", "MODEL_CARD.md"])
def test_a_file_that_is_not_there_is_named(name: str, tmp_path: Path) -> None:
    write_bundle(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(BundleRefused, match=name):
        load_bundle(tmp_path)


def test_no_bundle_there(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path, tmp_path / "nowhere", tmp_path / "file"):
        with pytest.raises(BundleMissing):
            load_bundle(folder)


@pytest.mark.parametrize("name", ["../model.tflite", "/etc/passwd", ".hidden", "a/b", "a" * 300])
def test_a_bundle_names_no_file_outside_itself(name: str, tmp_path: Path) -> None:
    told = description()
    told["files"][name] = "0" * 64
    write_bundle(tmp_path, told)
    with pytest.raises(BundleRefused, match="plain file name"):
        load_bundle(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"blast_labels": ["other"]},
        {"blast_labels": []},
        {"blast_labels": ["artefact"]},
        {"blast_labels": ["blast", "neutrophil"]},
        {"labels": ["blast", "blast", "artefact"]},
        {"decision": {"temperature": 1.0, "blast_offset": 0.0, "threshold": 0.9}},
    ],
)
def test_fields_that_contradict_each_other(change: dict[str, Any], tmp_path: Path) -> None:
    write_bundle(tmp_path, description() | change)
    with pytest.raises(BundleRefused):
        load_bundle(tmp_path)


def test_a_bundle_tells_how_sure_it_may_be_or_nothing(tmp_path: Path) -> None:
    write_bundle(tmp_path)
    assert load_bundle(tmp_path).recalibration == Recalibration(1.0, 0.0), "as older bundles do"
    told = description()
    told["decision"]["recalibration"] = {"slope": 0.7, "shift": 1.1}
    write_bundle(tmp_path, told)
    assert load_bundle(tmp_path).recalibration == Recalibration(0.7, 1.1)


@pytest.mark.parametrize(
    "line", [{"slope": 0.0, "shift": 0.0}, {"slope": 1.0}, {"slope": -1, "shift": 0}, [1.0, 0.0]]
)
def test_a_recalibration_that_would_turn_scores_round_is_refused(line: Any, tmp_path: Path) -> None:
    told = description()
    told["decision"]["recalibration"] = line
    write_bundle(tmp_path, told)
    with pytest.raises(BundleRefused, match="recalibration"):
        load_bundle(tmp_path)


def test_golden_cells_must_fit_the_network(tmp_path: Path) -> None:
    told = description()
    told["input"]["size_px"] = 64
    write_bundle(tmp_path, told)
    with pytest.raises(BundleRefused, match=r"golden\.npz"):
        load_bundle(tmp_path)


def test_golden_cells_hold_no_code(tmp_path: Path) -> None:
    write_bundle(tmp_path)
    np.savez(tmp_path / "golden.npz", crops=np.array([print]), outputs=np.array([print]))
    told = json.loads((tmp_path / "bundle.json").read_text())
    digest = hashlib.sha256((tmp_path / "golden.npz").read_bytes()).hexdigest()
    told["files"]["golden.npz"] = digest
    (tmp_path / "bundle.json").write_text(json.dumps(told))
    with pytest.raises(BundleRefused, match=r"golden\.npz"):
        load_bundle(tmp_path)


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"name": 1, "name": 2}', b"nul"]
)
def test_a_damaged_description(text: bytes, tmp_path: Path) -> None:
    write_bundle(tmp_path)
    (tmp_path / "bundle.json").write_bytes(text)
    with pytest.raises(BundleRefused, match=r"bundle\.json"):
        load_bundle(tmp_path)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(cut=st.integers(0, 1200), byte=st.integers(0, 255))
def test_no_damage_of_the_description_escapes_as_another_error(
    cut: int, byte: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = write_bundle(tmp_path_factory.mktemp("bundle"), copy.deepcopy(description()))
    text = bytearray((folder / "bundle.json").read_bytes())
    text[min(cut, len(text) - 1)] = byte
    (folder / "bundle.json").write_bytes(text)
    with contextlib.suppress(BundleMissing, BundleRefused, BundleAltered):
        load_bundle(folder)
