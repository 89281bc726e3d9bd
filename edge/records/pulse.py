"""Asks the card again and again whether it still takes what is written: a thread of its own.

A few bytes are written over themselves and flushed, data only: one block of the card every 20
seconds. A card that fails says so here before an examination is lost on it; one that hangs leaves
this thread hanging, and nobody hears it beat.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from edge.errors import DiskFull, LeukoscopeError
from edge.records.home import folder_fault
from edge.rounds import Rounds

PULSE_FILE = ".pulse"
PULSE_S = 20.0
LEAST_FREE_BYTES = 20_000_000
"""With less than this an examination might not end: it is said before one begins."""


def pulse(home: Path) -> None:
    """Write, flush and look at the room left, once.

    Raises:
        DiskFull: Less than ``LEAST_FREE_BYTES`` are left.
        StoreUnwritable: The card is read-only, or fails.
    """
    try:
        descriptor = os.open(home / PULSE_FILE, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.pwrite(descriptor, b"%020d" % time.monotonic_ns(), 0)
            os.fdatasync(descriptor)
            room = os.fstatvfs(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise folder_fault(home, error) from error
    if room.f_bavail * room.f_frsize < LEAST_FREE_BYTES:
        left = room.f_bavail * room.f_frsize // 1_000_000
        raise DiskFull(f"Only {left} MB are left in {home}: too little for an examination.")


class DiskPulse(Rounds):
    """Asks every ``period_s`` seconds.

    Args:
        home: The data folder.
        beat: Called each time the card answered, be it with an error.
        trouble: Called with what is wrong with the card now; None when nothing is.
        period_s: Seconds between two questions.
    """

    def __init__(
        self,
        home: Path,
        beat: Callable[[], None],
        trouble: Callable[[LeukoscopeError | None], None],
        period_s: float = PULSE_S,
    ) -> None:
        self._home = home
        self._beat = beat
        self._trouble = trouble
        self._period_s = period_s
        super().__init__("disk pulse", self._ask)

    def _ask(self, _: threading.Event) -> float:
        try:
            pulse(self._home)
        except LeukoscopeError as fault:
            self._trouble(fault)
        else:
            self._trouble(None)
        self._beat()
        return self._period_s
