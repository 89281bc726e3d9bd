"""Parts of the ladder: which cells set ranges, which layers lose most."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from convert.cells import Cell, CellSet
from convert.layers import LayerError, worst_layers
from convert.quantize import choose_representative


def cells_of(told: list[tuple[str, str, str, int]]) -> CellSet:
    """(source, label, patient, count) each."""
    cells = tuple(
        Cell(Path("z"), f"{source}{label}{patient}{i}", label, patient, source, 0.2)
        for source, label, patient, count in told
        for i in range(count)
    )
    index = np.zeros(len(cells), dtype=np.int64)
    white = np.ones(len(cells), dtype=bool)
    return CellSet(cells, np.zeros((len(cells), 1, 1, 3), np.uint8), index, white, white)


def test_ranges_come_from_every_source_label_and_patient() -> None:
    cells = cells_of(
        [("a", "blast", "P1", 500), ("a", "blast", "P2", 2), ("a", "neutrophil", "P1", 300),
         ("b", "neutrophil", "", 3), ("b", "basophil", "", 1)]
    )  # fmt: skip
    chosen = [cells.cells[index] for index in choose_representative(cells, 20, 0)]
    by_kind = Counter((cell.source, cell.label) for cell in chosen)
    assert by_kind[("b", "basophil")] == 1
    assert by_kind[("b", "neutrophil")] == 3
    assert by_kind[("a", "blast")] == by_kind[("a", "neutrophil")] == 8
    blasts = Counter(cell.patient for cell in chosen if cell.label == "blast")
    assert blasts["P2"] == 2, "the patient with two cells gives both"


def test_fewer_cells_than_wanted_are_all_taken() -> None:
    cells = cells_of([("a", "blast", "P1", 3), ("a", "neutrophil", "P2", 2)])
    assert sorted(choose_representative(cells, 100, 0)) == list(range(5))


def test_the_worst_layers_add_most_and_keep_their_order() -> None:
    added = [0.1, 0.5, 0.0, 0.4]
    layers = [LayerError(f"l{i}", "CONV_2D", 0.9, part, 0, 256) for i, part in enumerate(added)]
    assert worst_layers(layers, 2) == ("l1", "l3")
    assert worst_layers(layers, 9) == ("l0", "l1", "l2", "l3")
