"""Pins for the boot test: levels are written down in a file, and the button is one.

A gpiozero pin factory (entry point ``filepins``), installed into the booted root beside the
program. Like a Pi's pin controller, and unlike gpiozero's mock pins, it outlives the process: what
was written last stays.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from gpiozero.pins.mock import MockFactory, MockPin

FOLDER = Path("/run/leukopins")
LEVELS = FOLDER / "levels"
"""A line for each change: seconds on the monotonic clock, the pin's name, its level."""


class FilePin(MockPin):  # type: ignore[misc]  # gpiozero has no types
    """A mock pin that writes down what it is set to; pressed while a file of its name is there."""

    def _set_state(self, value: float) -> None:
        super()._set_state(value)
        if self.function == "output" and self.info.name != "GPIO23":
            with LEVELS.open("a") as file:
                file.write(f"{time.monotonic():.3f} {self.info.name} {int(bool(value))}\n")

    def _get_state(self) -> Any:
        if self.function == "input":
            return not (FOLDER / f"pressed-{self.info.name}").exists()
        return super()._get_state()


class FileFactory(MockFactory):  # type: ignore[misc]  # gpiozero has no types
    """Pins of a Pi 4, written down."""

    def __init__(self) -> None:
        super().__init__(pin_class=FilePin)
