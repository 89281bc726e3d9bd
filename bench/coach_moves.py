"""Faults that only frames in a row show: dirt that does not move, and a hand that is too fast.

Frames are windows of a real wide field, moved as a hand moves a slide.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from edge.imaging.coach import Advice, Coach, Sight
from edge.imaging.evenness import evenness_of
from edge.imaging.quality import Trouble, assess
from edge.imaging.stage import Stage

Rgb = NDArray[np.uint8]

WINDOW_PX = (640, 480)
UM_PER_PX = 0.2
DIRT_SHARES = (0.0, 0.02, 0.04, 0.08)
SPEEDS = (0.2, 0.5, 0.8, 1.2)
"""Movement between two frames, shares of the field's width."""

_EXPOSURE_SHARE = 0.03
_DIRT_FRAMES = 60


def advice_on(frames: Iterator[Rgb]) -> set[Advice]:
    """All that the coach said of some frames in a row."""
    coach, stage = Coach(), Stage(UM_PER_PX)
    said = set()
    for rgb in frames:
        place = stage.locate_field(rgb)
        quality = assess(rgb, UM_PER_PX)
        lost = place.confidence == 0.0 and quality.trouble in (None, Trouble.MOVING)
        sight = Sight(
            quality.trouble,
            quality.measures,
            evenness_of(rgb),
            dirt=stage.dirt_share,
            too_fast=lost,
        )
        if (advice := coach.see(sight)) is not None:
            said.add(advice)
    return said


def dirty(wide: Rgb, share: float, seed: int) -> Iterator[Rgb]:
    """A calm pan behind dark spots on the eyepiece that cover about ``share`` of the frame."""
    width, height = WINDOW_PX
    pass_through = _spots(share, seed)
    room = np.array([wide.shape[1] - width, wide.shape[0] - height])
    rng = np.random.default_rng(seed)
    at, way = room * rng.random(2), np.array([0.22 * width, 0.06 * height])
    for _ in range(_DIRT_FRAMES):
        for axis in (0, 1):  # turned back at the picture's border
            if not 0 <= at[axis] + way[axis] <= room[axis]:
                way[axis] = -way[axis]
        at = at + way
        x, y = np.rint(at).astype(int)
        window = wide[y : y + height, x : x + width]
        yield (window * pass_through[..., None]).astype(np.uint8)


def _spots(share: float, seed: int) -> NDArray[np.float32]:
    """Light let through by round grains of 4 to 12 px radius, float32 (height, width)."""
    width, height = WINDOW_PX
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    through = np.ones((height, width), dtype=np.float32)
    while (through < 0.9).mean() < share:
        cx, cy, radius = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(4, 12)
        away = np.hypot(x - cx, y - cy)
        through = np.minimum(through, np.clip(0.35 + (away - radius) / 4.0, 0.35, 1.0))
    return through.astype(np.float32)


def hurried(wide: Rgb, speed: float) -> Iterator[Rgb]:
    """Some frames at rest, then a second of pushes without a pause, ``speed`` fields a frame."""
    width, height = WINDOW_PX
    step = round(speed * width)
    smear = max(1, round(step * _EXPOSURE_SHARE))
    room = wide.shape[1] - width - smear
    # Runs over the width and begins again, a row further down, at ground not seen before.
    for _ in range(4):
        yield wide[:height, :width]
    for i in range(1, 13):
        row, x = divmod(i * step, room)
        y = min(row * height // 2, wide.shape[0] - height)
        window = wide[y : y + height, x : x + width + smear].astype(np.float32)
        total = np.cumsum(window, axis=1)
        yield ((total[:, smear:] - total[:, :-smear]) / smear)[:, :width].astype(np.uint8)
