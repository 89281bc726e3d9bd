"""The walk along the chain: every record recomputed from its table and held against its hash."""

from __future__ import annotations

import hashlib
import sqlite3

from edge.records.chain import GENESIS, link
from edge.records.rows import ChainReport
from edge.records.schema import CHAINED

# Where the picture of a record lies: its table, its key there, its column, the column of the
# record that holds its hash, and what a deletion of such pictures is called.
_PICTURES = {
    "cells": ("crops", "cell", "webp", "crop_sha256", "crops"),
    "fields": ("field_pictures", "field", "jpeg", "jpeg_sha256", "fields"),
}

_NAMES = {
    "examinations": "the start",
    "verdicts": "the verdict",
    "conditions": "the conditions",
}
_NUMBERED = {
    "cells": "cell",
    "reviews": "review",
    "notes": "note",
    "signatures": "signature",
    "events": "event",
    "fields": "field picture",
    "deletions": "deletion",
}


def verify(connection: sqlite3.Connection) -> ChainReport:
    """Name the first record that is not as it was written.

    Args:
        connection: An open database with a row factory of `sqlite3.Row`.
    """
    previous, seq = GENESIS, 0
    for entry in connection.execute("SELECT * FROM chain ORDER BY seq"):
        wrong = _wrong(connection, entry, seq + 1, previous)
        if wrong is not None:
            return ChainReport(seq, previous, wrong)
        previous, seq = entry["hash"], seq + 1
    wrong = _cut_off(connection, seq, previous) or _added(connection)
    return ChainReport(seq, previous, wrong, deleted_pictures(connection))


def _wrong(
    connection: sqlite3.Connection, entry: sqlite3.Row, seq: int, previous: str
) -> str | None:
    """What is wrong with one entry of the chain; None if nothing."""
    if entry["seq"] != seq:
        return f"entry {seq} of the chain is missing"
    kind, number = entry["kind"], entry["record"]
    if kind not in CHAINED:
        return f"entry {seq} of the chain is of unknown kind"
    name = _name(connection, kind, number)
    row = connection.execute(
        f"SELECT * FROM {kind} WHERE {CHAINED[kind]} = ?", (number,)
    ).fetchone()
    if row is None:
        return f"{name} is missing"
    try:
        hashed = link(previous, {"kind": kind, **dict(row)})
    except (TypeError, ValueError):
        # Bytes or infinities where a record never had any.
        return f"{name} was altered"
    if hashed != entry["hash"]:
        return f"{name} was altered"
    return _wrong_picture(connection, kind, row, name) if kind in _PICTURES else None


def _wrong_picture(
    connection: sqlite3.Connection, kind: str, row: sqlite3.Row, name: str
) -> str | None:
    """What is wrong with the picture of a record; one that retention deleted is not missing."""
    table, key, column, hashed, what = _PICTURES[kind]
    found = connection.execute(
        f"SELECT {column} FROM {table} WHERE {key} = ?", (row[CHAINED[kind]],)
    ).fetchone()
    if found is not None:
        fits = hashlib.sha256(found[0]).hexdigest() == row[hashed]
        return None if fits else f"the picture of {name} was altered"
    deleted = connection.execute(
        "SELECT 1 FROM deletions WHERE examination = ? AND what = ?", (row["examination"], what)
    ).fetchone()
    return None if deleted else f"the picture of {name} is missing, and no deletion is on record"


def _cut_off(connection: sqlite3.Connection, seq: int, previous: str) -> str | None:
    """Whether records after the last one were removed."""
    head = connection.execute("SELECT seq, hash FROM chain_head").fetchone()
    if head is None:
        return "the head of the chain is missing" if seq else None
    if head["seq"] > seq:
        gone = head["seq"] - seq
        return f"the end of the chain was cut off: {gone} after entry {seq} are missing"
    if (head["seq"], head["hash"]) != (seq, previous):
        return "the head of the chain was altered"
    return None


def _added(connection: sqlite3.Connection) -> str | None:
    """A record that no entry of the chain speaks of."""
    for table, key in CHAINED.items():
        extra = connection.execute(
            f"SELECT {key} FROM {table} WHERE {key} NOT IN "
            "(SELECT record FROM chain WHERE kind = ?) LIMIT 1",
            (table,),
        ).fetchone()
        if extra is not None:
            return f"{_name(connection, table, extra[0])} was added around the chain"
    return None


def deleted_pictures(connection: sqlite3.Connection) -> int:
    """How many pictures the rule of the settings deleted, each deletion on record."""
    total = connection.execute("SELECT coalesce(sum(pictures), 0) FROM deletions").fetchone()[0]
    return int(total)


def _name(connection: sqlite3.Connection, kind: str, number: int) -> str:
    """A record in words: which cell, which examination, which slide."""
    if kind in _NAMES:
        return f"{_NAMES[kind]} of {_examination_name(connection, number)}"
    name = f"{_NUMBERED[kind]} {number}"
    examination = "cells.examination" if kind == "reviews" else f"{kind}.examination"
    joined = " JOIN cells ON cells.id = reviews.cell" if kind == "reviews" else ""
    found = connection.execute(
        f"SELECT {examination} FROM {kind}{joined} WHERE {kind}.id = ?", (number,)
    ).fetchone()
    if kind == "events":
        what = connection.execute("SELECT kind FROM events WHERE id = ?", (number,)).fetchone()
        name += "" if what is None else f" ({what[0]})"
    if found is None or found[0] is None:
        return name
    return f"{name} of {_examination_name(connection, found[0])}"


def _examination_name(connection: sqlite3.Connection, number: int) -> str:
    slide = connection.execute("SELECT slide FROM examinations WHERE id = ?", (number,)).fetchone()
    return f"examination {number}" + ("" if slide is None else f" (slide {slide[0]})")
