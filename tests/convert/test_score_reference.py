"""Every patient's scores go into the bundle as counts, and nothing else of the patient."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from convert.cells import Cell, CellSet
from convert.score_reference import score_reference
from edge.judgement.score_bins import BINS, score_bin


def cells_of(**patients: int) -> CellSet:
    listed = [
        Cell(
            Path("x"), f"{name}{number}", "neutrophil", "" if name == "donors" else name, "lab", 0.2
        )
        for name, count in patients.items()
        for number in range(count)
    ]
    white = np.array([number % 10 != 9 for number in range(len(listed))])
    none = np.zeros(len(listed), dtype=bool)
    crops = np.zeros((0, 0, 0, 3), dtype=np.uint8)
    return CellSet(tuple(listed), crops, np.zeros(len(listed), dtype=int), white, none)


def test_each_patient_has_a_row_and_a_large_source_counts_as_one_slide() -> None:
    cells = cells_of(P1=60, P2=40, P3=5, donors=3000)
    p_blast = np.random.default_rng(1).random(len(cells)) ** 4
    told = score_reference(cells, p_blast)
    rows = {row["patient"]: row["cells"] for row in told["patients"]}
    assert set(rows) == {"lab", "lab/P1", "lab/P2"}, "five cells are no example of a slide"
    assert sum(rows["lab/P1"]) == int(cells.is_white[:60].sum())
    assert abs(sum(rows["lab"]) - 400) <= BINS
    own = [score_bin(p) for p, white in zip(p_blast[:60], cells.is_white, strict=False) if white]
    assert rows["lab/P1"] == np.bincount(own, minlength=BINS).tolist()
