"""One database of records: opened, upgraded, and written row by row onto the chain.

SQLite in WAL mode with synchronous=FULL: once a transaction has returned, it survives a power
cut. One database object serves one thread; threads and processes may each open their own.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from edge.closing import Closing
from edge.errors import StoreDamaged, StoreTooNew, StoreUnwritable
from edge.records.chain import GENESIS, Value, link
from edge.records.clock import STEP_S, Clock, ClockTrust, Reading, SystemClock, trust
from edge.records.faults import is_busy, named_faults
from edge.records.home import flush_folder, prepare_home
from edge.records.rows import utc_text
from edge.records.runner import new_runner
from edge.records.schema import (
    APPLICATION_ID,
    CHAINED,
    SCHEMA_VERSION,
    statements,
    temporary_tables,
)

FILE_NAME = "records.sqlite3"
BUSY_S = 10.0
"""How long to wait for another process that is writing, seconds."""

DEVICE = "device"
"""The actor of what the device does by itself."""

# Stores of this process that are open: an examination of a closed one is not going on.
open_runners: set[str] = set()


class Database(Closing):
    """The records of one data folder; made by `open` or `open_to_read`.

    Args:
        connection: Open, with a row factory of `sqlite3.Row` and no implicit transactions.
        path: The file.
        clock: Where times come from.
    """

    def __init__(
        self, connection: sqlite3.Connection, path: Path, clock: Clock | None = None
    ) -> None:
        self.connection = connection
        self.path = path
        self.clock = clock or SystemClock()
        self.runner = new_runner()
        open_runners.add(self.runner)

    @classmethod
    def open(cls, home: Path, clock: Clock | None = None) -> Self:
        """Open the records in a data folder; folder and records are made where there are none.

        Records of an older version are upgraded first, in one transaction.

        Raises:
            StoreUnwritable: Read-only, no permission, not a folder, or locked by another program.
            DiskFull: No space to make them.
            StoreDamaged: What lies there is no database, damaged, or not this program's.
            StoreTooNew: They were written by a newer program.
        """
        path = prepare_home(home) / FILE_NAME
        with named_faults(path):
            connection = connect(path.absolute().as_uri())
            try:
                _make_ready(connection, path)
            except BaseException:
                connection.close()
                raise
            if not os.access(path, os.W_OK):
                # SQLite would open it and fail at the first record only.
                connection.close()
                raise StoreUnwritable(f"The records {path} are read-only.")
        return cls(connection, path, clock)

    @classmethod
    def open_to_read(cls, home: Path) -> Self:
        """Open records without writing anything, not even where there are none yet (then empty).

        Raises:
            StoreDamaged: What lies there is no database, damaged, or not this program's.
            StoreTooNew: They were written by a newer program.
            StoreUnwritable: They are there but cannot be opened.
        """
        path = home / FILE_NAME
        with named_faults(path):
            connection = _connect_to_read(path)
        return cls(connection, path)

    def close(self) -> None:
        """Close the database; more than one call does no harm."""
        open_runners.discard(self.runner)
        self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; the write lock is taken first, so that the chain has one end."""
        with named_faults(self.path), _immediately(self.connection):
            yield

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """One state of the database for all that is read inside, whoever writes meanwhile."""
        with named_faults(self.path):
            self.connection.execute("BEGIN")
            try:
                yield
            finally:
                if self.connection.in_transaction:
                    self.connection.execute("COMMIT")

    def all(self, query: str, *values: Value) -> list[sqlite3.Row]:
        """All rows that a query gives; inside a transaction or a snapshot."""
        return self.connection.execute(query, values).fetchall()

    def first(self, query: str, *values: Value) -> sqlite3.Row | None:
        """The first row that a query gives, or None; inside a transaction or a snapshot."""
        row: sqlite3.Row | None = self.connection.execute(query, values).fetchone()
        return row

    def append(self, table: str, row: Mapping[str, Value]) -> int:
        """Insert a row and bind it to the chain, inside a transaction; return its primary key."""
        return append_row(self.connection, table, row)

    def append_event(
        self,
        kind: str,
        actor: str,
        details: Mapping[str, Any],
        examination: int | None = None,
        at: str | None = None,
    ) -> int:
        """Put an event into the audit, inside a transaction; return its number.

        Args:
            kind: What happened, see audit.py.
            actor: Who did it; `DEVICE` for the device itself.
            details: Plain values, ready for JSON.
            examination: Which one it belongs to, if any.
            at: When, as `stamp` gives it; None for now.

        Raises:
            ValueError: A detail is no JSON value, or not finite.
        """
        written = json.dumps(dict(details), sort_keys=True, allow_nan=False, ensure_ascii=False)
        row: dict[str, Value] = {
            "kind": plain_text(kind),
            "actor": plain_text(actor),
            "examination": examination,
            "details": plain_text(written),
            "at": at or self.stamp(),
        }
        return self.append("events", row)

    def stamp(self) -> str:
        """The time for a new record, inside a transaction; a changed clock is recorded first."""
        return utc_text(self._clock_checked().now)

    def clock_trust(self) -> ClockTrust:
        """How far the present time can be trusted; inside a transaction, which records changes."""
        self._clock_checked()
        return ClockTrust(self._last_clock()["state"])

    def _clock_checked(self) -> Reading:
        reading, last = self.clock.read(), self._last_clock()
        same_boot = last.get("boot") == reading.boot
        step_s = _seconds_between(last.get("booted_at"), reading.booted_at) if same_boot else 0.0
        stepped = abs(step_s) > STEP_S
        confirmed = same_boot and not stepped and bool(last.get("confirmed_by"))
        state = trust(reading, confirmed)
        behind_s = _seconds_between(utc_text(reading.now), self._newest_time())
        backwards = behind_s > STEP_S and not (same_boot and last.get("behind_s"))
        if not same_boot or stepped or backwards or state.value != last.get("state"):
            changed: dict[str, Any] = {
                "state": state.value,
                "boot": reading.boot,
                "booted_at": utc_text(reading.booted_at),
                "vouched_by": reading.vouched_by,
                "confirmed_by": last.get("confirmed_by", "") if confirmed else "",
            }
            if stepped:
                changed["step_s"] = round(step_s, 3)
            if behind_s > STEP_S:
                changed["behind_s"] = round(behind_s, 3)
            self.append_event("CLOCK", DEVICE, changed, at=utc_text(reading.now))
        return reading

    def confirm_clock(self, actor: str) -> None:
        """Record that a person says the clock is right; holds until it is moved or switched off.

        Raises:
            DiskFull, StoreUnwritable: It could not be recorded.
        """
        with self.transaction():
            reading = self._clock_checked()
            known = {**self._last_clock(), "confirmed_by": actor}
            known["state"] = trust(reading, confirmed=True).value
            known.pop("step_s", None)
            self.append_event("CLOCK", actor, known, at=utc_text(reading.now))

    def _last_clock(self) -> dict[str, Any]:
        row = self.first("SELECT details FROM events WHERE kind = 'CLOCK' ORDER BY id DESC LIMIT 1")
        return {} if row is None else json.loads(row["details"])

    def _newest_time(self) -> datetime | None:
        """The latest time among the newest record of each kind."""
        newest = [
            self.first(f"SELECT {column} FROM {table} ORDER BY rowid DESC LIMIT 1")
            for table, column in _TIMES.items()
        ]
        times = [datetime.fromisoformat(row[0]) for row in newest if row is not None]
        return max(times, default=None)


