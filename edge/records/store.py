"""The store of examinations and cells: SQLite in WAL mode with synchronous=FULL.

Once a method has returned, what it recorded survives a power cut. One store serves one thread;
other processes may read and write the same database meanwhile.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from edge.closing import Closing
from edge.errors import StoreDamaged, StoreTooNew, StoreUnwritable
from edge.records.chain import GENESIS, Value, link
from edge.records.crops import encode_crop
from edge.records.faults import is_busy, named_faults
from edge.records.home import folder_fault, prepare_home
from edge.records.rows import (
    CellRecord,
    ChainReport,
    Examination,
    State,
    StoredCell,
    VerdictRecord,
    utc_text,
)
from edge.records.runner import is_alive, new_runner
from edge.records.schema import APPLICATION_ID, SCHEMA_VERSION, statements
from edge.records.slide import checked_slide
from edge.records.verification import verify

__all__ = [
    "CellRecord",
    "ChainReport",
    "Examination",
    "State",
    "Store",
    "StoredCell",
    "VerdictRecord",
    "encode_crop",
]

FILE_NAME = "records.sqlite3"
BUSY_S = 10.0
"""How long to wait for another process that is writing, seconds."""

# Stores of this process that are open: an examination of a closed one is not going on.
_open_runners: set[str] = set()

# The primary key of each chained table.
_KEYS = {"examinations": "id", "cells": "id", "verdicts": "examination"}


class Store(Closing):
    """Records of one data folder; made by `Store.open` or `Store.open_to_read`."""

    def __init__(self, connection: sqlite3.Connection, database: Path) -> None:
        self._connection = connection
        self._database = database
        self._runner = new_runner()
        _open_runners.add(self._runner)

    @classmethod
    def open(cls, home: Path) -> Store:
        """Open the records in a data folder; folder and records are made where there are none.

        Raises:
            StoreUnwritable: Read-only, no permission, not a folder, or locked by another program.
            DiskFull: No space to make them.
            StoreDamaged: What lies there is no database, damaged, or not this program's.
            StoreTooNew: They were written by a newer program.
        """
        database = prepare_home(home) / FILE_NAME
        with named_faults(database):
            connection = _connect(database.absolute().as_uri())
            try:
                _make_ready(connection, database)
            except BaseException:
                connection.close()
                raise
            if not os.access(database, os.W_OK):
                # SQLite would open it and fail at the first record only.
                connection.close()
                raise StoreUnwritable(f"The records {database} are read-only.")
        return cls(connection, database)

    @classmethod
    def open_to_read(cls, home: Path) -> Store:
        """Open records without writing anything, not even where there are none yet (then empty).

        Raises:
            StoreDamaged: What lies there is no database, damaged, or not this program's.
            StoreTooNew: They were written by a newer program.
            StoreUnwritable: They are there but cannot be opened.
        """
        database = home / FILE_NAME
        with named_faults(database):
            connection = _connect_to_read(database)
        return cls(connection, database)

    def close(self) -> None:
        """Close the database; more than one call does no harm."""
        _open_runners.discard(self._runner)
        self._connection.close()

    def begin_examination(
        self,
        slide: str,
        bundle_name: str,
        bundle_sha256: str,
        source: str,
        um_per_px: float | None = None,
        started_at: datetime | None = None,
    ) -> int:
        """Record that an examination begins.

        Args:
            slide: Identifier of the slide, 1-64 printable characters.
            bundle_name: Name and version of the model.
            bundle_sha256: Hash of its bundle.
            source: What the camera was called.
            um_per_px: Scale if it was given; None to be measured.
            started_at: When, with its time zone; None for now.

        Returns:
            The number of the examination.

        Raises:
            UsageFault: The slide's identifier cannot be one.
            DiskFull, StoreUnwritable: It could not be recorded.
        """
        row: dict[str, Value] = {
            "slide": checked_slide(slide),
            "bundle_name": _text(bundle_name),
            "bundle_sha256": _text(bundle_sha256),
            "source": _text(source),
            "um_per_px": None if um_per_px is None else float(um_per_px),
            "started_at": utc_text(started_at or datetime.now(UTC)),
            "runner": self._runner,
        }
        with self._transaction():
            return self._append("examinations", row)

    def add_cells(self, examination: int, cells: Sequence[CellRecord]) -> list[int]:
        """Record cells, all or none of them, durably once this returns.

        Returns:
            Their numbers, in order.

        Raises:
            LookupError: There is no such examination.
            ValueError: It is finished.
            DiskFull, StoreUnwritable: They could not be recorded; earlier ones are kept.
        """
        if not cells:
            return []
        with self._transaction():
            self._check_unfinished(examination)
            return [self._add_cell(examination, cell) for cell in cells]

    def finish(self, examination: int, verdict: VerdictRecord) -> None:
        """Record how an examination ended.

        Raises:
            LookupError: There is no such examination.
            ValueError: It is finished already.
            DiskFull, StoreUnwritable: It could not be recorded.
        """
        low, high = verdict.interval if verdict.interval is not None else (None, None)
        row: dict[str, Value] = {
            "examination": examination,
            "verdict": verdict.verdict,
            "reason": _text(verdict.reason),
            "cells": int(verdict.cells),
            "blasts": int(verdict.blasts),
            "abstained": int(verdict.abstained),
            "blast_share": _real(verdict.blast_share),
            "interval_low": _real(low),
            "interval_high": _real(high),
            "cells_needed": None if verdict.cells_needed is None else int(verdict.cells_needed),
            "frames": int(verdict.frames),
            "seconds": _real(verdict.seconds),
            "um_per_px": _real(verdict.um_per_px),
            "finished_at": utc_text(verdict.finished_at or datetime.now(UTC)),
        }
        with self._transaction():
            self._check_unfinished(examination)
            self._append("verdicts", row)

    def examinations(self) -> list[Examination]:
        """All examinations, the oldest first."""
        with self._snapshot():
            rows = self._all(
                "SELECT e.*, v.verdict, v.reason, v.cells, v.blasts, v.abstained, v.blast_share, "
                "v.interval_low, v.interval_high, v.cells_needed, v.frames, v.seconds, "
                "v.um_per_px AS used_um_per_px, v.finished_at, "
                "e.id = (SELECT max(id) FROM examinations o WHERE o.runner = e.runner) AS newest "
                "FROM examinations e LEFT JOIN verdicts v ON v.examination = e.id ORDER BY e.id"
            )
            counts = {row["id"]: self._counts(row["id"]) for row in rows if not row["verdict"]}
        return [_examination(row, counts.get(row["id"])) for row in rows]

    def cells(self, examination: int, crops: bool = True) -> list[StoredCell]:
        """The cells of an examination in order of counting.

        Args:
            examination: Its number.
            crops: Whether to read the pictures as well.
        """
        picture = "p.webp" if crops else "NULL"
        with self._snapshot():
            rows = self._all(
                f"SELECT c.*, {picture} AS webp FROM cells c LEFT JOIN crops p ON p.cell = c.id "
                "WHERE c.examination = ? ORDER BY c.id",
                (examination,),
            )
        return [_cell(row) for row in rows]

    def verify_chain(self) -> int:
        """Prove that all records are as they were written.

        Returns:
            How many there are.

        Raises:
            StoreDamaged: One is not; the fault names the first.
        """
        report = self.inspect_chain()
        if report.altered is not None:
            raise StoreDamaged(
                f"The records {self._database} were changed: {report.altered}; "
                f"the {report.records} records before it are whole."
            )
        return report.records

    def inspect_chain(self) -> ChainReport:
        """Walk along all records and name the first that is not as it was written."""
        with self._snapshot():
            return verify(self._connection, _KEYS)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing; the write lock is taken first, so that the chain has one end."""
        with named_faults(self._database):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                # A full disk may have ended the transaction already.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _snapshot(self) -> Iterator[None]:
        """One state of the database for all that is read inside, whoever writes meanwhile."""
        with named_faults(self._database):
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("COMMIT")

    def _all(self, query: str, values: tuple[Value, ...] = ()) -> list[sqlite3.Row]:
        return self._connection.execute(query, values).fetchall()

    def _add_cell(self, examination: int, cell: CellRecord) -> int:
        left, top, width, height = cell.box
        number = self._append(
            "cells",
            {
                "examination": examination,
                "frame": int(cell.frame),
                "place": int(cell.place),
                "x_um": _real(cell.x_um),
                "y_um": _real(cell.y_um),
                "left_px": _real(left),
                "top_px": _real(top),
                "width_px": _real(width),
                "height_px": _real(height),
                "label": _text(cell.label),
                "blast": None if cell.blast is None else int(cell.blast),
                "p_blast": _real(cell.p_blast),
                "abstained": int(cell.abstained),
                "reason": None if cell.reason is None else _text(cell.reason),
                "crop_sha256": hashlib.sha256(cell.crop_webp).hexdigest(),
            },
        )
        self._connection.execute(
            "INSERT INTO crops (cell, webp) VALUES (?, ?)", (number, cell.crop_webp)
        )
        return number

    def _append(self, table: str, row: Mapping[str, Value]) -> int:
        """Insert a row and bind it to the chain; return its primary key."""
        names, marks = ", ".join(row), ", ".join("?" * len(row))
        done = self._connection.execute(
            f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(row.values())
        )
        key = done.lastrowid
        assert key is not None
        # Hashed as read back: what is verified later is what is stored, not what was meant.
        (stored,) = self._all(f"SELECT * FROM {table} WHERE {_KEYS[table]} = ?", (key,))
        last = self._connection.execute(
            "SELECT seq, hash FROM chain ORDER BY seq DESC LIMIT 1"
        ).fetchone()
        seq, previous = (0, GENESIS) if last is None else (last["seq"], last["hash"])
        self._connection.execute(
            "INSERT INTO chain (seq, kind, record, hash) VALUES (?, ?, ?, ?)",
            (seq + 1, table, key, link(previous, {"kind": table, **dict(stored)})),
        )
        return key

    def _check_unfinished(self, examination: int) -> None:
        row = self._connection.execute(
            "SELECT v.verdict FROM examinations e LEFT JOIN verdicts v ON v.examination = e.id "
            "WHERE e.id = ?",
            (examination,),
        ).fetchone()
        if row is None:
            raise LookupError(f"there is no examination {examination}")
        if row["verdict"] is not None:
            raise ValueError(f"examination {examination} is finished already")

    def _counts(self, examination: int) -> tuple[int, int, int]:
        """Cells, blasts and abstentions recorded so far."""
        row = self._connection.execute(
            "SELECT count(*), coalesce(sum(blast), 0), coalesce(sum(abstained), 0) "
            "FROM cells WHERE examination = ?",
            (examination,),
        ).fetchone()
        return int(row[0]), int(row[1]), int(row[2])


