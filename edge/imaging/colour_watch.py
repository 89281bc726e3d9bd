"""Are the pictures' colours those of a stained smear? A camera may give none, or exchange two.

A camera set to grey, or one whose driver hands over blue for red, shows sharp cells that look fine
to every measure of focus and light, and wrong to everything that judges a stain. Both are known
from the dyes: azure takes more of the red out of a nucleus than eosin takes out of a red cell,
whatever the lamp and the laboratory.
"""

from __future__ import annotations

from enum import StrEnum
from statistics import median
from typing import Final

from edge.imaging.red_cells import RedStain

_GREY_FIELDS: Final = 2
"""So many in a row, before any with colour, say that there is none."""

_NUCLEI_FIELDS: Final = 5
"""Fields with nuclei whose median speaks."""

_EXCHANGED: Final = -0.45
"""Median of ``RedStain.nuclei`` below which red and blue are exchanged. Of up to 120 pictures of
each of seven sources the lowest is -0.36, a phone's, of all others 0.04; exchanged, the median of
each source but the phone's is -0.70 or less."""


class ColourFault(StrEnum):
    """What is wrong with the colours."""

    GREY = "grey"
    EXCHANGED = "exchanged"


class ColourWatch:
    """Watches the fields of one examination.

    Attributes:
        eager: Whether the next usable field's stain is wanted at once.
    """

    def __init__(self) -> None:
        self._grey_fields: int | None = 0
        self._nuclei: list[float] = []
        self.eager = False

    def see(self, stain: RedStain | None) -> ColourFault | None:
        """Take in one field's stain; what is wrong, once it is certain."""
        if stain is None:
            return None
        if self._grey_fields is not None:
            self._grey_fields = self._grey_fields + 1 if stain.colourless else None
        self.eager = bool(self._grey_fields)
        if self._grey_fields == _GREY_FIELDS:
            return ColourFault.GREY
        if stain.nuclei is not None and len(self._nuclei) < _NUCLEI_FIELDS:
            self._nuclei.append(stain.nuclei)
            if len(self._nuclei) == _NUCLEI_FIELDS and median(self._nuclei) < _EXCHANGED:
                return ColourFault.EXCHANGED
        return None
