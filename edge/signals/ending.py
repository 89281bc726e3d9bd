"""Ending in order: a request to stop becomes an exception, so that lamps are left dark."""

from __future__ import annotations

import signal
from types import FrameType

# What systemd, a terminal that closes, and a shut-down send. Left to its default, each ends the
# process at once: no `with` block is left, no atexit function runs, and pins keep their level.
STOP_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


def end_in_order() -> None:
    """Turn SIGTERM and SIGHUP into SystemExit; call it once, from the main thread.

    A signal that somebody ignores (nohup) or handles already is left as it is. Ctrl-C needs
    nothing: Python makes it a KeyboardInterrupt.
    """
    for number in STOP_SIGNALS:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _stop)


def _stop(number: int, _frame: FrameType | None) -> None:
    # Once is enough: a second one must not break into the closing of lamps and records.
    for each in STOP_SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    # 128 + number is what a shell reports for a process that a signal ended.
    raise SystemExit(128 + number)
