"""Truth: what counts as a white cell, and how many are blasts."""

from __future__ import annotations

from edge.camera.smear.optics import Optics
from edge.camera.smear.stain import Stain
from edge.camera.smear.truth import TrueCell, Truth


def truth(*kinds):
    cells = tuple(TrueCell(kind, 0, 0, 10) for kind in kinds)
    return Truth(cells, (), 0.2, 7.2, Stain(), Optics(), (1, 1, 1))


def test_a_smudge_is_an_artefact_and_not_counted():
    known = truth("blast", "smudge", "neutrophil")
    assert [cell.label for cell in known.cells] == ["blast", "artefact", "neutrophil"]
    assert len(known.white_cells) == 2
    assert known.blast_share == 0.5


def test_no_white_cells_are_no_blasts():
    assert truth("smudge").blast_share == 0
