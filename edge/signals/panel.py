"""The protocol that every set of lamps obeys, and the one for a machine that has none."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from edge.closing import Closing
from edge.signals.indicator import Indicator, Signal


class Lamps(Protocol):
    """Lamps that show one signal at a time, as long as somebody keeps them alive."""

    @property
    def signal(self) -> Signal:
        """What is being shown; a fault when the loop was silent for longer than the lease."""
        ...

    def show(self, signal: Signal) -> None:
        """Show a signal from now on; counts as a sign of life."""
        ...

    def keep_alive(self) -> None:
        """Say that the loop goes on; call it for every frame."""
        ...

    def close(self) -> None:
        """Leave all dark and release the pins; more than one call does no harm."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class NoLamps(Closing):
    """A machine without lamps, such as a laptop: obeys the protocol, lights and prints nothing."""

    def __init__(self) -> None:
        self._signal = Signal.plain(Indicator.DARK)

    @property
    def signal(self) -> Signal:
        """What would be shown."""
        return self._signal

    def show(self, signal: Signal) -> None:
        """Remember the signal."""
        if not isinstance(signal, Signal):
            raise TypeError(f"lamps show a Signal, not {type(signal).__name__}")
        self._signal = signal

    def keep_alive(self) -> None:
        """Do nothing: without lamps there is nothing to go wrong."""

    def close(self) -> None:
        """Go dark."""
        self._signal = Signal.plain(Indicator.DARK)
