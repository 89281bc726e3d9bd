"""The walk along the chain: every record recomputed from its table and held against its hash."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping

from edge.records.chain import GENESIS, link
from edge.records.rows import ChainReport


def verify(connection: sqlite3.Connection, keys: Mapping[str, str]) -> ChainReport:
    """Name the first record that is not as it was written.

    Args:
        connection: An open database with a row factory of `sqlite3.Row`.
        keys: Table and its primary key, for every kind of record in the chain.
    """
    previous, seq = GENESIS, 0
    for entry in connection.execute("SELECT * FROM chain ORDER BY seq"):
        wrong = _wrong(connection, keys, entry, seq + 1, previous)
        if wrong is not None:
            return ChainReport(seq, previous, wrong)
        previous, seq = entry["hash"], seq + 1
    for table, key in keys.items():
        extra = connection.execute(
            f"SELECT {key} FROM {table} WHERE {key} NOT IN "
            "(SELECT record FROM chain WHERE kind = ?) LIMIT 1",
            (table,),
        ).fetchone()
        if extra is not None:
            name = _name(connection, table, extra[0])
            return ChainReport(seq, previous, f"{name} was added around the chain")
    return ChainReport(seq, previous, None)


def _wrong(
    connection: sqlite3.Connection,
    keys: Mapping[str, str],
    entry: sqlite3.Row,
    seq: int,
    previous: str,
) -> str | None:
    """What is wrong with one entry of the chain; None if nothing."""
    if entry["seq"] != seq:
        return f"entry {seq} of the chain is missing"
    kind, number = entry["kind"], entry["record"]
    if kind not in keys:
        return f"entry {seq} of the chain is of unknown kind"
    name = _name(connection, kind, number)
    row = connection.execute(f"SELECT * FROM {kind} WHERE {keys[kind]} = ?", (number,)).fetchone()
    if row is None:
        return f"{name} is missing"
    try:
        hashed = link(previous, {"kind": kind, **dict(row)})
    except (TypeError, ValueError):
        # Bytes or infinities where a record never had any.
        return f"{name} was altered"
    if hashed != entry["hash"]:
        return f"{name} was altered"
    if kind == "cells" and not _crop_fits(connection, number, row["crop_sha256"]):
        return f"the picture of {name} was altered"
    return None


def _crop_fits(connection: sqlite3.Connection, cell: int, sha256: str) -> bool:
    """Whether a cell's picture is its own; one that was dropped to save space is no change."""
    crop = connection.execute("SELECT webp FROM crops WHERE cell = ?", (cell,)).fetchone()
    return crop is None or hashlib.sha256(crop[0]).hexdigest() == sha256


def _name(connection: sqlite3.Connection, kind: str, number: int) -> str:
    """A record in words: which cell, which examination, which slide."""
    examination, name = number, {"examinations": "the start", "verdicts": "the verdict"}.get(kind)
    if kind == "cells":
        name = f"cell {number}"
        found = connection.execute(
            "SELECT examination FROM cells WHERE id = ?", (number,)
        ).fetchone()
        if found is None:
            return name
        examination = found[0]
    slide = connection.execute(
        "SELECT slide FROM examinations WHERE id = ?", (examination,)
    ).fetchone()
    of_slide = "" if slide is None else f" (slide {slide[0]})"
    return f"{name} of examination {examination}{of_slide}"
