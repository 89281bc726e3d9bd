"""Notices that another objective was turned in: red cells are suddenly of another size.

The scale is measured at the start. Afterwards a look now and then is enough; what disagrees is
looked at again at once, and believed when it says the same three times. Cells must not be judged
at a wrong scale: a lymphocyte under a stronger objective looks like a blast.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from edge.imaging.scale import confirms_scale, measure_scale


@dataclass(frozen=True)
class ObjectiveSettings:
    """How often and how strictly the objective is watched.

    Attributes:
        every: Usable frames between two looks.
        looks: Disagreeing looks in a row until it is believed.
        factor: Scales that differ more than this many times are of two objectives. The usual steps
            are 2 to 10 times; red cells of one slide differ by 15%.
    """

    every: int = 300
    looks: int = 3
    factor: float = 1.5

    def __post_init__(self) -> None:
        if self.every < 1 or self.looks < 1 or self.factor <= 1:
            raise ValueError("every and looks must be at least 1, factor above 1")


def is_of_another_scale(rgb: NDArray[np.uint8], um_per_px: float, factor: float) -> bool | None:
    """Whether the red cells of a field say that another objective was in; None where they are mute.

    Args:
        rgb: uint8 (height, width, 3).
        um_per_px: The scale in use.
        factor: Scales that differ more than this many times are of two objectives.
    """
    if confirms_scale(rgb, um_per_px, factor):
        return False
    reading = measure_scale(rgb)
    if reading is None:
        return None
    return abs(log(reading.um_per_px / um_per_px)) > log(factor)


class ObjectiveWatch:
    """Watches the scale of one examination.

    Args:
        um_per_px: Scale it was begun with.
        settings: How often and how strictly.
    """

    def __init__(self, um_per_px: float, settings: ObjectiveSettings | None = None) -> None:
        self._um_per_px = um_per_px
        self._settings = settings or ObjectiveSettings()
        self._since = 0
        self._strange = 0
        self.other = False

    @property
    def doubted(self) -> bool:
        """Whether the last look saw another objective, believed or not yet: nothing is counted."""
        return self.other or self._strange > 0

    def look_soon(self) -> None:
        """Look at the next frame: a jump to new ground is what a turned nosepiece looks like."""
        self._since = self._settings.every

    def see(self, rgb: NDArray[np.uint8]) -> bool:
        """Take in one frame in focus; True while another objective is in.

        Args:
            rgb: uint8 (height, width, 3).
        """
        self._since += 1
        if not self._strange and not self.other and self._since < self._settings.every:
            return False
        self._since = 0
        strange = is_of_another_scale(rgb, self._um_per_px, self._settings.factor)
        if strange is None:
            return self.other
        if strange:
            self._strange = min(self._strange + 1, self._settings.looks)
        else:
            self._strange, self.other = 0, False
        self.other = self.other or self._strange >= self._settings.looks
        return self.other
