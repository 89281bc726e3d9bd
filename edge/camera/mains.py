"""Exposure under a lamp on the mains, which is dark 100 or 120 times a second.

A row that is exposed for whole periods of the light gets as much of it as every other row; one
exposed for half a period more catches a bright or a dark half. Cameras that know this are told the
mains, and what they chose is rounded when exposure is locked. Where the light is too strong for
even one period, bands stay, and ``edge.imaging.flicker`` names them.
"""

from __future__ import annotations

from enum import StrEnum


class Mains(StrEnum):
    """The mains the microscope's lamp hangs on."""

    AUTO = "auto"
    """The camera finds out where it can; else 50 Hz, which most countries have."""
    HZ_50 = "50"
    HZ_60 = "60"
    OFF = "off"
    """A lamp on a battery or direct current: exposure is free."""

    @property
    def period_us(self) -> float | None:
        """Between two dark moments of the lamp, microseconds: half of the mains' own period."""
        return {Mains.OFF: None, Mains.HZ_60: 1e6 / 120}.get(self, 1e6 / 100)


def whole_periods(
    exposure_us: float, gain: float, period_us: float, longest_us: float
) -> tuple[int, float]:
    """Exposure of whole periods of the light, as bright as the one that was chosen.

    Args:
        exposure_us: As chosen, microseconds.
        gain: As chosen; 1 is the least.
        period_us: Between two dark moments of the lamp.
        longest_us: The longest that the rate of frames allows.

    Returns:
        Exposure in whole microseconds, and gain; both as they were where the picture would get
        brighter than it was, even at the least gain.
    """
    light = exposure_us * gain
    most = int(min(longest_us, light) / period_us)
    periods = min(max(1, round(exposure_us / period_us)), most)
    if periods < 1:
        return round(exposure_us), gain
    exposed_us = round(periods * period_us)
    return exposed_us, light / exposed_us
