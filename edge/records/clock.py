"""What the device knows of the time, without internet and without a battery for its clock.

A Raspberry Pi that was switched off goes on with the time it had last, which may be months ago.
So every examination says how far its time can be trusted, the order of records comes from the
chain and never from a time, and each change of the clock is an event in the audit.

    SET           the network, a battery-backed clock or a person vouches for it in this boot
    UNCONFIRMED   plausible, but nobody vouches for it
    NOT_SET       before this program was written: it was never set
"""

from __future__ import annotations

import ctypes
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Protocol

PROGRAM_DATE = datetime(2026, 11, 1, tzinfo=UTC)
"""No examination of this program was before; a clock that says so was never set."""

STEP_S = 5.0
"""A clock moved by more than this was set, not steered."""

_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronized


class ClockTrust(StrEnum):
    """How far a time can be trusted."""

    SET = "SET"
    UNCONFIRMED = "UNCONFIRMED"
    NOT_SET = "NOT_SET"

    @property
    def words(self) -> str:
        """For a person, one sentence."""
        return _WORDS[self]


_WORDS = {
    ClockTrust.SET: "The clock was set.",
    ClockTrust.UNCONFIRMED: "The clock was not confirmed since the device was switched on: "
    "dates and times may be wrong; the order of records is right.",
    ClockTrust.NOT_SET: "The clock was never set: dates and times are wrong; "
    "the order of records is right.",
}


@dataclass(frozen=True)
class Reading:
    """The clock read once.

    Attributes:
        now: What it says, UTC.
        boot: Name of this boot.
        since_boot_s: Seconds since the device was switched on.
        vouched_by: Who vouches for it in this boot: "network", "battery", or empty for nobody.
    """

    now: datetime
    boot: str
    since_boot_s: float
    vouched_by: str = ""

    @property
    def booted_at(self) -> datetime:
        """When the device was switched on, by this clock; it moves only when the clock is set."""
        return self.now - timedelta(seconds=self.since_boot_s)


class Clock(Protocol):
    """Where times come from."""

    def read(self) -> Reading:
        """The clock now."""
        ...


def trust(reading: Reading, confirmed: bool = False) -> ClockTrust:
    """How far a reading can be trusted.

    Args:
        reading: The clock.
        confirmed: A person confirmed it in this boot, and it was not moved since.
    """
    if reading.now < PROGRAM_DATE:
        return ClockTrust.NOT_SET
    return ClockTrust.SET if confirmed or reading.vouched_by else ClockTrust.UNCONFIRMED


class SystemClock:
    """The device's own clock."""

    def __init__(self, proc: Path = Path("/proc"), rtc: Path = Path("/sys/class/rtc/rtc0")) -> None:
        self._proc = proc
        self._rtc = rtc

    def read(self) -> Reading:
        """The clock now."""
        now = datetime.now(UTC)
        since_boot_s = time.clock_gettime(time.CLOCK_BOOTTIME)
        return Reading(now, self._boot(), since_boot_s, self._vouched_by(now))

    def _boot(self) -> str:
        return _text(self._proc / "sys/kernel/random/boot_id")

    def _vouched_by(self, now: datetime) -> str:
        if _synchronized():
            return "network"
        # A clock chip that set the system at boot and still agrees with it; without a battery it
        # would have begun at 1970 and the two would not agree.
        seconds = _text(self._rtc / "since_epoch")
        if _text(self._rtc / "hctosys") != "1" or not seconds.isdecimal():
            return ""
        return "battery" if abs(now.timestamp() - int(seconds)) < STEP_S else ""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def _synchronized() -> bool:
    """Whether the kernel's clock follows a time server: adjtimex(2) asked, nothing changed."""
    try:
        adjtimex = ctypes.CDLL(None).adjtimex
    except (OSError, AttributeError):
        return False
    # struct timex is 208 bytes on 64-bit Linux; all zero asks without setting anything.
    state = int(adjtimex(ctypes.create_string_buffer(512)))
    return 0 <= state < _TIME_ERROR
