"""``python -m bench.parting``: fit the weights by which ``edge.imaging.parting`` joins two parts.

Examples are all neighbours that are met while the basins of a piece are joined in random order,
never across two marked cells: from the marked fields named in ``TUNED_ON``, and from single cells
of healthy donors, whose parts are all one nucleus. Each piece is looked at as if its scale were
20% too small, right, and 20% too large. The fit is logistic, both answers of equal weight.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.figures import data_folder
from bench.marked_fields import FIELDS, TUNED_ON, MarkedField, field_picture
from edge.imaging.components import fill_small_holes, label_with_extents
from edge.imaging.nuclei import NucleusSettings, stain_threshold
from edge.imaging.parting import FEATURES, Graph, PartingSettings, describe
from edge.imaging.stain_map import StainMap

Floats = NDArray[np.float64]

SINGLES = ("neutrophil", "lymphocyte", "monocyte", "eosinophil", "basophil")
SINGLES_EACH = 60
SCALE_ERRORS = (0.83, 1.0, 1.2)
LEAST_UM2 = 60.0
WORKING_UM = 0.8


def main() -> None:
    """Fit, and print the weights and how well they tell neighbours of fields not fitted on."""
    folder = data_folder()
    rng = np.random.default_rng(0)
    tuned: list[list[float]] = []
    others: list[list[float]] = []
    for field in FIELDS:
        rows = list(_field_examples(folder, field, rng))
        print(f"  {field.name}: {len(rows)} neighbours", flush=True)
        (tuned if field.name in TUNED_ON else others).extend(rows)
    singles = list(_single_examples(folder, rng))
    print(f"  single cells: {len(singles)} neighbours")
    # Single cells are many and alike: they count as much as the tuned fields' one nuclei.
    share = sum(row[-1] == 0 for row in tuned) / len(singles)
    weights, offset = _fit(np.array(tuned + singles), _balance(tuned, singles, share))
    for name, weight in zip(FEATURES, weights, strict=True):
        print(f"  {name:9s} {weight:8.3f}")
    print(f"  offset    {offset:8.3f}")
    for name, rows in (("fitted on", tuned), ("other fields", others)):
        print(f"  {name}: area under the curve {_area(np.array(rows), weights):.3f}")


def _field_examples(
    folder: Path, field: MarkedField, rng: np.random.Generator
) -> Iterator[list[float]]:
    rgb = field_picture(folder, field)
    yield from _examples(rgb, 0.2, field.cells, field.doubtful, rng)


def _single_examples(folder: Path, rng: np.random.Generator) -> Iterator[list[float]]:
    with zipfile.ZipFile(folder / "barcelona_normal.zip") as archive:
        for kind in SINGLES:
            names = sorted(n for n in archive.namelist() if n.startswith(f"{kind}/"))
            # Offset by one: the tests of ``locate`` look at those in between.
            for name in names[1 :: max(2, len(names) // SINGLES_EACH)]:
                with Image.open(io.BytesIO(archive.read(name))) as picture:
                    rgb = np.asarray(picture.convert("RGB"))
                middle = (rgb.shape[1] // 2, rgb.shape[0] // 2)
                yield from _examples(rgb, 0.2, [middle], [], rng)


def _examples(
    rgb: NDArray[np.uint8],
    um_per_px: float,
    cells: list[tuple[int, int]],
    doubtful: list[tuple[int, int]],
    rng: np.random.Generator,
) -> Iterator[list[float]]:
    """Features of neighbours and 1 where they belong to two marked cells, else 0."""
    for error in SCALE_ERRORS:
        scale = um_per_px * error
        map_ = StainMap.of(rgb, scale, max(1, int(WORKING_UM / scale)))
        nuclei = NucleusSettings()
        threshold = stain_threshold(map_.stain, map_.density[1] > 0.12, nuclei)
        labels, size = label_with_extents(map_.stain > threshold)
        for i in np.flatnonzero(size.area * map_.um_per_px**2 > LEAST_UM2):
            rows, columns = slice(size.top[i], size.bottom[i]), slice(size.left[i], size.right[i])
            inside = _in_box(cells, rows, columns, map_.factor)
            if not inside or _in_box(doubtful, rows, columns, map_.factor):
                continue
            closer, detail = map_.closer(rows, columns), map_.detail
            own = (labels[rows, columns] == i + 1).repeat(detail, axis=0).repeat(detail, axis=1)
            fine = map_.um_per_px / detail
            own &= closer > nuclei.outline_share * threshold
            own = fill_small_holes(own, int(nuclei.texture_um2 / fine**2))
            step = map_.factor / detail
            marks = np.array(inside) / step - np.array([columns.start, rows.start]) * detail
            yield from _neighbours(Graph.of(own, closer, fine, PartingSettings()), marks, rng)


def _in_box(
    points: list[tuple[int, int]], rows: slice, columns: slice, factor: int
) -> list[tuple[int, int]]:
    return [
        (x, y)
        for x, y in points
        if columns.start <= x / factor < columns.stop and rows.start <= y / factor < rows.stop
    ]


def _neighbours(graph: Graph, marks: Floats, rng: np.random.Generator) -> Iterator[list[float]]:
    """All neighbours met while those of one cell are joined in random order."""
    cell_of = {}
    for number, part in graph.parts.items():
        cell_of[number] = int(np.argmin(np.hypot(*(marks - part.centre).T)))
    while True:
        same = []
        for (a, b), border in graph.borders.items():
            two = cell_of[a] != cell_of[b]
            features = describe(graph.parts[a], graph.parts[b], border, graph.um_per_px)
            yield [*features, float(two)]
            if not two:
                same.append((a, b))
        if not same:
            return
        graph.join(*same[int(rng.integers(len(same)))])


def _balance(tuned: list[list[float]], singles: list[list[float]], share: float) -> Floats:
    answers = np.array([row[-1] for row in tuned + singles])
    weight = np.concatenate([np.ones(len(tuned)), np.full(len(singles), share)])
    for answer in (0.0, 1.0):
        weight[answers == answer] *= 0.5 / weight[answers == answer].sum()
    balanced: Floats = weight * len(answers)
    return balanced


def _fit(rows: Floats, importance: Floats, ridge: float = 1.0) -> tuple[Floats, float]:
    """Logistic regression by Newton's steps; weights of the features as they are, and offset."""
    features, answers = rows[:, :-1], rows[:, -1]
    middle, spread = features.mean(axis=0), features.std(axis=0)
    a = np.column_stack([(features - middle) / spread, np.ones(len(rows))])
    b = np.zeros(a.shape[1])
    for _ in range(30):
        p = 1.0 / (1.0 + np.exp(-a @ b))
        bend = a.T @ (a * (importance * p * (1 - p))[:, None]) + ridge * np.eye(b.size)
        b += np.linalg.solve(bend, a.T @ (importance * (answers - p)) - ridge * b)
    weights = b[:-1] / spread
    return weights, float(b[-1] - weights @ middle)


def _area(rows: Floats, weights: Floats) -> float:
    """Area under the curve: how often two nuclei are in more doubt than one (Mann and Whitney)."""
    doubt, two = rows[:, :-1] @ weights, rows[:, -1] > 0
    rank = np.argsort(np.argsort(doubt))
    wins = rank[two].sum() - two.sum() * (two.sum() - 1) / 2
    return float(wins / (two.sum() * (~two).sum()))


if __name__ == "__main__":
    main()
