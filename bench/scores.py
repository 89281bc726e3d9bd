"""``python -m bench.scores OUT.csv``: what the shipped bundle says of cells it never saw.

One row for each signed white cell that the network takes for one, as a plain CSV: file, source,
patient, label (signed), is_blast (signed), p_blast, abstained, called (the network's label). The
comparison of aggregations (``python -m bench.aggregation``) reads this form, whoever wrote it.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench.figures import RECIPE, data_folder
from convert.cells import Cell, read_cells
from convert.description import NetworkDescription
from edge.inference.bundle import Bundle
from edge.inference.classifier import Call, Classifier
from edge.inference.shelf import open_classifier
from train.cells import LabelledCell, Part, read_index, split_cells
from train.labels import BLAST_LABELS, NON_CELL_LABELS
from train.recipe import Recipe

COLUMNS = ("file", "source", "patient", "label", "is_blast", "p_blast", "abstained", "called")
_BATCH = 64


def cells_of(parts: Sequence[Part], folder: Path) -> list[LabelledCell]:
    """The signed white cells of parts of the shipped network's split."""
    recipe = Recipe.load(RECIPE)
    cells = [cell for source in recipe.sources for cell in read_index(folder, source)]
    split = split_cells(cells, recipe)
    return [c for part in parts for c in split[part] if c.label not in NON_CELL_LABELS]


def calls_of(classifier: Classifier, cells: Sequence[LabelledCell], folder: Path) -> list[Call]:
    """The network's calls, in order, at the scale that the source tells."""
    network = _description(classifier.bundle)
    listed = [
        Cell(folder / c.zip, c.file, c.label, c.patient, c.source, c.um_per_px) for c in cells
    ]
    calls: list[Call] = []
    for start in range(0, len(listed), _BATCH):
        crops = read_cells(listed[start : start + _BATCH], network, _silent).crops
        calls += classifier.classify(np.ascontiguousarray(crops))
    return calls


def _description(bundle: Bundle) -> NetworkDescription:
    """The bundle's preparation of pictures, in the workstation's words."""
    spec = bundle.input
    colour = {"method": spec.colour_method, "parameters": spec.colour_parameters}
    return NetworkDescription(
        bundle.name, bundle.version, bundle.labels, bundle.blast_labels, bundle.non_cell_labels,
        {}, spec.size_px, spec.um_per_px, colour, spec.multiply, spec.add, [], {}, None,
    )  # fmt: skip


def _silent(what: str, done: int, of: int) -> None:
    """Nothing to say between batches."""


def write_scores(path: Path, cells: Sequence[LabelledCell], calls: Sequence[Call]) -> int:
    """Write the rows of cells that the network takes for white cells; return how many."""
    rows = [
        {
            "file": cell.file,
            "source": cell.source,
            "patient": cell.patient,
            "label": cell.label,
            "is_blast": int(cell.label in BLAST_LABELS),
            "p_blast": f"{call.p_blast:.6g}",
            "abstained": int(call.abstained),
            "called": call.label,
        }
        for cell, call in zip(cells, calls, strict=True)
        if call.white_cell
    ]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return len(rows)


def main(argv: Sequence[str] | None = None) -> int:
    """Write the CSV; exit status 0."""
    parser = argparse.ArgumentParser(prog="python -m bench.scores", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--model", type=Path, default=None)
    parser.add_argument("--parts", nargs="+", choices=("tune", "holdout"), default=["holdout"])
    arguments = parser.parse_args(argv)
    classifier = open_classifier(arguments.model, 2)
    cells = cells_of(arguments.parts, data_folder())
    calls = calls_of(classifier, cells, data_folder())
    print(f"{write_scores(arguments.out, cells, calls)} of {len(cells)} cells: {arguments.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
