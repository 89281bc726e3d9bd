"""How long each step of a frame's way takes; as a rule nobody looks, and nothing is noted."""

from __future__ import annotations

import time
from collections import defaultdict
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol


class Watch(Protocol):
    """What the loop tells about itself."""

    def step(self, name: str) -> AbstractContextManager[object]:
        """The time until the block ends belongs to the step of this name."""
        ...


class NoWatch:
    """Nobody looks at the time."""

    def __init__(self) -> None:
        self._nothing = nullcontext()

    def step(self, name: str) -> AbstractContextManager[object]:
        """Nothing is noted."""
        return self._nothing


@dataclass(frozen=True)
class Lap:
    """One pass through one step.

    Attributes:
        wall_s: Time by the clock on the wall.
        cpu_s: Time this thread was computing: what other programs take away is not in it.
    """

    wall_s: float
    cpu_s: float


class Stopwatch:
    """Notes every pass through every step.

    Attributes:
        laps: By the name of the step, in order.
    """

    def __init__(self) -> None:
        self.laps: defaultdict[str, list[Lap]] = defaultdict(list)

    def step(self, name: str) -> AbstractContextManager[object]:
        """The time until the block ends belongs to the step of this name."""
        return _Running(self.laps[name])


class _Running:
    """A step that is under way."""

    def __init__(self, laps: list[Lap]) -> None:
        self._laps = laps

    def __enter__(self) -> None:
        self._wall_s, self._cpu_s = time.perf_counter(), time.thread_time()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        cpu_s = time.thread_time() - self._cpu_s
        self._laps.append(Lap(time.perf_counter() - self._wall_s, cpu_s))
