"""What SQLite complains of, as this package's numbered faults."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.errors import DiskFull, LeukoscopeError, StoreDamaged, StoreUnwritable

_UNWRITABLE = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
# A card with less than this left fails in odd places (the index of the WAL, for one).
_NEARLY_FULL_BYTES = 1 << 20


@contextmanager
def named_faults(database: Path) -> Iterator[None]:
    """Turn SQLite's errors about a database into faults; errors of the program pass."""
    try:
        yield
    except sqlite3.Error as error:
        fault = _fault(database, error)
        if fault is None:
            raise
        raise fault from error


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another process held the database."""
    return _primary(error) in _BUSY


def _primary(error: sqlite3.Error) -> int:
    # The low byte; the rest says more of the same (sqlite.org/rescode.html).
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _fault(database: Path, error: sqlite3.Error) -> LeukoscopeError | None:
    code = _primary(error)
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and _is_full(database)):
        return DiskFull(f"There is no space left to record in {database}.")
    if code in _UNWRITABLE:
        return StoreUnwritable(f"The records {database} cannot be written: {error}.")
    if code == sqlite3.SQLITE_IOERR:
        return StoreUnwritable(
            f"The card failed to read or write {database}: {error}.",
            "Copy the data folder to another card, and replace this one.",
        )
    if code in _BUSY:
        return StoreUnwritable(
            f"Another program keeps {database} locked.", "Close it, and try again."
        )
    # SQLITE_ERROR comes of a table or column that is not there: a foreign or cut-down database.
    if code in _DAMAGED or code == sqlite3.SQLITE_ERROR:
        return StoreDamaged(f"The records {database} cannot be read: {error}.")
    return None


def _is_full(database: Path) -> bool:
    import shutil  # slow to import, for a rare fault

    try:
        return shutil.disk_usage(database.parent).free < _NEARLY_FULL_BYTES
    except OSError:
        return False
