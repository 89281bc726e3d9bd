"""White cells of seven wide fields, marked by hand (numbers only; the pictures are lent).

Of each field a square of 2,000 px (0.2 um/px) was looked at in four overlapping parts under a grid
of 100 px, with the candidates of ``locate`` of that day drawn in; centres were read off the grid to
about 10 px. Cells are white cells that lie whole in the square. Doubtful marks are neither asked
for nor false: bare nuclei, smudges and crushed cells (no white cells to be judged, and a finder
cannot be blamed for either answer), and cells cut by the square's border.

The parting of touching cells was tuned on ``TUNED_ON`` only; the other fields were looked at, and
measured with what came of it.
"""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE_PX = 2000
UM_PER_PX = 0.2
HIT_UM = 5.0
DOUBT_UM = 9.0

Points = list[tuple[int, int]]


@dataclass(frozen=True)
class MarkedField:
    """Marks of one field, in pixels of the square at (left_px, top_px) of the picture ``name``."""

    name: str
    left_px: int
    top_px: int
    cells: Points
    doubtful: Points


def field_picture(folder: Path, field: MarkedField) -> NDArray[np.uint8]:
    """The marked square, uint8 (2000, 2000, 3), from the lent data in ``folder``."""
    with zipfile.ZipFile(folder / "jhu_wide_fields.zip") as archive:
        name = next(n for n in archive.namelist() if n.endswith(f"{field.name}.webp"))
        with Image.open(io.BytesIO(archive.read(name))) as picture:
            right, bottom = field.left_px + SIDE_PX, field.top_px + SIDE_PX
            square = picture.convert("RGB").crop((field.left_px, field.top_px, right, bottom))
            return np.asarray(square)


def score(found: list[tuple[float, float]], field: MarkedField) -> tuple[int, int, int]:
    """Cells hit, cells missed and false candidates.

    A candidate hits the nearest cell still free within ``HIT_UM``, nearest pairs first; one that
    hits none is false unless it lies within ``DOUBT_UM`` of a doubtful mark.
    """
    cells = np.array(field.cells, dtype=float).reshape(-1, 2)
    at = np.array(found, dtype=float).reshape(-1, 2)
    apart = np.hypot(*(at[:, None] - cells[None]).transpose(2, 0, 1)) * UM_PER_PX
    free, spare = set(range(len(cells))), set(range(len(at)))
    for i, j in zip(*np.unravel_index(np.argsort(apart, axis=None), apart.shape), strict=True):
        if apart[i, j] <= HIT_UM and int(i) in spare and int(j) in free:
            spare.discard(int(i))
            free.discard(int(j))
    doubt = np.array(field.doubtful, dtype=float).reshape(-1, 2)
    false = sum(
        not (np.hypot(*(doubt - at[i]).T) * UM_PER_PX <= DOUBT_UM).any() for i in sorted(spare)
    )
    return len(cells) - len(free), len(free), false


def _read(path: Path) -> list[MarkedField]:
    """The marks of all fields; a line each: field, left, top, kind, x and y in the square."""
    fields: dict[str, MarkedField] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            name, corner = row["field"], (int(row["left_px"]), int(row["top_px"]))
            field = fields.setdefault(name, MarkedField(name, *corner, [], []))
            marks = field.cells if row["kind"] == "cell" else field.doubtful
            marks.append((int(row["x_px"]), int(row["y_px"])))
    return list(fields.values())


TUNED_ON = ("P08_2e952a2fa7db", "P15_6f4b5df486d6", "P58_59da5e3468a3")

FIELDS = _read(Path(__file__).with_suffix(".csv"))
