"""Signs of life of the parts of a running service, and which of them are overdue.

The watchdog is fed only while every part has shown within its limit that it works. A part that
fails and says so is alive: its fault is on the lamps. A part that says nothing is not.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

FRAME: Final = "frame"
"""A frame came; or the minder of the camera is just starting it anew; or none is wanted."""
INFERENCE: Final = "inference"
"""The network answered: cells of an examination, or a golden crop while there is none."""
DISK: Final = "disk"
"""The card took a record and flushed it, or said why not."""

LIMITS_S: Final[Mapping[str, float]] = {FRAME: 12.0, INFERENCE: 12.0, DISK: 50.0}
"""Longest silence of each part. With the unit's watchdog of 8 s and a start of about 5 s, a hang
of the loop ends within 30 s. The disk is asked every 20 s only, to spare the card."""


class Heartbeats:
    """When each part was last heard.

    Args:
        limits_s: Longest silence of each part, seconds.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        limits_s: Mapping[str, float] = LIMITS_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limits_s = dict(limits_s)
        self._clock = clock
        self._lock = threading.Lock()
        now_s = clock()
        self._heard_s = dict.fromkeys(self._limits_s, now_s)

    def beat(self, part: str) -> None:
        """A part shows that it works; from any thread.

        Raises:
            KeyError: There is no such part.
        """
        with self._lock:
            if part not in self._limits_s:
                raise KeyError(part)
            self._heard_s[part] = self._clock()

    def overdue(self) -> list[str]:
        """Parts that have been silent for longer than their limit; empty when all are alive."""
        with self._lock:
            now_s = self._clock()
            return [
                part
                for part, limit_s in self._limits_s.items()
                if now_s - self._heard_s[part] > limit_s
            ]