def _connect(uri: str) -> sqlite3.Connection:
    # isolation_level None: transactions begin where this file says so, and nowhere else.
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None)
    connection.row_factory = sqlite3.Row
    return connection


def _make_ready(connection: sqlite3.Connection, database: Path) -> None:
    """Durability first, then the tables where there are none."""
    _check_ours(connection, database)
    mode = _set_wal(connection)
    if mode != "wal":
        raise StoreDamaged(f"The file system of {database} cannot keep records safe ({mode}).")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    if _version(connection) == SCHEMA_VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have made them while this one waited.
        if _version(connection) != SCHEMA_VERSION:
            for statement in statements():
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    _flush_folder(database.parent)


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


def _check_ours(connection: sqlite3.Connection, database: Path) -> None:
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
        raise StoreDamaged(f"{database} belongs to another program.")
    if version > SCHEMA_VERSION:
        raise StoreTooNew(
            f"The records {database} are of version {version}; this program knows {SCHEMA_VERSION}."
        )


def _flush_folder(folder: Path) -> None:
    """Make the names of new files durable; SQLite flushes what is in them."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise folder_fault(folder, error) from error


def _connect_to_read(database: Path) -> sqlite3.Connection:
    if not database.exists():
        connection = _connect("file::memory:")
        for statement in statements():
            connection.execute(statement)
        return connection
    uri = database.absolute().as_uri()
    connection = _connect(uri + "?mode=ro")
    try:
        _check_ours(connection, database)
        return connection
    except sqlite3.OperationalError:
        connection.close()
        # A read-only folder has no place for the index of the WAL. Without a WAL none is needed.
        if database.with_name(FILE_NAME + "-wal").exists():
            raise
    connection = _connect(uri + "?immutable=1")
    _check_ours(connection, database)
    return connection


def _real(number: float | None) -> float | None:
    return None if number is None else float(number)


def _text(text: str) -> str:
    """A text that any database can keep: bytes of a file name that are no text are spelled out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _examination(row: sqlite3.Row, counts: tuple[int, int, int] | None) -> Examination:
    verdict = None if row["verdict"] is None else _verdict(row)
    if verdict is not None:
        state = State.FINISHED
        counts = (verdict.cells, verdict.blasts, verdict.abstained)
    else:
        state = State.RUNNING if _is_running(row) else State.INTERRUPTED
    cells, blasts, abstained = counts or (0, 0, 0)
    used = row["used_um_per_px"]
    return Examination(
        number=row["id"],
        slide=row["slide"],
        bundle_name=row["bundle_name"],
        bundle_sha256=row["bundle_sha256"],
        source=row["source"],
        um_per_px=row["um_per_px"] if used is None else used,
        started_at=datetime.fromisoformat(row["started_at"]),
        state=state,
        cells=cells,
        blasts=blasts,
        abstained=abstained,
        verdict=verdict,
    )


