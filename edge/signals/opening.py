"""The lamps that a command was asked for."""

from __future__ import annotations

from edge.errors import LampsMissing
from edge.signals.lamps import GpioLamps
from edge.signals.panel import Lamps, NoLamps
from edge.signals.settings import LampSettings


def open_lamps(choice: str, settings: LampSettings) -> Lamps:
    """The lamps a person asked for.

    Raises:
        LampsMissing: ``gpio`` was asked for and there are no pins to drive.
    """
    if choice == "none":
        return NoLamps()
    try:
        return GpioLamps(settings)
    except LampsMissing:
        if choice == "gpio":
            raise
        return NoLamps()
