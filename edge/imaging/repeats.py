"""Pictures of a folder that show ground which an earlier one showed: no cell is counted twice.

A folder is taken for fields that lie apart. A burst of one field, a picture saved twice, the frames
of a film or a neighbour that overlaps would count the same cells again, and the same five normal
cells counted twenty times would make a slide green. So each picture is registered to those just
before it and to those that look most like it, and one that fits lies where it lies.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from edge.imaging.registration import (
    Details,
    Offset,
    RegistrationSettings,
    View,
    details,
    reduction,
    register,
)
from edge.imaging.stage import Place

_GLANCE_SIDE = 12
"""Rows and columns of the little picture by which all earlier ones are looked through."""


@dataclass(frozen=True)
class RepeatSettings:
    """When two pictures show the same ground.

    Attributes:
        registration: How two pictures are compared. Details finer than for a slide that is
            followed, as a picture may lie half a pixel beside another; not so small that a single
            cell is nothing but its nucleus.
        agreement: Correlation of the shared ground from which it is the same. Unrelated fields
            reach 0.67; the same one compressed, darker, or half left behind stays above 0.88.
        small_um: A picture with a side shorter than this may show one cell in its middle, ...
        small_agreement: ... and two such look more alike: unrelated ones reach 0.89.
        recent: Pictures just before that each one is compared with: neighbours are taken in a row.
        alike: Earlier ones that it is compared with, those that look most like it.
    """

    registration: RegistrationSettings = field(
        default_factory=lambda: RegistrationSettings(pixel_um=1.2, min_side_px=64, peaks=1)
    )
    agreement: float = 0.8
    small_um: float = 60.0
    small_agreement: float = 0.92
    recent: int = 24
    alike: int = 4

    def __post_init__(self) -> None:
        if not 0 < self.agreement <= self.small_agreement <= 1:
            raise ValueError("agreement must lie in 0 to small_agreement, that in it to 1")
        if self.small_um < 0 or min(self.recent, self.alike) < 1:
            raise ValueError("small_um cannot be negative, recent and alike are at least 1")


@dataclass(frozen=True)
class _Seen:
    """An earlier picture, its place, and what it looks like at a glance."""

    picture: Details
    place: Place
    glance: NDArray[np.float32]


class Repeats:
    """The pictures of one folder.

    Args:
        um_per_px: Their scale.
        settings: When two show the same ground.

    Attributes:
        count: Pictures that showed ground seen before.
    """

    def __init__(self, um_per_px: float, settings: RepeatSettings | None = None) -> None:
        self._um_per_px = um_per_px
        self._settings = settings or RepeatSettings()
        self._old: list[_Seen] = []
        self._recent: deque[tuple[_Seen, View]] = deque()  # ready for comparison
        self.count = 0

    def place_of(self, rgb: NDArray[np.uint8], apart: Place) -> Place:
        """Where a picture lies.

        Args:
            rgb: uint8 (height, width, 3).
            apart: Its place if it shows ground that was not seen before.
        """
        settings = self._settings
        height, width = rgb.shape[:2]
        factor = reduction((height, width), self._um_per_px, settings.registration)
        picture = details(rgb, factor, self._um_per_px, settings.registration)
        view, glance = View(picture), _glance(picture)
        small = min(height, width) * self._um_per_px < settings.small_um
        least = settings.small_agreement if small else settings.agreement
        found = self._search(view, glance, least)
        place = apart
        if found is not None:
            self.count += 1
            earlier, offset = found
            step_um = factor * self._um_per_px
            place = replace(
                earlier.place,
                x_um=earlier.place.x_um + offset.x_px * step_um,
                y_um=earlier.place.y_um + offset.y_px * step_um,
                new_place=False,
                confidence=offset.agreement,
            )
        self._recent.append((_Seen(picture, place, glance), view))
        if len(self._recent) > settings.recent:
            self._old.append(self._recent.popleft()[0])
        return place

    def _search(
        self, view: View, glance: NDArray[np.float32], least_agreement: float
    ) -> tuple[_Seen, Offset] | None:
        """The earlier picture that shares most ground with a new one, and how they lie."""
        best: tuple[_Seen, Offset] | None = None
        for earlier, seen in self._candidates(glance):
            if earlier.picture.shape != view.field.shape:
                continue  # of another camera, or cut otherwise: its scale may be another too
            offset = register(seen, view, self._settings.registration)
            if offset is None or offset.agreement < least_agreement:
                continue
            if best is None or offset.overlap > best[1].overlap:
                best = earlier, offset
        return best

    def _candidates(self, glance: NDArray[np.float32]) -> Iterator[tuple[_Seen, View]]:
        yield from reversed(self._recent)
        if self._old:
            likeness = np.stack([each.glance for each in self._old]) @ glance
            for i in np.argsort(-likeness)[: self._settings.alike]:
                alike = self._old[i]
                yield alike, View(alike.picture)


def _glance(picture: Details) -> NDArray[np.float32]:
    """A picture's details by mean of the parts of a grid, of length 1: float32 (144,)."""
    rows = np.array_split(picture.astype(np.float32), _GLANCE_SIDE, axis=0)
    parts = [np.array_split(row, _GLANCE_SIDE, axis=1) for row in rows]
    means = np.array([[part.mean() for part in row] for row in parts], dtype=np.float32).ravel()
    means -= means.mean()
    return means / max(float(np.linalg.norm(means)), 1e-6)
