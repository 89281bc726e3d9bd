"""Is it still the same slide? One that is changed without the button puts two people in one count.

To change a slide takes seconds in which nothing can be used (bare light, blur, glass), and it ends
on ground that was never seen. The same happens on one slide too, on the way over bare glass. What
differs then is the colour of the red cells: on one slide it stays within a few hundredths, from
patient to patient it mostly does not, whatever the thickness (`red_cells`). All three together are
asked for before a word is said.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from math import hypot, log

import numpy as np
from numpy.typing import NDArray

from edge.imaging.red_cells import RedStain


@dataclass(frozen=True)
class SlideWatchSettings:
    """When a slide is taken for another one.

    Attributes:
        pause_frames: Frames in a row that cannot be used, as while a slide is changed: about two
            seconds.
        looks: Red stains compared, from before as from after.
        colour: Least distance of their colours, logarithmic. Of the fields of one slide 1% lie
            further from the rest, of pairs of patients of one laboratory 72%.
        density: Least difference of their densities, logarithmic, that is enough by itself; fields
            of one slide differ by thickness.
        told_frames: Usable frames for which it is told.
    """

    pause_frames: int = 20
    looks: int = 3
    colour: float = 0.08
    density: float = 0.6
    told_frames: int = 150

    def __post_init__(self) -> None:
        if min(self.pause_frames, self.looks, self.told_frames) < 1:
            raise ValueError("pause_frames, looks and told_frames must be at least 1")
        if min(self.colour, self.density) <= 0:
            raise ValueError("colour and density must be positive")


class SlideWatch:
    """Watches one examination.

    Attributes:
        doubtful: Another slide was seen once; it stays so, as its cells stay counted.
    """

    def __init__(self, settings: SlideWatchSettings | None = None) -> None:
        self._settings = settings or SlideWatchSettings()
        self._known: deque[RedStain] = deque(maxlen=5 * self._settings.looks)
        self._places: set[int] = set()
        self._since: list[RedStain] = []
        self._unusable = 0
        self._away = False
        self._told = 0
        self.doubtful = False

    @property
    def knows(self) -> bool:
        """Whether enough of the slide was seen to tell another one from it."""
        return len(self._known) >= self._settings.looks

    @property
    def asks(self) -> bool:
        """Whether the next usable field's stain is wanted at once."""
        return self._away

    def see(self, usable: bool, place: int, stain: RedStain | None) -> bool:
        """Take in one frame; True while another slide seems to be under the objective.

        Args:
            usable: Whether the frame can be used.
            place: Number of the place on the slide where it lies.
            stain: Of its red cells, where it was measured in this very frame.
        """
        if not usable:
            self._unusable += 1
            self._away |= self._unusable >= self._settings.pause_frames
            return self._told > 0
        self._unusable = 0
        self._told = max(0, self._told - 1)
        if self._away and place in self._places:
            self._arrive()  # the ground is known: it is the same slide
        if self._away:
            if stain is not None:
                self._since.append(stain)
            if len(self._since) >= self._settings.looks:
                self._compare()
        else:
            self._places.add(place)
            if stain is not None:
                self._known.append(stain)
        return self._told > 0

    def _compare(self) -> None:
        if self._differ(self._known, self._since):
            self.doubtful = True
            self._told = self._settings.told_frames
            self._known.clear()
            self._places.clear()
        self._arrive()

    def _arrive(self) -> None:
        self._away = False
        self._known.extend(self._since)
        self._since = []

    def _differ(self, before: Collection[RedStain], after: Collection[RedStain]) -> bool:
        if len(before) < self._settings.looks:
            return False
        red, blue = _middle_colour(after) - _middle_colour(before)
        thicker = log(_middle_density(after) / _middle_density(before))
        far = hypot(red, blue) > self._settings.colour
        return far or abs(thicker) > self._settings.density


def _middle_colour(stains: Collection[RedStain]) -> NDArray[np.float64]:
    middle: NDArray[np.float64] = np.median([each.colour for each in stains], axis=0)
    return middle


def _middle_density(stains: Collection[RedStain]) -> float:
    return float(np.median([each.density for each in stains]))
