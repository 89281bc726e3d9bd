"""A trained person's calls beside the machine's: both are kept, and the newest person's counts.

Nothing is overwritten: a changed mind is one more row. Two people who look at the same slide at
once are told of each other: whoever decides says which review they saw last, and where there is a
newer one the decision is not taken.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from edge.errors import RecordMissing, ReviewOutdated, UsageFault
from edge.records.database import Database, plain_text
from edge.records.people import checked_name, checked_note
from edge.records.reading import newest_note, newest_review

NO_WHITE_CELL = "no_white_cell"
CANNOT_TELL = "cannot_tell"

NOT_COUNTED = (NO_WHITE_CELL, CANNOT_TELL)
"""A person's labels that take a cell out of the count."""

LABELS = (
    "blast",
    "promyelocyte",
    "immature_granulocyte",
    "neutrophil",
    "lymphocyte",
    "monocyte",
    "eosinophil",
    "basophil",
    "erythroblast",
    "other_white_cell",
    *NOT_COUNTED,
)
"""What a person may call a cell: the network's labels, and what it has no word for."""


@dataclass(frozen=True)
class PersonCall:
    """One call of a person, as read back.

    Attributes:
        number: Of the review, growing.
        cell: Number of the cell.
        label: One of `LABELS`.
        blast: Whether it counts as a blast; None where the cell does not count.
        note: The person's words; may be empty.
        reviewer: The person.
        replaces: The review it replaced; None for the first.
        at: When, UTC.
    """

    number: int
    cell: int
    label: str
    blast: bool | None
    note: str
    reviewer: str
    replaces: int | None
    at: datetime


@dataclass(frozen=True)
class Note:
    """A person's words on an examination."""

    number: int
    text: str
    author: str
    at: datetime


@dataclass(frozen=True)
class Signature:
    """A person stands behind the reviewed result.

    Attributes:
        number: Of the signature, growing.
        signer: The person.
        comment: Their words; may be empty.
        result: Counts, share and differential as signed: `ReviewedResult.as_json`.
        at: When, UTC.
    """

    number: int
    signer: str
    comment: str
    result: dict[str, Any]
    at: datetime


def review_cell(
    database: Database,
    cell: int,
    label: str,
    blast: bool | None,
    reviewer: str,
    seen: int | None,
    note: str = "",
) -> PersonCall:
    """Record a person's call for a cell; it counts from now on, the machine's stays beside it.

    Args:
        database: The records.
        cell: Number of the cell.
        label: One of `LABELS`; the machine's own label to confirm it.
        blast: Whether it counts as a blast (the bundle says which labels do); None exactly for
            a label of `NOT_COUNTED`.
        reviewer: Name of the person, 1-64 printable characters.
        seen: Number of the newest review of this cell that the person saw; None for none.
        note: Their words.

    Raises:
        RecordMissing: There is no such cell.
        ReviewOutdated: Somebody reviewed the cell since; it is named in the fault.
        UsageFault: The label, the name or the note cannot be one.
        DiskFull, StoreUnwritable: It could not be recorded.
    """
    if label not in LABELS:
        raise UsageFault(
            f"{label[:40]!a} is no label of a cell.", f"Use one of {', '.join(LABELS)}."
        )
    if (blast is None) is not (label in NOT_COUNTED):
        raise UsageFault(f"A cell called {label} must{' not' * (blast is not None)} be a blast.")
    name, words = checked_name(reviewer), checked_note(note)
    with database.transaction():
        newest = _newest_of_cell(database, cell)
        if (newest.number if newest else None) != seen:
            raise ReviewOutdated(_meanwhile(cell, newest))
        number = database.append(
            "reviews",
            {
                "cell": cell,
                "label": label,
                "blast": None if blast is None else int(blast),
                "note": plain_text(words),
                "reviewer": plain_text(name),
                "replaces": seen,
                "at": database.stamp(),
            },
        )
        row = database.first("SELECT * FROM reviews WHERE id = ?", number)
    assert row is not None
    return _call(row)


def newest_calls(database: Database, examination: int) -> dict[int, PersonCall]:
    """The person's call that counts for each reviewed cell, by the cell's number."""
    with database.snapshot():
        rows = database.all(
            "SELECT r.* FROM reviews r JOIN cells c ON c.id = r.cell "
            "WHERE c.examination = ? ORDER BY r.id",
            examination,
        )
    return {row["cell"]: _call(row) for row in rows}


def calls_of_cell(database: Database, cell: int) -> list[PersonCall]:
    """Every call of a person for one cell, the oldest first."""
    with database.snapshot():
        rows = database.all("SELECT * FROM reviews WHERE cell = ? ORDER BY id", cell)
    return [_call(row) for row in rows]


