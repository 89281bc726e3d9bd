"""The audit: who did what, in the order it happened, bound by the chain of hashes.

Starts of examinations, verdicts, reviews, notes, signatures and deletions are records of their own
and so are in the audit by themselves; everything else is an event, written by `record_event`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from edge.errors import StoreDamaged
from edge.records.database import DEVICE, Database
from edge.records.schema import CHAINED


class EventKind(StrEnum):
    """What can happen beside an examination."""

    START = "START"
    """The service or a command began to work."""
    STOP = "STOP"
    EXPORT = "EXPORT"
    EXPORT_FAILED = "EXPORT_FAILED"
    SETTING = "SETTING"
    BUNDLE = "BUNDLE"
    SOFTWARE = "SOFTWARE"
    FAULT = "FAULT"
    CONTROL = "CONTROL"
    """A control slide was examined."""
    LOGIN = "LOGIN"
    LOGIN_LOCKED = "LOGIN_LOCKED"
    USER = "USER"
    """A person was added, removed or given another PIN or role."""
    CLOCK = "CLOCK"
    UPGRADE = "UPGRADE"


@dataclass(frozen=True)
class AuditEntry:
    """One line of the audit.

    Attributes:
        seq: Its place in the chain; the order in which things happened.
        kind: An `EventKind`, or EXAMINATION, VERDICT, REVIEW, NOTE, SIGNATURE, DELETION.
        actor: Who; ``device`` for the device itself.
        examination: Which one it belongs to; None for none.
        slide: Its slide; empty for none.
        details: Plain values.
        at: When, UTC.
        hash: Of its entry in the chain.
    """

    seq: int
    kind: str
    actor: str
    examination: int | None
    slide: str
    details: dict[str, Any]
    at: datetime
    hash: str


def record_event(
    home: Path,
    kind: EventKind,
    actor: str = DEVICE,
    examination: int | None = None,
    **details: Any,
) -> int:
    """Put one event into the audit of a data folder, from any thread or process.

    Args:
        home: The data folder.
        kind: What happened.
        actor: Who did it.
        examination: Which one it belongs to, if any.
        details: Plain values, ready for JSON; no secrets.

    Returns:
        The event's number.

    Raises:
        ValueError: A detail is no JSON value.
        DiskFull, StoreUnwritable, StoreDamaged, StoreTooNew: It could not be recorded.
    """
    with Database.open(home) as database, database.transaction():
        return database.append_event(kind.value, actor, details, examination)


_SILENT = ("cells", "fields", "conditions")
"""Kinds of records that are in the chain, and too many or too dull for the audit."""

_OF_EXAMINATION = " OR ".join(
    [
        "kind IN ('examinations', 'verdicts') AND record = :examination",
        "kind = 'reviews' AND record IN (SELECT r.id FROM reviews r JOIN cells c ON c.id = r.cell "
        "WHERE c.examination = :examination)",
        *(
            f"kind = '{table}' AND record IN "
            f"(SELECT id FROM {table} WHERE examination = :examination)"
            for table in ("notes", "signatures", "events", "deletions")
        ),
    ]
)


def audit(
    database: Database,
    examination: int | None = None,
    before: int | None = None,
    limit: int = 200,
) -> list[AuditEntry]:
    """The audit, the newest entry first.

    Args:
        database: The records.
        examination: Only what belongs to one examination; None for all.
        before: Only entries before this place in the chain: the next page.
        limit: Most entries.
    """
    belongs = "1" if examination is None else f"({_OF_EXAMINATION})"
    silent = ", ".join(f"'{kind}'" for kind in _SILENT)
    with database.snapshot():
        entries = database.connection.execute(
            f"SELECT * FROM chain WHERE kind NOT IN ({silent}) AND {belongs} "
            "AND (:before IS NULL OR seq < :before) ORDER BY seq DESC LIMIT :limit",
            {"examination": examination, "before": before, "limit": limit},
        ).fetchall()
        return [_entry(database, entry) for entry in entries]


def _entry(database: Database, entry: sqlite3.Row) -> AuditEntry:
    table, number = entry["kind"], entry["record"]
    row = database.first(f"SELECT * FROM {table} WHERE {CHAINED[table]} = ?", number)
    if row is None:
        raise StoreDamaged(f"Entry {entry['seq']} of the chain has lost its record.")
    told = _TOLD[table](row)
    if table == "reviews":
        cell = database.first("SELECT * FROM cells WHERE id = ?", row["cell"])
        examination = None if cell is None else cell["examination"]
        told = replace(told, details={**told.details, "machine": cell["label"] if cell else ""})
    else:
        examination = number if table == "examinations" else row["examination"]
    slide = database.first("SELECT slide FROM examinations WHERE id = ?", examination)
    return AuditEntry(
        seq=entry["seq"],
        kind=told.kind,
        actor=told.actor,
        examination=examination,
        slide="" if slide is None else slide["slide"],
        details=told.details,
        at=datetime.fromisoformat(told.at),
        hash=entry["hash"],
    )


@dataclass(frozen=True)
class _Told:
    """What a record of one kind says in the audit."""

    kind: str
    actor: str
    details: dict[str, Any]
    at: str


def _some(row: sqlite3.Row, *columns: str) -> dict[str, Any]:
    return {column: row[column] for column in columns}


_TOLD: dict[str, Callable[[sqlite3.Row], _Told]] = {
    "examinations": lambda row: _Told(
        "EXAMINATION", DEVICE, _some(row, "source", "bundle_name"), row["started_at"]
    ),
    "verdicts": lambda row: _Told(
        "VERDICT",
        DEVICE,
        _some(row, "verdict", "cells", "blasts", "abstained"),
        row["finished_at"],
    ),
    "reviews": lambda row: _Told("REVIEW", row["reviewer"], _some(row, "cell", "label"), row["at"]),
    "notes": lambda row: _Told("NOTE", row["author"], _some(row, "text"), row["at"]),
    "signatures": lambda row: _Told("SIGNATURE", row["signer"], _some(row, "comment"), row["at"]),
    "events": lambda row: _Told(row["kind"], row["actor"], json.loads(row["details"]), row["at"]),
    "deletions": lambda row: _Told(
        "DELETION", row["actor"], _some(row, "what", "pictures", "reason"), row["at"]
    ),
}


def event_details(database: Database, kind: EventKind) -> list[tuple[int, dict[str, Any]]]:
    """Number and details of every event of a kind, the oldest first."""
    with database.snapshot():
        rows = database.all("SELECT id, details FROM events WHERE kind = ? ORDER BY id", kind.value)
    return [(row["id"], json.loads(row["details"])) for row in rows]


def chain_head(database: Database) -> tuple[int, str]:
    """Place and hash of the last record; (0, empty) before the first."""
    with database.snapshot():
        row = database.first("SELECT seq, hash FROM chain_head")
    return (0, "") if row is None else (row["seq"], row["hash"])
