"""Runs of the control slide on record: events of the audit, so chained and never altered."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict, dataclass
from datetime import datetime

from edge.errors import StoreDamaged
from edge.records.audit import EventKind
from edge.records.clock import ClockTrust, Reading
from edge.records.database import DEVICE, Database

_HOUR_S = 3600.0


@dataclass(frozen=True)
class ControlRun:
    """What a run of the control slide found.

    Attributes:
        slide: Name of the control slide.
        known_share: Share of blasts that it is known to have, 0 to 1.
        source: Kind of camera, such as ``picamera``.
        bundle_sha256: Of the model in use.
        flagged: Answered cells flagged as blasts.
        answered: Cells that the network answered for.
        abstained: Cells that it did not.
        um_per_px: Scale in use; None where it was not known.
        passed: Whether it proves the device.
        reason: Why, one sentence.
        warnings: What a careful person looks at all the same.
    """

    slide: str
    known_share: float
    source: str
    bundle_sha256: str
    flagged: int
    answered: int
    abstained: int
    um_per_px: float | None
    passed: bool
    reason: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class StoredRun:
    """A run as read back.

    Attributes:
        number: Of its event.
        examination: Its cells and pictures.
        run: What was found.
        at: When, UTC, by the device's clock.
        clock: How far that time can be trusted.
        boot: Name of the boot it was made in; empty where it is not known.
        since_boot_s: Seconds since the device was switched on.
    """

    number: int
    examination: int | None
    run: ControlRun
    at: datetime
    clock: ClockTrust
    boot: str
    since_boot_s: float


def record_control(database: Database, run: ControlRun, examination: int) -> StoredRun:
    """Put a run on record, with what later tells how long ago it was.

    Args:
        database: The records.
        run: What was found.
        examination: Its number.

    Raises:
        DiskFull, StoreUnwritable: It could not be recorded: then it proves nothing.
    """
    with database.transaction():
        clock, reading = database.clock_trust(), database.clock.read()
        told = asdict(run) | {
            "warnings": list(run.warnings),
            "clock": clock.value,
            "boot": reading.boot,
            "since_boot_s": round(reading.since_boot_s, 3),
        }
        number = database.append_event(EventKind.CONTROL.value, DEVICE, told, examination)
        row = database.first("SELECT * FROM events WHERE id = ?", number)
    assert row is not None
    return _stored(row)


def control_runs(
    database: Database, slide: str | None = None, source: str | None = None
) -> list[StoredRun]:
    """Runs on record, the oldest first.

    Args:
        database: The records.
        slide: Only of this control slide; None for all.
        source: Only of this kind of camera; None for all.

    Raises:
        StoreDamaged: A record of one cannot be read.
    """
    with database.snapshot():
        rows = database.all(
            "SELECT * FROM events WHERE kind = ? ORDER BY id", EventKind.CONTROL.value
        )
    found = [_stored(row) for row in rows]
    return [
        each
        for each in found
        if slide in (None, each.run.slide) and source in (None, each.run.source)
    ]


def _stored(row: sqlite3.Row) -> StoredRun:
    try:
        told = json.loads(row["details"])
        clock = ClockTrust(told.pop("clock"))
        boot, since_boot_s = str(told.pop("boot")), float(told.pop("since_boot_s"))
        run = ControlRun(**{**told, "warnings": tuple(told["warnings"])})
    except (KeyError, TypeError, ValueError) as error:
        raise StoreDamaged(f"The control on record (event {row['id']}) cannot be read.") from error
    return StoredRun(
        number=row["id"],
        examination=row["examination"],
        run=run,
        at=datetime.fromisoformat(row["at"]),
        clock=clock,
        boot=boot,
        since_boot_s=since_boot_s,
    )


def hours_since(stored: StoredRun, reading: Reading, trusted: ClockTrust) -> float | None:
    """How long ago a run was, in hours; None where no clock can say.

    Within one boot the time since the device was switched on counts, which nobody can move.
    Across boots only clocks that somebody vouches for, then and now, can say how long the device
    was off.

    Args:
        stored: The run.
        reading: The clock now.
        trusted: How far it can be trusted.
    """
    if stored.boot and stored.boot == reading.boot:
        return max(0.0, reading.since_boot_s - stored.since_boot_s) / _HOUR_S
    if stored.clock is not ClockTrust.SET or trusted is not ClockTrust.SET:
        return None
    hours = (reading.now - stored.at).total_seconds() / _HOUR_S
    return hours if hours >= 0 else None