def _is_running(row: sqlite3.Row) -> bool:
    """Whether somebody still works on an unfinished examination; a store has one at a time."""
    runner = str(row["runner"])
    if not row["newest"]:
        return False
    own = runner.split("/")[:3] == new_runner().split("/")[:3]
    return runner in _open_runners if own else is_alive(runner)


def _verdict(row: sqlite3.Row) -> VerdictRecord:
    low, high = row["interval_low"], row["interval_high"]
    return VerdictRecord(
        verdict=row["verdict"],
        reason=row["reason"],
        cells=row["cells"],
        blasts=row["blasts"],
        abstained=row["abstained"],
        blast_share=row["blast_share"],
        interval=None if low is None or high is None else (low, high),
        frames=row["frames"],
        cells_needed=row["cells_needed"],
        seconds=row["seconds"],
        um_per_px=row["used_um_per_px"],
        finished_at=datetime.fromisoformat(row["finished_at"]),
    )


def _cell(row: sqlite3.Row) -> StoredCell:
    record = CellRecord(
        frame=row["frame"],
        place=row["place"],
        x_um=row["x_um"],
        y_um=row["y_um"],
        box=(row["left_px"], row["top_px"], row["width_px"], row["height_px"]),
        label=row["label"],
        blast=None if row["blast"] is None else bool(row["blast"]),
        p_blast=row["p_blast"],
        abstained=bool(row["abstained"]),
        reason=row["reason"],
        crop_webp=row["webp"] or b"",
    )
    return StoredCell(row["id"], record)
