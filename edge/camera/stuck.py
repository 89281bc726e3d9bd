"""Notices a camera that goes on giving the very same picture: its driver lives, its sensor hangs.

A sensor's noise makes two pictures differ, however still the slide lies. Pictures without anything
in them (a lens cap, light at the end of the range) may well be equal, and say nothing.
"""

from __future__ import annotations

import zlib

import numpy as np

from edge.camera.frame import RgbImage

_EVERY = 3
"""Rows and columns between two pixels that are compared."""

_LOOKS = 10
"""Looks in the time after which it is believed."""

_FLAT_LEVELS = 12
"""A picture whose levels lie within so many shows nothing."""


class StuckWatch:
    """Watches the pictures of one camera.

    Args:
        longest_s: The same picture for so long is no accident.
    """

    def __init__(self, longest_s: float) -> None:
        self._longest_s = longest_s
        self._mark: int | None = None
        self._since_s = 0.0
        self._looked_s = float("-inf")

    def see(self, rgb: RgbImage, now_s: float) -> bool:
        """Take in a picture; True once it is stuck, and then not again before as long a time.

        Args:
            rgb: uint8 (height, width, 3).
            now_s: When it came, on a clock that is never set.
        """
        if now_s - self._looked_s < self._longest_s / _LOOKS:
            return False
        self._looked_s = now_s
        sample = np.ascontiguousarray(rgb[::_EVERY, ::_EVERY])
        flat = int(sample.max()) - int(sample.min()) < _FLAT_LEVELS
        mark = None if flat else zlib.crc32(sample.data)
        if mark is None or mark != self._mark:
            self._mark, self._since_s = mark, now_s
            return False
        if now_s - self._since_s < self._longest_s:
            return False
        self._mark = None
        return True
