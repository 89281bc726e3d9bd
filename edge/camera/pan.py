"""One wide picture as a slide under a hand: a viewport moved over it, its true path known."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.camera.frame import Frame, RgbImage
from edge.camera.hand import HandSettings, Pose, walk
from edge.camera.picture import read_picture
from edge.closing import Closing

_MAX_SAMPLES = 16
"""Views added up for one frame in motion; more would not be seen."""


@dataclass(frozen=True)
class PanSettings:
    """What of the picture is seen.

    Attributes:
        viewport_px: Width and height of a frame; it shrinks to a picture smaller than that.
        frames: End after so many frames, going over the same way again backwards and forwards
            until then; None: end when the whole picture was seen once.
        seed: The same seed moves the same way.
    """

    viewport_px: tuple[int, int] = (1280, 960)
    frames: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.viewport_px) < 32:
            raise ValueError("viewport_px must be at least 32 x 32")
        if self.frames is not None and self.frames < 1:
            raise ValueError("frames must be at least 1")


class PanCamera(Closing):
    """A camera over one wide picture, moved by a model of a hand; the same for the same seed.

    Raises:
        PictureUnreadable: The picture is not there or damaged.
        PictureUnusable: It is too small, too large, or of an unknown kind.
    """

    continuous = True

    def __init__(
        self,
        picture: Path,
        settings: PanSettings | None = None,
        hand: HandSettings | None = None,
    ) -> None:
        self._settings = settings or PanSettings()
        self._hand = hand or HandSettings()
        self._picture = read_picture(picture)
        self._name = picture.name
        height, width = self._picture.shape[:2]
        wished_width, wished_height = self._settings.viewport_px
        self.viewport_px = (min(wished_width, width), min(wished_height, height))
        self._path = list(walk((width, height), self.viewport_px, self._hand, self._settings.seed))
        self._closed = False

    @property
    def length(self) -> int:
        """Number of frames until the end."""
        return self._settings.frames or len(self._path)

    def true_offset_px(self, number: int) -> tuple[float, float]:
        """Where the top left corner of a frame lies in the picture, in its pixels (x, y).

        Of a frame in motion: the middle of the way it moved while it was exposed.
        """
        views = self._views(number)
        return (
            sum(x for x, _ in views) / len(views),
            sum(y for _, y in views) / len(views),
        )

    def true_smear_px(self, number: int) -> float:
        """How far the slide moved while a frame was exposed."""
        return self._pose(number).smear_px

    def frames(self) -> Iterator[Frame]:
        """Frames of the whole way, as fast as they are taken; their times are those of the hand."""
        for number in range(self.length):
            if self._closed:
                return
            exposed_at_s = number * self._hand.frame_interval_s
            yield Frame(self._render(number), exposed_at_s, number, self._name)

    def close(self) -> None:
        """Give no more frames."""
        self._closed = True

    def _pose(self, number: int) -> Pose:
        # There, back, there again: 0 1 2 3 2 1 0 1 ...
        last = len(self._path) - 1
        if last == 0:
            return self._path[0]
        step = number % (2 * last)
        return self._path[step if step <= last else 2 * last - step]

    def _views(self, number: int) -> list[tuple[int, int]]:
        """Whole-pixel corners of the views that one exposure adds up; one alone at rest."""
        pose = self._pose(number)
        count = min(_MAX_SAMPLES, math.ceil(pose.smear_px))
        shares = [(i + 0.5) / count - 0.5 for i in range(count)] if count > 1 else [0.0]
        height, width = self._picture.shape[:2]
        wide, high = self.viewport_px
        return [
            (
                min(max(round(pose.x_px + pose.smear_x_px * share), 0), width - wide),
                min(max(round(pose.y_px + pose.smear_y_px * share), 0), height - high),
            )
            for share in shares
        ]

    def _render(self, number: int) -> RgbImage:
        wide, high = self.viewport_px
        views = self._views(number)
        first_x, first_y = views[0]
        if len(views) == 1:
            return self._picture[first_y : first_y + high, first_x : first_x + wide].copy()
        light = np.zeros((high, wide, 3), dtype=np.uint16)
        for x, y in views:
            light += self._picture[y : y + high, x : x + wide]
        light += len(views) // 2
        light //= len(views)
        return light.astype(np.uint8)
