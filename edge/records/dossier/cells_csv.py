"""Every counted cell as a line of CSV (RFC 4180), both calls side by side."""

from __future__ import annotations

import csv
import io

from edge.records.dossier.content import Dossier, time_text
from edge.records.reviews import PersonCall
from edge.records.rows import StoredCell

HEADINGS = (
    "examination",
    "slide",
    "cell",
    "frame",
    "place",
    "x_um",
    "y_um",
    "left_px",
    "top_px",
    "width_px",
    "height_px",
    "machine_label",
    "machine_blast",
    "machine_p_blast",
    "machine_abstained",
    "machine_reason",
    "person_label",
    "person_blast",
    "person",
    "person_note",
    "person_at_utc",
)

# A spreadsheet takes a text with such a beginning for a formula and runs it (OWASP, CSV injection).
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def cells_csv(dossier: Dossier) -> bytes:
    """The table as UTF-8, a heading first, lines ended by CR LF."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEADINGS)
    for cell in dossier.cells:
        writer.writerow(_line(dossier, cell, dossier.calls.get(cell.number)))
    return out.getvalue().encode()


def _line(dossier: Dossier, cell: StoredCell, call: PersonCall | None) -> list[object]:
    machine = cell.record
    of_person: list[object] = ["", "", "", "", ""]
    if call is not None:
        of_person = [
            guarded(call.label),
            _truth(call.blast),
            guarded(call.reviewer),
            guarded(call.note),
            time_text(call.at),
        ]
    return [
        dossier.examination.number,
        guarded(dossier.examination.slide),
        cell.number,
        machine.frame,
        machine.place,
        round(machine.x_um, 2),
        round(machine.y_um, 2),
        *(round(side, 1) for side in machine.box),
        guarded(machine.label),
        _truth(machine.blast),
        round(machine.p_blast, 6),
        _truth(machine.abstained),
        guarded(machine.reason or ""),
        *of_person,
    ]


def guarded(text: str) -> str:
    """A text that no spreadsheet runs: an apostrophe goes before what would begin a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA_STARTS) else text


def _truth(value: bool | None) -> str:
    return "" if value is None else "true" if value else "false"
