"""Looks for USB sticks without ever waiting for one: a dying stick can hold whoever asks it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

from edge.records.sticks import Stick, find_sticks

_PATIENCE_S = 1.0


class StickLook:
    """One look at a time, in a thread of its own.

    Args:
        find: Says which sticks are plugged in.
        patience_s: Longest that a page waits for the answer, seconds.
    """

    def __init__(
        self, find: Callable[[], list[Stick]] = find_sticks, patience_s: float = _PATIENCE_S
    ) -> None:
        self._find = find
        self._patience_s = patience_s
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sticks")
        self._job: Future[list[Stick]] | None = None

    async def sticks(self) -> list[Stick]:
        """The sticks plugged in; none while a look takes too long."""
        # A page shares the look that the one before gave up waiting for.
        if self._job is None or self._job.done():
            self._job = self._thread.submit(self._find)
        job = self._job
        await asyncio.to_thread(wait, [job], self._patience_s)
        return job.result() if job.done() else []
