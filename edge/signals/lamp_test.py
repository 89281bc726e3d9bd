"""Lamps and button under test: driven one by one for a person who looks, outside any examination.

Green is lit here without an examination behind it, for about a second and only while the test runs
in the foreground: a lamp that nobody ever saw lit cannot be trusted when it stays dark.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from edge.closing import Closing
from edge.signals.lamps import PinFactory, claim_button, claim_outputs, release
from edge.signals.pattern import Lamp
from edge.signals.settings import LampSettings


class LampTest(Closing):
    """All pins taken, all lamps dark.

    Raises:
        LampsMissing: gpiozero is not installed, or this machine has no pins to drive.
    """

    def __init__(self, settings: LampSettings, pin_factory: PinFactory | None = None) -> None:
        self._outputs = claim_outputs(settings, pin_factory)
        try:
            self._button = claim_button(settings, pin_factory) if settings.button_bcm else None
        except BaseException:
            self.close()
            raise

    @contextmanager
    def lit(self, lamp: Lamp) -> Iterator[None]:
        """One lamp lit inside the block."""
        self._outputs[lamp.value].on()
        try:
            yield
        finally:
            self._outputs[lamp.value].off()

    def beat(self) -> None:
        """Toggle the heartbeat, so that the timer lets current through green."""
        if "heartbeat" in self._outputs:
            self._outputs["heartbeat"].toggle()

    def is_pressed(self) -> bool:
        """Whether the button is pressed now."""
        return self._button is not None and self._button.is_pressed

    def close(self) -> None:
        """All dark, all pins released."""
        for output in self._outputs.values():
            release(output)
        self._outputs = {}
        button, self._button = getattr(self, "_button", None), None
        if button is not None:
            button.close()
