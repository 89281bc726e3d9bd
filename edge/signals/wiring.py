"""The Pi's 40-pin header: where a BCM number comes out, and what is wired to it."""

from __future__ import annotations

from dataclasses import dataclass

from edge.signals.settings import LampSettings

# BCM number to pin of the 40-pin header, the same on every Pi since the B+; tested against
# gpiozero's own table.
HEADER_PIN: dict[int, int] = {
    **{2: 3, 3: 5, 4: 7, 5: 29, 6: 31, 7: 26, 8: 24, 9: 21, 10: 19, 11: 23, 12: 32, 13: 33},
    **{14: 8, 15: 10, 16: 36, 17: 11, 18: 12, 19: 35, 20: 38, 21: 40, 22: 15, 23: 16, 24: 18},
    **{25: 22, 26: 37, 27: 13},
}
GROUND_PINS: tuple[int, ...] = (6, 9, 14, 20, 25, 30, 34, 39)

_PURPOSE = {
    "red_bcm": ("red lamp", "330 Ω to the LED's anode, cathode to ground"),
    "amber_bcm": ("amber lamp", "330 Ω to the LED's anode, cathode to ground"),
    "green_bcm": ("green lamp", "330 Ω to the LED's anode, cathode to the timer's transistor"),
    "heartbeat_bcm": ("heartbeat", "trigger input of the retriggerable timer"),
    "button_bcm": ("button", "one contact; the other to ground by default"),
    "buzzer_bcm": ("buzzer (option)", "an active buzzer for 3.3 V, through a transistor"),
}


@dataclass(frozen=True)
class Wire:
    """One wire from the header.

    Attributes:
        purpose: What it serves.
        setting: Its key in the section ``[lamps]`` of the settings file.
        bcm: BCM number.
        header_pin: Pin of the 40-pin header.
        ground_pin: The ground pin of the header nearest to it.
        to: What it goes to.
    """

    purpose: str
    setting: str
    bcm: int
    header_pin: int
    ground_pin: int
    to: str


def wires(settings: LampSettings | None = None) -> list[Wire]:
    """Every wire of the lamps' settings, in the order of the settings."""
    return [_wire(name, bcm) for name, bcm in (settings or LampSettings()).pins()]


def _wire(setting: str, bcm: int) -> Wire:
    purpose, to = _PURPOSE[setting]
    pin = HEADER_PIN[bcm]
    ground = min(GROUND_PINS, key=lambda other: (abs(other - pin), other))
    return Wire(purpose, setting, bcm, pin, ground, to)
