"""What a network said of cells it was not trained on, kept as one small file a run.

Cells are not kept, only which they were: a hash of their list. The split follows from recipe and
run, so that anyone with the data finds them again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataMissing
from train.cells import LabelledCell

Logits = NDArray[np.float32]
FILE = "answers.npz"


@dataclass(frozen=True)
class Answers:
    """Logits of one network, each float32, shape (cells, labels).

    Attributes:
        tune: Of the tuning patients' cells.
        holdout: Of the held-out cells.
        fields: Of the boxed white cells of each source of fields.
        views: Mirror images of each cell that they are the mean of.
        degraded_cells: Which of the holdout cells were degraded too; int64.
        degraded: Of those, for each ``DEGRADATION/STRENGTH``; empty where it was not asked.
    """

    tune: Logits
    holdout: Logits
    fields: dict[str, Logits]
    views: int
    degraded_cells: NDArray[np.int64]
    degraded: dict[str, Logits]


def is_done(folder: Path) -> bool:
    """Whether a run was finished and its answers kept."""
    return (folder / FILE).is_file()


def cells_hash(cells: Sequence[LabelledCell]) -> str:
    """SHA-256 of a list of cells: names, labels and patients, in order."""
    digest = hashlib.sha256()
    for cell in cells:
        digest.update(f"{cell.zip}/{cell.file}/{cell.label}/{cell.patient}\n".encode())
    return digest.hexdigest()


def write_answers(
    folder: Path, answers: Answers, tune: Sequence[LabelledCell], holdout: Sequence[LabelledCell]
) -> None:
    """Write ``answers.npz``; logits in half precision, which is more than an int8 network has."""
    told = {"tune": cells_hash(tune), "holdout": cells_hash(holdout), "views": answers.views}
    arrays: dict[str, NDArray[Any]] = {
        "cells": np.frombuffer(json.dumps(told).encode(), dtype=np.uint8),
        "tune": answers.tune.astype(np.float16),
        "holdout": answers.holdout.astype(np.float16),
        "degraded_cells": answers.degraded_cells.astype(np.int32),
    }
    arrays |= {f"fields/{name}": part.astype(np.float16) for name, part in answers.fields.items()}
    arrays |= {
        f"degraded/{name}": part.astype(np.float16) for name, part in answers.degraded.items()
    }
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{FILE}.part"
    with partial.open("wb") as file:
        np.savez_compressed(file, **arrays)
    partial.replace(folder / FILE)


def read_answers(
    folder: Path, tune: Sequence[LabelledCell], holdout: Sequence[LabelledCell]
) -> Answers:
    """Read ``answers.npz`` and check that it speaks of these cells.

    Raises:
        DataMissing: It is not there, damaged, or of other cells.
    """
    path = folder / FILE
    try:
        with np.load(path, allow_pickle=False) as arrays:
            told = json.loads(arrays["cells"].tobytes())
            read = {name: arrays[name] for name in arrays.files if name != "cells"}
    except (OSError, ValueError, KeyError) as error:
        raise DataMissing(f"Answers {path} cannot be read: {error}.", "Run it again.") from error
    views = told.pop("views", 1)  # not told by runs older than views
    if told != {"tune": cells_hash(tune), "holdout": cells_hash(holdout)}:
        raise DataMissing(
            f"Answers {path} are of other cells than the recipe's.", "Delete them; run it again."
        )

    def group(prefix: str) -> dict[str, Logits]:
        return {
            name.removeprefix(prefix): part.astype(np.float32)
            for name, part in read.items()
            if name.startswith(prefix)
        }

    return Answers(
        tune=read["tune"].astype(np.float32),
        holdout=read["holdout"].astype(np.float32),
        fields=group("fields/"),
        views=int(views),
        degraded_cells=read["degraded_cells"].astype(np.int64),
        degraded=group("degraded/"),
    )
