"""The lamps on GPIO pins: the one file that imports gpiozero.

The pins are written by a thread of their own (or by `GpioLamps.tick`, in tests), never by the
loop: a loop that hangs cannot keep it from showing the fault. What is beyond this process (it is
killed, the processor stops) is the business of the heartbeat pin and of hardware.md.
"""

from __future__ import annotations

import atexit
import importlib
import math
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Protocol

from edge.closing import Closing
from edge.errors import LampsMissing
from edge.signals.buzzer import sounds
from edge.signals.indicator import Signal
from edge.signals.pattern import NONE, Lamp, Lit
from edge.signals.player import LampPlayer
from edge.signals.settings import LampSettings
from edge.signals.timeline import Change, RecordedTimeline

Clock = Callable[[], float]
"""Seconds on a clock that never goes back."""

PinFactory = object
"""A gpiozero pin factory; gpiozero has no types, and none of its methods is called here."""


class Output(Protocol):
    """What is used of gpiozero's output devices."""

    def on(self) -> None:
        """Switch it on."""

    def off(self) -> None:
        """Switch it off."""

    def toggle(self) -> None:
        """Switch it over."""

    def close(self) -> None:
        """Release the pin."""


class Input(Protocol):
    """What is used of gpiozero's button."""

    @property
    def is_pressed(self) -> bool:
        """Whether it is pressed now."""

    def close(self) -> None:
        """Release the pin."""


