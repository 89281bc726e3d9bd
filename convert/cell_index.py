"""``index.csv``: which cell each picture shows, as laboratories' programs write it.

Commas, semicolons (as spreadsheets of many countries save them, decimal commas with them) or tabs;
names of columns in any case; UTF-8, UTF-16 or Windows' letters. What could be read in two ways is
refused: a picture named twice, and patients in a column that is not called so.
"""

from __future__ import annotations

import codecs
import csv
import io
from pathlib import Path
from typing import Final

from edge.errors import DataMissing

INDEX: Final = "index.csv"

_NEEDED: Final = ("file", "label")
_SEPARATORS: Final = (",", ";", "\t")
_LIKE_PATIENT: Final = ("patient", "subject", "donor", "person")


def read_rows(content: bytes, place: Path) -> list[dict[str, str]]:
    """The rows of an index, each with at least ``file`` and ``label``; empty lines are no rows.

    Args:
        content: Of the file.
        place: The zip or folder that it describes, for refusals.

    Raises:
        DataMissing: It lacks a column or a value, names a picture twice, or has a column that looks
            like the patient's and is not called ``patient``; says which and where.
    """
    where = f"{INDEX} of {place}"
    text = _text(content)
    head, _, _ = text.partition("\n")
    separator = max(_SEPARATORS, key=head.count)
    table = csv.reader(io.StringIO(text), delimiter=separator)
    try:
        columns = [name.strip().lower() for name in next(table, [])]
        if not columns:
            return []
        _refuse_columns(columns, where)
        rows = []
        lines: dict[str, int] = {}
        for values in table:
            row = _row(columns, values, separator)
            if any(row.values()):
                _refuse_row(row, table.line_num, lines, where)
                rows.append(row)
    except csv.Error as error:
        raise DataMissing(f"{where} is no table: {error}.", "Save it as CSV in UTF-8.") from error
    return rows


def _text(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _refuse_columns(columns: list[str], where: str) -> None:
    missing = [name for name in _NEEDED if name not in columns]
    if missing:
        raise DataMissing(
            f"{where} lacks the column {' and '.join(missing)}; it has {', '.join(columns)[:120]}.",
            "Name the columns in the first line: file, label, patient, um_per_px.",
        )
    alike = [name for name in columns if any(word in name for word in _LIKE_PATIENT)]
    if alike and "patient" not in columns:
        raise DataMissing(
            f"{where} has a column {alike[0]!r} and none called 'patient'.",
            "Call the column of patients 'patient', or leave it out: all is proven by patients.",
        )


def _row(columns: list[str], values: list[str], separator: str) -> dict[str, str]:
    row = dict(zip(columns, (value.strip() for value in values), strict=False))
    if "/" not in row.get("file", ""):  # as Windows writes it
        row["file"] = row.get("file", "").replace("\\", "/")
    if separator != "," and "um_per_px" in row:
        row["um_per_px"] = row["um_per_px"].replace(",", ".")
    return row


def _refuse_row(row: dict[str, str], number: int, lines: dict[str, int], where: str) -> None:
    """A row that says too little, or another time what was said of a picture."""
    for name in _NEEDED:
        if not row.get(name):
            raise DataMissing(
                f"Line {number} of {where} tells no {name}.", "Complete or remove the line."
            )
    if row["file"] in lines:
        raise DataMissing(
            f"Line {number} of {where} names {row['file']} again, after line {lines[row['file']]}.",
            "Leave one line for each picture: a cell that counts twice proves nothing.",
        )
    lines[row["file"]] = number
