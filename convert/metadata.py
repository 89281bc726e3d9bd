"""TFLite metadata inside the model file, so that the file explains itself without its folder.

What goes in is told by TensorFlow's ``metadata_schema.fbs`` (version 1.5; tables and field numbers
below are its own): name, pixels, labels. It stands in a buffer named ``TFLITE_METADATA``; the
labels and a plain JSON of the same are a zip laid behind the flatbuffer, which other tools unpack
and interpreters do not read.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from typing import Any, Final

from convert.flatbuffer import pack, parse
from edge.inference.self_told import PLAIN_FILE

METADATA_NAME: Final = b"TFLITE_METADATA"
LABELS_FILE: Final = "labels.txt"
_IDENTIFIER: Final = b"M001"
_PARSER: Final = "1.5.0"
_FIXED_DATE: Final = (2026, 1, 1, 0, 0, 0)

_IMAGE_PROPERTIES: Final = 2
_FEATURE_PROPERTIES: Final = 1
_NORMALIZATION: Final = 1
_RGB: Final = 1
_AXIS_LABELS: Final = 2


def with_metadata(model: bytes, told: dict[str, Any]) -> bytes:
    """The model with metadata; the same arguments give the same bytes.

    Args:
        model: Bytes of a TFLite file without metadata.
        told: What ``bundle.json`` holds, as far as it is known before the files are.
    """
    from ai_edge_litert import schema_py_generated as schema

    parsed: Any = parse(model)
    buffer = schema.BufferT()
    buffer.data = list(_metadata(told))
    parsed.buffers.append(buffer)
    entry = schema.MetadataT()
    entry.name, entry.buffer = METADATA_NAME, len(parsed.buffers) - 1
    parsed.metadata = [*(parsed.metadata or []), entry]
    parsed.description = f"{told['name']} {told['version']}: {told['purpose']}"
    return pack(parsed) + _files(told)


def _files(told: dict[str, Any]) -> bytes:
    """The zip behind the flatbuffer."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        plain = json.dumps(told, indent=1, allow_nan=False) + "\n"
        for name, text in ((LABELS_FILE, "\n".join(told["labels"]) + "\n"), (PLAIN_FILE, plain)):
            archive.writestr(zipfile.ZipInfo(name, _FIXED_DATE), text)
    return content.getvalue()


class _Writer:
    """Tables of a flatbuffer, written from the leaves up."""

    def __init__(self) -> None:
        import flatbuffers  # type: ignore[import-untyped]

        self._builder: Any = flatbuffers.Builder(2048)

    def text(self, value: str) -> int:
        return int(self._builder.CreateString(value))

    def floats(self, values: Sequence[float]) -> int:
        self._builder.StartVector(4, len(values), 4)
        for value in reversed(values):
            self._builder.PrependFloat32(value)
        return int(self._builder.EndVector())

    def tables(self, offsets: Sequence[int]) -> int:
        self._builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self._builder.PrependUOffsetTRelative(offset)
        return int(self._builder.EndVector())

    def table(
        self, offsets: dict[int, int], small: dict[int, int] | None = None, slots: int = 10
    ) -> int:
        """A table of offsets to others, and of one-byte numbers."""
        self._builder.StartObject(slots)
        for slot, offset in offsets.items():
            self._builder.PrependUOffsetTRelativeSlot(slot, offset, 0)
        for slot, number in (small or {}).items():
            self._builder.PrependUint8Slot(slot, number, 0)
        return int(self._builder.EndObject())

    def size(self, width: int, height: int) -> int:
        """An ``ImageSize``."""
        self._builder.StartObject(2)
        self._builder.PrependUint32Slot(0, width, 0)
        self._builder.PrependUint32Slot(1, height, 0)
        return int(self._builder.EndObject())

    def finish(self, root: int) -> bytes:
        self._builder.Finish(root, _IDENTIFIER)
        return bytes(self._builder.Output())


def _metadata(told: dict[str, Any]) -> bytes:
    """A ``ModelMetadata`` flatbuffer."""
    write = _Writer()
    entry, end = _input(write, told["input"]), _output(write, told)
    graph = write.table({2: write.tables([entry]), 3: write.tables([end])})
    terms = "; ".join(f"{source['name']}: {source['terms']}" for source in told["trained_on"])
    return write.finish(
        write.table(
            {
                0: write.text(told["name"]),
                1: write.text(_description(told)),
                2: write.text(told["version"]),
                3: write.tables([graph]),
                4: write.text("Leukoscope, python -m convert"),
                5: write.text(f"Trained on: {terms}"),
                7: write.text(_PARSER),
            }
        )
    )


def _description(told: dict[str, Any]) -> str:
    decision = told["decision"]
    line = decision["recalibration"]
    return (
        f"{told['purpose']} White cells of stained blood smears, told apart. Logits; divide by "
        f"{decision['temperature']}, add {decision['blast_offset']} to "
        f"{' and '.join(told['blast_labels'])}, softmax over white cells; log-odds of a blast "
        f"times {line['slope']}, add {line['shift']}; a blast from {decision['threshold']}."
    )


def _input(write: _Writer, spec: dict[str, Any]) -> int:
    """A ``TensorMetadata`` of the picture: real = pixel * multiply + add = (pixel - mean) / std."""
    multiply, add = spec["pixels"]["multiply"], spec["pixels"]["add"]
    mean = write.floats([-a / m for a, m in zip(add, multiply, strict=True)])
    std = write.floats([1 / m for m in multiply])
    options = write.table({0: mean, 1: std})
    unit = write.table({1: options}, {0: _NORMALIZATION})
    size = write.size(spec["size_px"], spec["size_px"])
    image = write.table({1: size}, {0: _RGB})
    content = write.table({1: image}, {0: _IMAGE_PROPERTIES})
    words = (
        f"One cell in the middle, {spec['size_px']} px square at {spec['um_per_px']} um/px, RGB, "
        f"colours by {spec['colour']['method']}."
    )
    limits = ([255 * m + a for m, a in zip(multiply, add, strict=True)], list(add))
    stats = write.table({0: write.floats(limits[0]), 1: write.floats(limits[1])})
    return write.table(
        {
            0: write.text("cell"),
            1: write.text(words),
            3: content,
            4: write.tables([unit]),
            5: stats,
        }
    )


def _output(write: _Writer, told: dict[str, Any]) -> int:
    """A ``TensorMetadata`` of the logits, with the file that names them."""
    labels = write.table(
        {0: write.text(LABELS_FILE), 1: write.text("A label for each logit, in their order.")},
        {2: _AXIS_LABELS},
    )
    features = write.table({})
    content = write.table({1: features}, {0: _FEATURE_PROPERTIES})
    return write.table(
        {
            0: write.text("logits"),
            1: write.text(", ".join(told["labels"])),
            3: content,
            6: write.tables([labels]),
        }
    )
