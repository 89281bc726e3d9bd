"""What a model file says of itself, held against the ``bundle.json`` beside it.

The converter lays what it proved behind the model, as a zip that interpreters do not read. SHA-256
keeps the model as it was proven; ``bundle.json`` no hash keeps: labels in another order, edited by
hand or taken from another bundle, would pass every golden answer, for those are numbers without
names.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import Final

from edge.errors import BundleRefused
from edge.inference.fields import Fields, parse_object

PLAIN_FILE: Final = "leukoscope.json"
"""In the zip that the converter lays behind the model."""

_MOST_BYTES: Final = 4_000_000
_COMPUTED: Final = (
    "labels", "blast_labels", "non_cell_labels", "input", "output", "decision", "abstention",
)  # fmt: skip
"""What decides which answer a cell gets."""


def refuse_contradiction(model: bytes, told: Fields) -> None:
    """Nothing that decides an answer is told otherwise than in the model file.

    Args:
        model: Bytes of ``model.tflite``; one that tells nothing of itself is taken as it is.
        told: Of ``bundle.json``.

    Raises:
        BundleRefused: Something is; names it.
    """
    text = _plain(model)
    if text is None:
        return
    own = parse_object(text, PLAIN_FILE).values
    for key in _COMPUTED:
        if key in own and own[key] != told.values.get(key):
            raise BundleRefused(
                f"{told.path}: {key} is not what the model was proven with, which stands in the "
                "model file."
            )


def _plain(model: bytes) -> bytes | None:
    try:
        with zipfile.ZipFile(io.BytesIO(model)) as archive:
            if archive.getinfo(PLAIN_FILE).file_size > _MOST_BYTES:
                raise BundleRefused(f"{PLAIN_FILE} in the model file is larger than any.")
            return archive.read(PLAIN_FILE)
    except KeyError:
        return None
    except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError):
        return None  # no zip behind it: the golden test and the hashes are all there is