_TIMES = {
    "examinations": "started_at",
    "verdicts": "finished_at",
    "reviews": "at",
    "signatures": "at",
    "events": "at",
}


def append_row(connection: sqlite3.Connection, table: str, row: Mapping[str, Value]) -> int:
    """Insert a row, bind it to the chain and move the chain's head; return its primary key."""
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    done = connection.execute(
        f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(row.values())
    )
    key = done.lastrowid
    assert key is not None
    # Hashed as read back: what is verified later is what is stored, not what was meant.
    stored = connection.execute(
        f"SELECT * FROM {table} WHERE {CHAINED[table]} = ?", (key,)
    ).fetchone()
    last = connection.execute("SELECT seq, hash FROM chain ORDER BY seq DESC LIMIT 1").fetchone()
    seq, previous = (0, GENESIS) if last is None else (last["seq"], last["hash"])
    hashed = link(previous, {"kind": table, **dict(stored)})
    connection.execute(
        "INSERT INTO chain (seq, kind, record, hash) VALUES (?, ?, ?, ?)",
        (seq + 1, table, key, hashed),
    )
    connection.execute(
        "INSERT INTO chain_head (one, seq, hash) VALUES (1, ?, ?) "
        "ON CONFLICT (one) DO UPDATE SET seq = excluded.seq, hash = excluded.hash",
        (seq + 1, hashed),
    )
    return key


