"""Settings of the lamps; the defaults are those of the wiring in hardware.md."""

from __future__ import annotations

import math
from dataclasses import dataclass

from edge.signals.pattern import Lamp


@dataclass(frozen=True)
class LampSettings:
    """Where the lamps are wired, and how long they trust a silent loop.

    Attributes:
        red_bcm: BCM number of the red lamp's pin.
        amber_bcm: BCM number of the amber lamp's pin.
        green_bcm: BCM number of the green lamp's pin.
        heartbeat_bcm: BCM number of the pin that toggles while the lamps are kept alive, for a
            retriggerable timer that takes the current from green when it stops; 0 for none.
        button_bcm: BCM number of the button's pin, against ground; 0 for none.
        button_pulls_up: True when the button joins its pin to ground (the default wiring); False
            when it joins it to 3.3 V.
        buzzer_bcm: BCM number of a buzzer's pin; 0 for none (the default).
        active_high: True when a high pin lights a lamp (the default wiring).
        lease_s: Seconds without a sign of life from the loop after which the lamps show a fault.
        heartbeat_s: Seconds between two changes of the heartbeat pin; the timer is started anew by
            every second one, and runs out after about 1 s.
    """

    red_bcm: int = 17
    amber_bcm: int = 27
    green_bcm: int = 22
    heartbeat_bcm: int = 23
    button_bcm: int = 24
    button_pulls_up: bool = True
    buzzer_bcm: int = 0
    active_high: bool = True
    lease_s: float = 5.0
    heartbeat_s: float = 0.25

    def __post_init__(self) -> None:
        pins = [pin for _, pin in self.pins()]
        for name, pin in self.pins():
            # 0 and 1 belong to the identification EEPROM of add-on boards.
            if isinstance(pin, bool) or not isinstance(pin, int) or not 2 <= pin <= 27:
                raise ValueError(f"{name}: a BCM pin number from 2 to 27, not {pin!r}")
        if len(set(pins)) != len(pins):
            raise ValueError(f"each pin can be used once: {dict(self.pins())}")
        for name in ("active_high", "button_pulls_up"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name}: true or false, not {getattr(self, name)!r}")
        if not (math.isfinite(self.lease_s) and 0.5 <= self.lease_s <= 60):
            raise ValueError(f"lease_s: 0.5 to 60 seconds, not {self.lease_s!r}")
        if not (math.isfinite(self.heartbeat_s) and 0.02 <= self.heartbeat_s <= 0.3):
            raise ValueError(f"heartbeat_s: 0.02 to 0.3 seconds, not {self.heartbeat_s!r}")

    def lamp_bcm(self, lamp: Lamp) -> int:
        """The BCM number of a lamp's pin."""
        return {
            Lamp.RED: self.red_bcm,
            Lamp.AMBER: self.amber_bcm,
            Lamp.GREEN: self.green_bcm,
        }[lamp]

    def pins(self) -> list[tuple[str, int]]:
        """Name of the setting and BCM number of every pin in use."""
        named = [
            ("red_bcm", self.red_bcm),
            ("amber_bcm", self.amber_bcm),
            ("green_bcm", self.green_bcm),
            ("heartbeat_bcm", self.heartbeat_bcm),
            ("button_bcm", self.button_bcm),
            ("buzzer_bcm", self.buzzer_bcm),
        ]
        optional = ("heartbeat_bcm", "button_bcm", "buzzer_bcm")
        return [(name, pin) for name, pin in named if pin != 0 or name not in optional]
