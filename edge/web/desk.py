"""The records, asked from the page: one thread with a store of its own, so that no question about
old slides ever waits in the loop's thread or in the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from edge.closing import Closing
from edge.records.store import Store

_T = TypeVar("_T")


class Desk(Closing):
    """Answers questions to the records, one after the other.

    Args:
        home: The data folder.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._store: Store | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="records-desk")

    async def ask(self, question: Callable[[Store], _T]) -> _T:
        """Have a question answered by the store.

        Raises:
            LeukoscopeError: The records cannot be opened, read or written.
        """
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, self._answer, question
        )

    def ask_now(self, question: Callable[[Store], _T]) -> _T:
        """The same for a caller without an event loop."""
        return self._thread.submit(self._answer, question).result()

    def close(self) -> None:
        """Close the store and end the thread."""
        self._thread.submit(self._close_store)
        self._thread.shutdown()

    def _answer(self, question: Callable[[Store], _T]) -> _T:
        if self._store is None:
            self._store = Store.open(self._home)
        return question(self._store)

    def _close_store(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None
