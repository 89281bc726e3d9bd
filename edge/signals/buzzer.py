"""What a buzzer sounds when the lamps go over to another state: pure data; it is an option.

Heard across a room by somebody who looks into the other microscope: a result or a fault, nothing
in between. No state has the sound of another.
"""

from __future__ import annotations

from collections.abc import Mapping

from edge.signals.indicator import Indicator

SOUNDS: Mapping[Indicator, tuple[float, ...]] = {
    Indicator.NO_BLASTS_FOUND: (0.6,),
    Indicator.CANNOT_JUDGE: (0.15,),
    Indicator.REVIEW: (0.15, 0.15, 0.15, 0.15, 0.15),
    Indicator.FAULT: (0.6, 0.3, 0.6),
}
"""Seconds on and off in turn, beginning with on, once."""


def sounds(indicator: Indicator, since_s: float) -> tuple[bool, float]:
    """Whether the buzzer sounds, and how long that stays so.

    Args:
        indicator: The state the lamps show.
        since_s: Seconds since they began to.

    Returns:
        Sounding or not, and the seconds until that changes; infinite when it will not.
    """
    on = True
    for duration_s in SOUNDS.get(indicator, ()):
        if since_s < duration_s:
            return on, duration_s - since_s
        since_s -= duration_s
        on = not on
    return False, float("inf")
