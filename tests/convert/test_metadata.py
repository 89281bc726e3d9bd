"""A model file explains itself: read back by the field numbers of TensorFlow's own schema."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convert.metadata import LABELS_FILE, METADATA_NAME, with_metadata
from edge.inference.self_told import PLAIN_FILE
from tests.shared_data import REPOSITORY

pytest.importorskip("flatbuffers", reason="the extra `convert` is not installed")

SHIPPED = REPOSITORY / "models" / "leukoscope-mnv2"


class Table:
    """A flatbuffer's table, read by slot: an independent reading of the binary form."""

    def __init__(self, data: bytes, place: int) -> None:
        self.data, self.place = data, place
        self.fields = place - struct.unpack_from("<i", data, place)[0]

    def at(self, slot: int) -> int:
        """Where a field stands."""
        size = struct.unpack_from("<H", self.data, self.fields)[0]
        assert 4 + 2 * slot < size, f"slot {slot} is not there"
        offset = int(struct.unpack_from("<H", self.data, self.fields + 4 + 2 * slot)[0])
        assert offset, f"slot {slot} is empty"
        return self.place + offset

    def _follow(self, place: int) -> int:
        return place + int(struct.unpack_from("<I", self.data, place)[0])

    def table(self, slot: int) -> Table:
        return Table(self.data, self._follow(self.at(slot)))

    def text(self, slot: int) -> str:
        place = self._follow(self.at(slot))
        length = struct.unpack_from("<I", self.data, place)[0]
        return self.data[place + 4 : place + 4 + length].decode()

    def tables(self, slot: int) -> list[Table]:
        place = self._follow(self.at(slot))
        count = struct.unpack_from("<I", self.data, place)[0]
        return [Table(self.data, self._follow(place + 4 + 4 * i)) for i in range(count)]

    def floats(self, slot: int) -> list[float]:
        place = self._follow(self.at(slot))
        count = struct.unpack_from("<I", self.data, place)[0]
        return list(struct.unpack_from(f"<{count}f", self.data, place + 4))

    def byte(self, slot: int) -> int:
        return self.data[self.at(slot)]


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    description: dict[str, Any] = json.loads((SHIPPED / "bundle.json").read_text())
    del description["files"]
    return description


@pytest.fixture(scope="module")
def bare() -> bytes:
    from convert.flatbuffer import pack, parse

    parsed = parse((SHIPPED / "model.tflite").read_bytes())
    parsed.metadata = [entry for entry in parsed.metadata or [] if entry.name != METADATA_NAME]
    return pack(parsed)


@pytest.fixture(scope="module")
def explained(bare: bytes, told: dict[str, Any]) -> bytes:
    return with_metadata(bare, told)


def metadata_of(model: bytes) -> Table:
    from convert.flatbuffer import parse

    parsed = parse(model)
    (entry,) = [entry for entry in parsed.metadata if entry.name == METADATA_NAME]
    data = bytes(np.array(parsed.buffers[entry.buffer].data, dtype=np.uint8))
    assert data[4:8] == b"M001"
    return Table(data, struct.unpack_from("<I", data, 0)[0])


def test_it_says_what_it_is_and_what_it_takes(explained: bytes, told: dict[str, Any]) -> None:
    root = metadata_of(explained)
    assert (root.text(0), root.text(2)) == (told["name"], told["version"])
    assert "not a diagnosis" in root.text(1)
    assert "research use" in root.text(5)
    (graph,) = root.tables(3)
    (cell,) = graph.tables(2)
    assert f"{told['input']['um_per_px']} um/px" in cell.text(1)
    image = cell.table(3).table(1)
    assert image.byte(0) == 1, "RGB"
    size = image.table(1)
    assert struct.unpack_from("<I", size.data, size.at(0))[0] == told["input"]["size_px"]
    options = cell.tables(4)[0].table(1)
    multiply, add = (np.array(told["input"]["pixels"][key]) for key in ("multiply", "add"))
    pixels = np.array([7.0, 100.0, 250.0])
    normalised = (pixels - options.floats(0)) / options.floats(1)
    np.testing.assert_allclose(normalised, pixels * multiply + add, rtol=1e-5, atol=1e-5)


def test_it_brings_its_labels_as_a_file_that_any_tool_unpacks(
    explained: bytes, told: dict[str, Any], tmp_path: Path
) -> None:
    (path := tmp_path / "model.tflite").write_bytes(explained)
    with zipfile.ZipFile(path) as archive:
        assert archive.read(LABELS_FILE).decode().split() == told["labels"]
        assert json.loads(archive.read(PLAIN_FILE)) == told
    (logits,) = metadata_of(explained).tables(3)[0].tables(3)
    (file,) = logits.tables(6)
    assert (file.text(0), file.byte(2)) == (LABELS_FILE, 2)
    assert zipfile.is_zipfile(io.BytesIO(explained))


def test_it_answers_as_before_in_every_interpreter(explained: bytes, bare: bytes) -> None:
    from convert.second_opinion import ask
    from edge.inference.interpreter import LIBRARIES, open_interpreter

    plain = open_interpreter(bare)
    crops = np.random.default_rng(0).integers(-128, 128, (3, *plain.input.shape), dtype=np.int8)
    wanted = plain.run(crops)
    np.testing.assert_array_equal(open_interpreter(explained).run(crops), wanted)
    for library in LIBRARIES:
        answers = ask(library, explained, crops)
        assert answers is None or np.abs(answers.astype(int) - wanted).max() <= 3


def test_the_same_words_give_the_same_bytes(
    explained: bytes, bare: bytes, told: dict[str, Any]
) -> None:
    assert with_metadata(bare, told) == explained
