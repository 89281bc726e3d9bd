"""Counted cells as entries of a contact sheet: one way to caption a call everywhere."""

from __future__ import annotations

from collections.abc import Iterable

from edge.inference.classifier import UNLIKE_TRAINING
from edge.records.contact_sheet import SheetCell
from edge.screening import CountedCell

_FLAGGED = (196, 30, 40)
_NOT_TOLD = (214, 138, 0)
_OTHER = (120, 128, 136)


def sheet_cells(cells: Iterable[CountedCell], most: int | None = None) -> list[SheetCell]:
    """Cells as sheet entries, most suspicious first.

    Args:
        cells: Of one examination.
        most: Keep so many at the most; None keeps all.
    """
    ranked = sorted(cells, key=lambda cell: -cell.call.p_blast)
    return [_sheet_cell(cell) for cell in ranked[:most]]


def _sheet_cell(cell: CountedCell) -> SheetCell:
    call = cell.call
    if call.blast is None:
        return SheetCell(cell.crop, f"? {_short(call.reason or '')}", _NOT_TOLD)
    caption = f"{_short(call.label)} {call.p_blast:.2f}"
    return SheetCell(cell.crop, caption, _FLAGGED if call.blast else _OTHER)


def _short(words: str) -> str:
    """Words that fit below a cell."""
    spaced = words.replace("_", " ")
    return {"immature granulocyte": "imm. gran.", UNLIKE_TRAINING: "unlike training"}.get(
        spaced, spaced
    )
