"""Old pictures make room: deleted after a set time or when the card fills, the oldest first.

Only pictures go. Verdicts, calls, reviews, signatures and the audit stay, and so do the pictures of
every examination that goes on, was interrupted, or that nobody stands behind: their pictures are
still needed. A row of `deletions` is chained before the first picture of an examination goes, so
that `leukoscope verify` tells a picture deleted by the rule from one that was taken away.
"""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from edge.errors import LeukoscopeError
from edge.records.clock import ClockTrust
from edge.records.database import DEVICE
from edge.records.home import folder_fault
from edge.records.reading import read_examinations
from edge.records.rows import Examination, Signoff
from edge.records.settings import RecordSettings
from edge.records.store import Store
from edge.rounds import Rounds

_MB = 1_000_000
_CLOSING_S = 10.0
_SIGNED = (
    "WHERE e.id > ? AND v.verdict IS NOT NULL "
    "AND EXISTS (SELECT 1 FROM signatures s WHERE s.examination = e.id) "
    "AND NOT EXISTS (SELECT 1 FROM deletions d WHERE d.examination = e.id) "
    "ORDER BY e.id LIMIT 50"
)
_PICTURES = {
    "fields": (
        "field_pictures",
        "field IN (SELECT id FROM fields WHERE examination = ?)",
        "jpeg",
    ),
    "crops": ("crops", "cell IN (SELECT id FROM cells WHERE examination = ?)", "webp"),
}

_log = logging.getLogger("leukoscope.retention")


@dataclass(frozen=True)
class Deleted:
    """Pictures of one examination that were deleted.

    Attributes:
        examination: Its number.
        slide: Its slide.
        pictures: How many.
        bytes: Their size.
        reason: By which rule, in words.
    """

    examination: int
    slide: str
    pictures: int
    bytes: int
    reason: str


@dataclass(frozen=True)
class Room:
    """How much can still be recorded.

    Attributes:
        free_bytes: On the card, and inside the database where pictures were deleted.
        wanted_bytes: What the settings want to be free.
    """

    free_bytes: int
    wanted_bytes: int

    @property
    def is_short(self) -> bool:
        """Whether pictures must make room."""
        return self.free_bytes < self.wanted_bytes


def room(store: Store, settings: RecordSettings) -> Room:
    """How much room there is.

    Pages of deleted pictures stay in SQLite's file and are used again, so they count as free.

    Raises:
        StoreUnwritable: The card cannot be asked.
    """
    with store.snapshot():
        free_pages = int(store.connection.execute("PRAGMA freelist_count").fetchone()[0])
        page_bytes = int(store.connection.execute("PRAGMA page_size").fetchone()[0])
    try:
        on_card = shutil.disk_usage(store.path.parent).free
    except OSError as error:
        raise folder_fault(store.path.parent, error) from error
    return Room(on_card + free_pages * page_bytes, settings.free_mb * _MB)


def delete_oldest(
    store: Store,
    settings: RecordSettings,
    measure: Callable[[Store, RecordSettings], Room] = room,
) -> Deleted | None:
    """Delete the pictures of the oldest examination that a rule is for; None where none is.

    One transaction: the row that says so and the pictures' end belong together.

    Args:
        store: The records.
        settings: The rules.
        measure: Says how much room there is.

    Raises:
        DiskFull, StoreUnwritable: It could not be recorded; nothing was deleted.
    """
    rules = _Rules(settings, measure(store, settings).is_short)
    if not rules.apply:
        return None
    # What is deleted does not stay readable in the file's free pages.
    store.connection.execute("PRAGMA secure_delete = ON")
    with store.transaction():
        now, trusted = datetime.fromisoformat(store.stamp()), store.clock_trust()
    for examination in _signed_with_pictures(store):
        reason = rules.reason(examination, now, trusted)
        if not reason:
            continue
        with store.transaction():
            # Somebody may have changed a call since the look: then the pictures are needed again.
            [seen] = read_examinations(store, "WHERE e.id = ?", examination.number)
            if _may_go(seen):
                return _delete(store, seen, reason)
    return None


def is_blocked(store: Store, settings: RecordSettings) -> bool:
    """Whether the card is nearly full and only pictures that are still needed are left."""
    if not room(store, settings).is_short:
        return False
    return next(_signed_with_pictures(store), None) is None


class Retention(Rounds):
    """Looks again and again whether pictures have to go, in a thread with a store of its own.

    Args:
        home: The data folder.
        settings: The rules.
        every_s: Seconds from one look to the next.
    """

    def __init__(self, home: Path, settings: RecordSettings, every_s: float = 600.0) -> None:
        self._home = home
        self._settings = settings
        self._every_s = every_s
        super().__init__("retention", self._look, closing_s=_CLOSING_S)

    def _look(self, end: threading.Event) -> float:
        try:
            with Store.open(self._home) as store:
                while not end.is_set() and delete_oldest(store, self._settings):
                    # Between two examinations the loop writes its cells first.
                    end.wait(0.5)
        except LeukoscopeError as fault:
            # The loop meets the same fault at its next cell, and says so to the person.
            _log.warning("%s", fault)
        return self._every_s


def _signed_with_pictures(store: Store) -> Iterator[Examination]:
    """Examinations whose pictures did their work and were not deleted yet, the oldest first."""
    after = 0
    while True:
        with store.snapshot():
            some = read_examinations(store, _SIGNED, after)
        if not some:
            return
        yield from (examination for examination in some if _may_go(examination))
        after = some[-1].number


def _may_go(examination: Examination) -> bool:
    """Whether somebody stands behind the result as it is."""
    return examination.verdict is not None and examination.signoff in (
        Signoff.SIGNED,
        Signoff.AMENDED,
    )


@dataclass(frozen=True)
class _Rules:
    """The rules, and whether the card is short of room now."""

    settings: RecordSettings
    short: bool

    @property
    def apply(self) -> bool:
        """Whether there is anything to look for."""
        return self.short or self.settings.picture_days > 0

    def reason(self, examination: Examination, now: datetime, trusted: ClockTrust) -> str:
        """The rule by which pictures go, in words; empty where they stay."""
        # A clock that was moved by years must not cost a clinic its pictures.
        both_set = trusted is ClockTrust.SET and examination.clock is ClockTrust.SET
        days = self.settings.picture_days
        if days and both_set and now - examination.started_at > timedelta(days=days):
            return f"Older than {days} days."
        return f"Less than {self.settings.free_mb} MB were free." if self.short else ""


def _delete(store: Store, examination: Examination, reason: str) -> Deleted:
    pictures, size = 0, 0
    for what, (table, of_examination, column) in _PICTURES.items():
        row = store.first(
            f"SELECT count(*), coalesce(sum(length({column})), 0) FROM {table} "
            f"WHERE {of_examination}",
            examination.number,
        )
        assert row is not None
        store.append(
            "deletions",
            {
                "examination": examination.number,
                "what": what,
                "pictures": int(row[0]),
                "bytes": int(row[1]),
                "reason": reason,
                "actor": DEVICE,
                "at": store.stamp(),
            },
        )
        store.connection.execute(
            f"DELETE FROM {table} WHERE {of_examination}", (examination.number,)
        )
        pictures, size = pictures + int(row[0]), size + int(row[1])
    return Deleted(examination.number, examination.slide, pictures, size, reason)
