"""A thread that does the same thing again and again, until it is closed."""

from __future__ import annotations

import threading
from collections.abc import Callable

from edge.closing import Closing


class Rounds(Closing):
    """Does a round, waits as long as the round says, and begins anew.

    Args:
        name: Of the thread, as a dump of a hung process shows it.
        do: One round; returns the seconds until the next, or None for no more. It is given what
            is set when the thread is to end: a round of many steps looks at it between them.
        first_s: Seconds until the first round.
        closing_s: How long ``close`` waits for a round that goes on.
    """

    def __init__(
        self,
        name: str,
        do: Callable[[threading.Event], float | None],
        first_s: float = 0.0,
        closing_s: float = 2.0,
    ) -> None:
        self._do = do
        self._first_s = first_s
        self._closing_s = closing_s
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether rounds are still done."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Begin no more rounds; a round may close its own thread."""
        self._end.set()
        if self._thread is not threading.current_thread():
            self._thread.join(self._closing_s)

    def _run(self) -> None:
        wait_s: float | None = self._first_s
        while wait_s is not None and not self._end.wait(wait_s):
            wait_s = self._do(self._end)
