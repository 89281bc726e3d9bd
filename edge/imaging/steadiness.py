"""Whether the slide rests: cells are judged on the still frames, not on the first blurred view.

How much smear even a still frame seems to have differs from optic to optic (0.5 to 1.6 um on real
pictures), so a frame is compared with the calmest ones of its own slide.
"""

from __future__ import annotations

from collections import deque
from math import isnan

import numpy as np

_REMEMBERED = 60
_REST_PERCENTILE = 25.0
_MARGIN_UM = 0.6
"""Smear beyond that of the calmest quarter of frames from which a cell looks blurred; frames at
rest stay within 0.4 um of it, a slide in motion is 1 um and more beyond."""


class Steadiness:
    """The recent smears of one slide."""

    def __init__(self) -> None:
        self._smears_um: deque[float] = deque(maxlen=_REMEMBERED)

    def rests(self, motion_um: float) -> bool:
        """Take the smear of one more frame; True when the slide rested while it was exposed.

        Where all frames are alike (a hand that never pauses) all of them count as resting.

        Args:
            motion_um: Length of the smear, as ``quality`` measures it; nan where there is none.
        """
        if isnan(motion_um):
            return True
        self._smears_um.append(motion_um)
        rest_um = float(np.percentile(self._smears_um, _REST_PERCENTILE))
        return motion_um <= rest_um + _MARGIN_UM