class GpioLamps(Closing):
    """Three lamps on pins, and a heartbeat.

    Args:
        settings: Pins, polarity and lease.
        pin_factory: A gpiozero pin factory; None for this machine's own pins.
        clock: Seconds, monotonic.
        threaded: Whether a thread runs the patterns; False where the caller does so with `tick`.

    Raises:
        LampsMissing: gpiozero is not installed, or this machine has no pins to drive.
    """

    def __init__(
        self,
        settings: LampSettings | None = None,
        pin_factory: PinFactory | None = None,
        clock: Clock = time.monotonic,
        threaded: bool = True,
    ) -> None:
        self._settings = settings or LampSettings()
        self._clock = clock
        self._player = LampPlayer(self._settings.lease_s, clock())
        self._lit: Lit = NONE
        self._sounding = False
        self._next_beat_s = clock()
        self._closed = False
        self._broken: str | None = None
        self._changed = threading.Condition()
        self._devices = claim_outputs(self._settings, pin_factory)
        atexit.register(self.close)
        self._thread = threading.Thread(target=self._run, name="lamps", daemon=True)
        if threaded:
            self._thread.start()

    @property
    def signal(self) -> Signal:
        """What is being shown; a fault when the loop was silent for longer than the lease."""
        with self._changed:
            self._player.at(self._clock())
            return self._player.signal

    def show(self, signal: Signal) -> None:
        """Show a signal from now on; counts as a sign of life.

        Raises:
            TypeError: Something other than a `Signal` was given.
            LampsMissing: The lamps were closed, or their pins cannot be written.
        """
        with self._changed:
            self._check()
            self._player.show(signal, self._clock())
            self._write_pins(self._clock())
            self._check()
            self._changed.notify()

    def keep_alive(self) -> None:
        """Renew the lease.

        Raises:
            LampsMissing: The lamps were closed, or their pins cannot be written.
        """
        with self._changed:
            self._check()
            self._player.keep_alive(self._clock())

    def tick(self) -> float:
        """Bring the pins up to the present.

        Returns:
            Seconds until it should be called again.
        """
        with self._changed:
            now_s = self._clock()
            return self._write_pins(now_s) - now_s

    def close(self) -> None:
        """Leave all dark and release the pins; more than one call does no harm."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            # A pin that hangs must not keep the process from ending.
            self._thread.join(timeout=2.0)
        # One by one: a call that was interrupted is finished by the next one.
        while self._devices:
            name = next(iter(self._devices))
            release(self._devices[name])
            del self._devices[name]
        atexit.unregister(self.close)

    def _run(self) -> None:
        with self._changed:
            while not self._closed and self._broken is None:
                now_s = self._clock()
                self._changed.wait(self._write_pins(now_s) - now_s)

    def _check(self) -> None:
        if self._closed:
            raise LampsMissing("The lamps were closed already.")
        if self._broken is not None:
            raise LampsMissing(f"The lamps' pins cannot be written: {self._broken}.")

    def _write_pins(self, now_s: float) -> float:
        """Set lamps and heartbeat; return when to do so again (same clock)."""
        if self._closed or self._broken is not None:
            return now_s + self._settings.heartbeat_s
        lit, until_s = self._player.at(now_s)
        try:
            # Off before on: two colours are never lit together by a change.
            for lamp in self._lit - lit:
                self._devices[lamp.value].off()
            for lamp in lit - self._lit:
                self._devices[lamp.value].on()
            self._lit = lit
            return min(until_s, self._beat(now_s), self._sound(now_s))
        except Exception as error:
            # Pin libraries raise what they like; a lamp that cannot be switched must not end the
            # thread unseen. The heartbeat stops with it, which takes the current from green.
            self._broken = f"{type(error).__name__}: {error}"
            return now_s + self._settings.heartbeat_s

    def _sound(self, now_s: float) -> float:
        """Switch the buzzer, where there is one; return when to do so again."""
        if "buzzer" not in self._devices:
            return math.inf
        since_s = max(0.0, now_s - self._player.begun_s)
        on, left_s = sounds(self._player.signal.indicator, since_s)
        if on is not self._sounding:
            (self._devices["buzzer"].on if on else self._devices["buzzer"].off)()
            self._sounding = on
        # Rounding must not make "later" equal to "now".
        return max(now_s + left_s, math.nextafter(now_s, math.inf))

    def _beat(self, now_s: float) -> float:
        """Toggle the heartbeat when it is due and somebody is alive; return when it is due next."""
        if now_s >= self._next_beat_s:
            if "heartbeat" in self._devices and self._player.is_alive(now_s):
                self._devices["heartbeat"].toggle()
            self._next_beat_s = now_s + self._settings.heartbeat_s
        return self._next_beat_s


def leave_down(settings: LampSettings, pin_factory: PinFactory | None = None) -> None:
    """Green dark, then red and amber on, and left so when this process ends.

    For the moment in which the service has died and is not back yet. The pins are not released:
    Linux on a Pi lets an output keep its level then (`persist_gpio_outputs` of its pin controller);
    a kernel that does not leaves them dark, which is as true.

    Raises:
        LampsMissing: gpiozero is not installed, or this machine has no pins to drive.
    """
    devices = claim_outputs(settings, pin_factory)  # all dark, green with them
    for lamp in (Lamp.RED, Lamp.AMBER):
        devices[lamp.value].on()
    # gpiozero would switch them off again when Python ends.
    sys.stdout.flush()
    os._exit(0)


def leave_dark(settings: LampSettings, pin_factory: PinFactory | None = None) -> None:
    """All lamps dark, whatever was left on: nothing runs, and nothing is about to.

    Raises:
        LampsMissing: gpiozero is not installed, or this machine has no pins to drive.
    """
    for device in claim_outputs(settings, pin_factory).values():  # dark when they are taken
        release(device)


def mock_lamps(
    settings: LampSettings | None = None,
    clock: Clock = time.monotonic,
    threaded: bool = True,
) -> tuple[GpioLamps, RecordedTimeline]:
    """Real lamps on gpiozero's mock pins, and the timeline that those pins record.

    The demo and the tests use it: all is as on a Pi, down to the pins.

    Raises:
        LampsMissing: gpiozero is not installed.
    """
    settings = settings or LampSettings()
    timeline = RecordedTimeline()
    factory = mock_factory(settings, timeline, clock)
    return GpioLamps(settings, factory, clock, threaded), timeline


def mock_factory(settings: LampSettings, timeline: RecordedTimeline, clock: Clock) -> PinFactory:
    """A gpiozero MockFactory whose pins record in a timeline when a lamp is lit.

    Plain mock pins, not `mockpwmpin`: no pattern dims a lamp.

    Raises:
        LampsMissing: gpiozero is not installed.
    """
    _gpiozero()
    from gpiozero.pins.mock import MockFactory, MockPin

    lamps = {f"GPIO{settings.lamp_bcm(lamp)}": lamp for lamp in Lamp}

    class RecordingPin(MockPin):  # type: ignore[misc]  # gpiozero has no types
        def _set_state(self, value: float) -> None:
            super()._set_state(value)
            lamp = lamps.get(self.info.name)
            if lamp is not None:
                lit = bool(self.state) is settings.active_high
                timeline.record(Change(clock(), lamp, lit))

    factory: PinFactory = MockFactory(pin_class=RecordingPin)
    return factory


def _gpiozero() -> ModuleType:
    try:
        return importlib.import_module("gpiozero")
    except ImportError as error:
        raise LampsMissing(f"gpiozero is not installed ({error}).") from error


def claim_outputs(settings: LampSettings, pin_factory: PinFactory | None) -> dict[str, Output]:
    """Take all output pins, all lamps dark; either all of them or none."""
    gpiozero = _gpiozero()
    wanted = {lamp.value: settings.lamp_bcm(lamp) for lamp in Lamp}
    devices: dict[str, Output] = {}
    try:
        with warnings.catch_warnings():
            # gpiozero warns of every library it tries in vain; our fault says it once.
            warnings.simplefilter("ignore")
            for name, pin in wanted.items():
                devices[name] = gpiozero.LED(
                    pin, active_high=settings.active_high, pin_factory=pin_factory
                )
            if settings.heartbeat_bcm:
                devices["heartbeat"] = gpiozero.DigitalOutputDevice(
                    settings.heartbeat_bcm, pin_factory=pin_factory
                )
            if settings.buzzer_bcm:
                devices["buzzer"] = gpiozero.DigitalOutputDevice(
                    settings.buzzer_bcm, pin_factory=pin_factory
                )
    except Exception as error:
        # gpiozero.GPIOZeroError, OSError, or whatever a pin library raises on a wrong machine.
        for device in devices.values():
            release(device)
        raise LampsMissing(f"The lamps' pins cannot be driven: {error}") from error
    return devices


def claim_button(settings: LampSettings, pin_factory: PinFactory | None = None) -> Input:
    """Take the button's pin, with the Pi's own pull-up or pull-down.

    Raises:
        LampsMissing: gpiozero is not installed, or this machine has no pins.
    """
    gpiozero = _gpiozero()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Read, not waited for: whoever owns it looks every few milliseconds (button.py).
            button: Input = gpiozero.Button(
                settings.button_bcm, pull_up=settings.button_pulls_up, pin_factory=pin_factory
            )
    except Exception as error:
        raise LampsMissing(f"The button's pin cannot be read: {error}") from error
    return button


def release(device: Output) -> None:
    """Switch one device off and release its pin, whatever state it is in."""
    # The second must be tried even where the first fails; neither may hide why we are closing.
    for action in (device.off, device.close):
        try:
            action()
        except Exception as error:
            warnings.warn(f"a lamp's pin was not released: {error}", stacklevel=2)