def plain_text(text: str) -> str:
    """A text that any database can keep: bytes of a file name that are no text are spelled out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _seconds_between(earlier: str | None, later: datetime | None) -> float:
    if earlier is None or later is None:
        return 0.0
    return (later - datetime.fromisoformat(earlier)).total_seconds()


@contextmanager
def _immediately(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A full disk may have ended the transaction already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def connect(uri: str) -> sqlite3.Connection:
    """A connection whose transactions begin where this package says so, and nowhere else."""
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None)
    connection.row_factory = sqlite3.Row
    return connection


def _make_ready(connection: sqlite3.Connection, path: Path) -> None:
    """Durability first, then the tables that are not there yet."""
    _check_ours(connection, path)
    mode = _set_wal(connection)
    if mode != "wal":
        raise StoreDamaged(f"The file system of {path} cannot keep records safe ({mode}).")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    if _version(connection) == SCHEMA_VERSION:
        return
    with _immediately(connection):
        # Another process may have made them while this one waited.
        version = _version(connection)
        if version != SCHEMA_VERSION:
            _upgrade(connection, version)
    flush_folder(path.parent)  # SQLite flushes what is in the file


def _upgrade(connection: sqlite3.Connection, version: int) -> None:
    for statement in statements(version):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    if version:
        details = json.dumps({"from": version, "to": SCHEMA_VERSION}, sort_keys=True)
        row: dict[str, Value] = {
            "kind": "UPGRADE",
            "actor": DEVICE,
            "examination": None,
            "details": details,
            "at": utc_text(datetime.now(UTC)),
        }
        append_row(connection, "events", row)


def _set_wal(connection: sqlite3.Connection) -> str:
    """Switch to WAL; SQLite does not wait by itself while another process does the same."""
    give_up_s = time.monotonic() + BUSY_S
    while True:
        try:
            return str(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() > give_up_s:
                raise
            time.sleep(0.02)


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _check_ours(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a database of another program, or of a newer version of this one."""
    # One snapshot: another process may be making the tables between two of these questions.
    connection.execute("BEGIN")
    try:
        tables = int(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
        owner = int(connection.execute("PRAGMA application_id").fetchone()[0])
        version = _version(connection)
    finally:
        if connection.in_transaction:
            connection.execute("COMMIT")
    if owner != APPLICATION_ID and (owner or version or tables):
        raise StoreDamaged(f"{path} belongs to another program.")
    if version > SCHEMA_VERSION:
        raise StoreTooNew(
            f"The records {path} are of version {version}; this program knows {SCHEMA_VERSION}."
        )


def _connect_to_read(path: Path) -> sqlite3.Connection:
    if not path.exists():
        connection = connect("file::memory:")
        for statement in statements():
            connection.execute(statement)
        return connection
    uri = path.absolute().as_uri()
    connection = connect(uri + "?mode=ro")
    try:
        return _readable(connection, path)
    except sqlite3.OperationalError:
        connection.close()
        # A read-only folder has no place for the index of the WAL. Without a WAL none is needed.
        if path.with_name(FILE_NAME + "-wal").exists():
            raise
    return _readable(connect(uri + "?immutable=1"), path)


def _readable(connection: sqlite3.Connection, path: Path) -> sqlite3.Connection:
    """The connection, with an older version's missing tables there to be read, empty."""
    _check_ours(connection, path)
    version = _version(connection)
    if 0 < version < SCHEMA_VERSION:
        connection.execute("PRAGMA temp_store = MEMORY")
        for statement in temporary_tables(version):
            connection.execute(statement)
    return connection
