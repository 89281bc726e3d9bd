"""The newest picture and the newest state, for whoever watches.

The loop leaves a reference here and goes on: it waits for no lock that a viewer holds, encodes
nothing and knows nobody. A viewer always gets the newest picture, never one out of a queue. A
picture is encoded when somebody asks for it, once for all of them, in a thread of its own.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from edge.errors import LoopHung
from edge.web.control import FieldPicture, Phase, Progress
from edge.web.settings import PageSettings

_T = TypeVar("_T")

LONGEST_WAIT_S = 15.0
"""A question for something newer is answered with what there is after so long."""
_STATE_PAUSE_S = 0.2
SILENT_S = 10.0
"""A loop that counts and gives neither picture nor state for so long hangs."""


@dataclass(frozen=True)
class Newest(Generic[_T]):
    """The newest of something.

    Attributes:
        number: Grows with every change; 0 for nothing yet.
        value: What there is.
    """

    number: int
    value: _T


class Board(Generic[_T]):
    """One place for the newest value, written by one thread and waited for in an event loop.

    Attributes:
        changed_s: When it was last written, on the monotonic clock.
    """

    def __init__(self, first: _T) -> None:
        # Replaced as a whole: a reader sees the old or the new one, never a mixture.
        self._newest = Newest(0, first)
        self.changed_s = 0.0
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self._closed = False

    @property
    def newest(self) -> Newest[_T]:
        """What was put here last."""
        return self._newest

    def put(self, value: _T) -> None:
        """Leave a new value; costs the same however many wait, but for a nudge to each."""
        self._newest = Newest(self._newest.number + 1, value)
        self.changed_s = time.monotonic()
        self._nudge()

    def close(self) -> None:
        """Let go of everybody who waits, and of all who come later."""
        self._closed = True
        self._nudge()

    def _nudge(self) -> None:
        for loop, event in tuple(self._waiting):
            try:
                loop.call_soon_threadsafe(event.set)
            except RuntimeError:  # the loop was closed meanwhile
                self._waiting.discard((loop, event))

    async def after(self, number: int, wait_s: float = LONGEST_WAIT_S) -> Newest[_T]:
        """The newest value, as soon as it is another than number ``number``."""
        if self._newest.number != number or self._closed:
            return self._newest
        event = asyncio.Event()
        entry = (asyncio.get_running_loop(), event)
        self._waiting.add(entry)
        try:
            # It may have changed between the look and the registration.
            if self._newest.number == number and not self._closed:
                await asyncio.wait_for(event.wait(), wait_s)
        except TimeoutError:
            pass
        finally:
            self._waiting.discard(entry)
        return self._newest


class LiveView:
    """What the page shows of the loop.

    Args:
        settings: Rate and size of the pictures.
        encode: From a picture to a JPEG, run in ``executor``.
        executor: One thread is enough.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        settings: PageSettings,
        encode: Callable[[FieldPicture, PageSettings], bytes],
        executor: Executor | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.pictures: Board[FieldPicture | None] = Board(None)
        self.states: Board[Progress] = Board(Progress(Phase.READY))
        self.encoded = 0
        self._settings = settings
        self._encode = encode
        self._executor = executor
        self._clock = clock
        self._job: asyncio.Task[Newest[bytes]] | None = None
        self._made: Newest[bytes] | None = None
        self._next_s = 0.0
        self._viewers = 0

    @property
    def progress(self) -> Progress:
        """The newest state; a fault when the loop counts and has been silent for too long.

        A loop that hangs can say nothing: what it said last must not stand there as if it lived.
        """
        told = self.states.newest.value
        silent_s = time.monotonic() - max(self.pictures.changed_s, self.states.changed_s)
        if told.phase is not Phase.COUNTING or silent_s <= SILENT_S:
            return told
        cause = f"The loop has been silent for {silent_s:.0f} s."
        fault = (LoopHung.number, cause, LoopHung.default_action)
        return replace(told, phase=Phase.FAULT, indicator="FAULT", fault=fault)

    def close(self) -> None:
        """Let go of all viewers, so that the page can end at once."""
        self.pictures.close()
        self.states.close()

    async def picture_after(self, number: int) -> Newest[bytes] | None:
        """The newest picture as a JPEG, once it is another than number ``number``.

        Returns:
            None when there is no (other) picture, or too many ask at once.
        """
        if self._viewers >= self._settings.viewers:
            return None
        self._viewers += 1
        try:
            newest = await self.pictures.after(number)
            if newest.value is None or newest.number == number:
                return None
            return await self._jpeg()
        finally:
            self._viewers -= 1

    async def state_after(self, number: int) -> Newest[Progress]:
        """The newest state, once it is another than number ``number``; a few times a second."""
        await self.states.after(number)
        if number:
            await asyncio.sleep(_STATE_PAUSE_S)
        return self.states.newest

    async def _jpeg(self) -> Newest[bytes]:
        """The encoding that is going on, or a new one: viewers who ask together share it."""
        if self._job is None or self._job.done():
            self._job = asyncio.create_task(self._encode_newest())
        # One viewer who goes away must not end the work for the others.
        return await asyncio.shield(self._job)

    async def _encode_newest(self) -> Newest[bytes]:
        if self._made is None or self._made.number != self.pictures.newest.number:
            await asyncio.sleep(max(0.0, self._next_s - self._clock()))
            self._next_s = self._clock() + 1 / self._settings.pictures_per_s
            newest = self.pictures.newest
            assert newest.value is not None
            running = asyncio.get_running_loop()
            jpeg = await running.run_in_executor(
                self._executor, self._encode, newest.value, self._settings
            )
            self.encoded += 1
            self._made = Newest(newest.number, jpeg)
        return self._made