def add_note(database: Database, examination: int, text: str, author: str) -> int:
    """Record a person's words on an examination; return the note's number.

    Raises:
        RecordMissing: There is no such examination.
        UsageFault: The text is empty or too long, or the name cannot be one.
        DiskFull, StoreUnwritable: It could not be recorded.
    """
    name, words = checked_name(author), checked_note(text)
    if not words:
        raise UsageFault("The note is empty.", "Write something, or leave it.")
    with database.transaction():
        _check_examination(database, examination)
        return database.append(
            "notes",
            {
                "examination": examination,
                "text": plain_text(words),
                "author": plain_text(name),
                "at": database.stamp(),
            },
        )


def notes(database: Database, examination: int) -> list[Note]:
    """All notes on an examination, the oldest first."""
    with database.snapshot():
        rows = database.all("SELECT * FROM notes WHERE examination = ? ORDER BY id", examination)
    return [
        Note(row["id"], row["text"], row["author"], datetime.fromisoformat(row["at"]))
        for row in rows
    ]


def review_state(database: Database, examination: int) -> tuple[int, int]:
    """Numbers of the newest review and the newest note of an examination; 0 for none.

    What a person saw who signs: handed to `sign` as ``seen``.
    """
    with database.snapshot():
        return newest_review(database, examination), newest_note(database, examination)


def sign(
    database: Database,
    examination: int,
    signer: str,
    result: Mapping[str, Any],
    seen: tuple[int, int],
    comment: str = "",
) -> int:
    """Record that a person stands behind the reviewed result; return the signature's number.

    Whether the person is who they say (a PIN) is for the caller to check first.

    Args:
        database: The records.
        examination: A finished one.
        signer: Name of the person.
        result: What they sign: `ReviewedResult.as_json`.
        seen: `review_state` when the result was shown.
        comment: Their words.

    Raises:
        RecordMissing: There is no such examination.
        ReviewOutdated: Somebody reviewed or noted since.
        UsageFault: The examination is not finished, or the name or the comment cannot be one.
        DiskFull, StoreUnwritable: It could not be recorded.
    """
    name, words = checked_name(signer), checked_note(comment)
    written = json.dumps(dict(result), sort_keys=True, allow_nan=False, ensure_ascii=False)
    with database.transaction():
        _check_examination(database, examination)
        if not database.first("SELECT 1 FROM verdicts WHERE examination = ?", examination):
            raise UsageFault(
                f"Examination {examination} is not finished.",
                "Only a finished examination can be signed.",
            )
        state = newest_review(database, examination), newest_note(database, examination)
        if state != tuple(seen):
            raise ReviewOutdated(f"Examination {examination} was reviewed since you looked at it.")
        return database.append(
            "signatures",
            {
                "examination": examination,
                "signer": plain_text(name),
                "comment": plain_text(words),
                "last_review": state[0],
                "last_note": state[1],
                "result": plain_text(written),
                "at": database.stamp(),
            },
        )


def signatures(database: Database, examination: int) -> list[Signature]:
    """All signatures of an examination, the oldest first."""
    with database.snapshot():
        rows = database.all(
            "SELECT * FROM signatures WHERE examination = ? ORDER BY id", examination
        )
    return [
        Signature(
            row["id"],
            row["signer"],
            row["comment"],
            json.loads(row["result"]),
            datetime.fromisoformat(row["at"]),
        )
        for row in rows
    ]


def _newest_of_cell(database: Database, cell: int) -> PersonCall | None:
    if database.first("SELECT 1 FROM cells WHERE id = ?", cell) is None:
        raise RecordMissing(f"There is no cell {cell} on record.")
    row = database.first("SELECT * FROM reviews WHERE cell = ? ORDER BY id DESC LIMIT 1", cell)
    return None if row is None else _call(row)


def _meanwhile(cell: int, newest: PersonCall | None) -> str:
    if newest is None:
        return f"Cell {cell} was not reviewed as you say."
    called = newest.label.replace("_", " ")
    return f"Cell {cell} was called {called} by {newest.reviewer} since you looked at it."


def _check_examination(database: Database, examination: int) -> None:
    if database.first("SELECT 1 FROM examinations WHERE id = ?", examination) is None:
        raise RecordMissing(f"There is no examination {examination} on record.")


def _call(row: sqlite3.Row) -> PersonCall:
    return PersonCall(
        number=row["id"],
        cell=row["cell"],
        label=row["label"],
        blast=None if row["blast"] is None else bool(row["blast"]),
        note=row["note"],
        reviewer=row["reviewer"],
        replaces=row["replaces"],
        at=datetime.fromisoformat(row["at"]),
    )
