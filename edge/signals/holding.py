"""Keeping the last signal in sight after an examination, so that somebody can see it."""

from __future__ import annotations

import time
from collections.abc import Callable

from edge.signals.panel import Lamps

# Well within the shortest lease that settings allow.
_SIGN_OF_LIFE_S = 0.2


def hold(
    lamps: Lamps,
    hold_s: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Keep the lamps as they are.

    Args:
        lamps: What shows the signal.
        hold_s: How long, seconds; infinite until an exception such as Ctrl-C ends it.
        clock: Seconds, monotonic.
        sleep: Waits for a number of seconds.
    """
    end_s = clock() + hold_s
    while (left_s := end_s - clock()) > 0:
        lamps.keep_alive()
        sleep(min(_SIGN_OF_LIFE_S, left_s))
