"""A second copy of the records on the card, and going back to it when the first is damaged.

Cards die in parts: a block of the database turns to noise while its neighbours live. A copy that
was checked when it was made lies in other blocks. What came after it stays in the damaged file,
which is moved aside and never deleted.
"""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from edge.errors import LeukoscopeError, StoreDamaged
from edge.records.audit import EventKind, record_event
from edge.records.database import FILE_NAME, Database
from edge.records.faults import named_faults
from edge.records.home import flush_folder, folder_fault
from edge.records.store import Store
from edge.rounds import Rounds

BACKUPS = "backups"
KEPT = 2
"""The newest backup may be being written when the power goes: the one before it is whole."""
EVERY_S = 24 * 3600.0
FIRST_S = 120.0
_PAGES = 256
_PAUSE_S = 0.02

_log = logging.getLogger("leukoscope.backup")


@dataclass(frozen=True)
class Recovery:
    """What was done about damaged records.

    Attributes:
        why: What was wrong with them.
        moved_to: Where the damaged files lie now.
        restored_from: Name of the backup in use now; empty where there was none that is whole.
    """

    why: str
    moved_to: Path
    restored_from: str


def back_up(home: Path) -> Path:
    """Copy the records as they are, check the copy, and keep it; writers are not kept waiting.

    Returns:
        The backup.

    Raises:
        StoreDamaged: The records, or the copy, are not whole: no backup is replaced by it.
        DiskFull, StoreUnwritable: It cannot be written.
    """
    folder = home / BACKUPS
    fresh = folder / ".new"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        fresh.unlink(missing_ok=True)
        with (
            named_faults(home / FILE_NAME),
            closing(sqlite3.connect(f"{(home / FILE_NAME).as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(fresh)) as target,
        ):
            source.backup(target, pages=_PAGES, sleep=_PAUSE_S)
            # One file, with nothing beside it that could be missing later.
            target.execute("PRAGMA journal_mode = DELETE")
        check(fresh)
        with fresh.open("rb") as written:
            os.fsync(written.fileno())
        target_path = folder / f"records-{datetime.now(UTC):%Y%m%dT%H%M%S%f}.sqlite3"
        fresh.rename(target_path)
        for old in backups(home)[KEPT:]:
            old.unlink(missing_ok=True)
    except OSError as error:
        if isinstance(error, LeukoscopeError):
            raise
        raise folder_fault(folder, error) from error
    return target_path


def backups(home: Path) -> list[Path]:
    """Backups there are, in the order they were made, the newest first."""
    found = (home / BACKUPS).glob("records-*.sqlite3")
    # By when they were written and not by their names: the clock may have been wrong.
    return sorted(found, key=lambda path: path.stat().st_mtime_ns, reverse=True)


def check(path: Path) -> None:
    """Prove one database file whole: every page readable, the chain of hashes unbroken.

    Raises:
        StoreDamaged: It is not; says where.
    """
    with named_faults(path), closing(_read_only(path)) as connection:
        told = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if told != "ok":
            raise StoreDamaged(f"{path} is damaged: {told}.")
        connection.row_factory = sqlite3.Row
        report = Store(connection, path).inspect_chain()
    if not report.whole:
        raise StoreDamaged(f"{path} was changed: {report.altered}.")


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)


def recover(home: Path) -> Recovery | None:
    """Open the records; where they are damaged, move them aside and go on with the last good copy.

    Returns:
        What was done; None when nothing was wrong.

    Raises:
        StoreTooNew: They are of a newer program: nothing is damaged, and nothing is moved.
        DiskFull, StoreUnwritable: They cannot be opened for another reason, or not be restored.
    """
    try:
        _check_readable(home)
    except StoreDamaged as fault:
        done = _replace(home, fault)
    else:
        return None
    record_event(
        home,
        EventKind.FAULT,
        fault=StoreDamaged.number,
        moved_to=done.moved_to.name,
        restored_from=done.restored_from or "nothing",
    )
    return done


def _check_readable(home: Path) -> None:
    with Database.open(home) as database, named_faults(database.path):
        told = database.connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if told != "ok":
        raise StoreDamaged(f"{home / FILE_NAME} is damaged: {told}.")


def _replace(home: Path, fault: StoreDamaged) -> Recovery:
    try:
        aside = _move_aside(home)
        for backup in backups(home):
            try:
                check(backup)
            except LeukoscopeError as wrong:
                _log.error("the backup %s is no help: %s", backup.name, wrong)
                continue
            _put_back(backup, home / FILE_NAME)
            return Recovery(fault.cause, aside, backup.name)
    except OSError as error:
        if isinstance(error, LeukoscopeError):
            raise
        raise folder_fault(home, error) from error
    return Recovery(fault.cause, aside, "")


def _move_aside(home: Path) -> Path:
    """Database, WAL and index together: the WAL may hold what the database lacks."""
    stamp = f"damaged-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
    aside = home / stamp
    aside.mkdir(mode=0o700)
    for name in (FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-shm"):
        if (home / name).exists():
            (home / name).rename(aside / name)
    return aside


def _put_back(backup: Path, target: Path) -> None:
    """A copy of the backup, flushed before it gets the name: the backup itself stays."""
    fresh = target.with_name(".restored")
    shutil.copyfile(backup, fresh)
    with fresh.open("rb") as written:
        os.fsync(written.fileno())
    fresh.rename(target)
    flush_folder(target.parent)


class BackupKeeper(Rounds):
    """Makes a backup some time after the start and every day after it, when nothing is examined.

    Args:
        home: The data folder.
        is_idle: Whether no examination goes on; asked before each backup.
        first_s: Seconds until the first.
        every_s: Seconds between two.
    """

    def __init__(
        self,
        home: Path,
        is_idle: Callable[[], bool],
        first_s: float = FIRST_S,
        every_s: float = EVERY_S,
    ) -> None:
        self._home = home
        self._is_idle = is_idle
        self._first_s = first_s
        self._every_s = every_s
        super().__init__("backup", self._keep, first_s)

    def _keep(self, _: threading.Event) -> float:
        if not self._is_idle():
            return self._first_s
        try:
            back_up(self._home)
        except LeukoscopeError as fault:
            # The copy before this one stays; the card's own trouble is told by its pulse.
            _log.error("no backup was made: %s", fault)
        return self._every_s
