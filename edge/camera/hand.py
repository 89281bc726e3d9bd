"""How a hand moves a slide under the objective: stops, pushes, pauses, tremor and creep.

The same hand moves the viewport of ``pan:`` over a real field and the stage of ``phantom:``. It
works in pixels and knows no picture: it is given the size of what it may walk over and of the
field it sees. Frame by frame it says where the field's top left corner lay at the middle of the
exposure, and how far the slide moved during it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_PEAK_OF_MINIMUM_JERK = 1.875
"""Peak over mean speed of a push from rest to rest (Flash and Hogan, J Neurosci 1985)."""


@dataclass(frozen=True)
class HandSettings:
    """How quickly and how quietly a hand moves.

    Attributes:
        speed: 1 is a practised hand; 2 is twice as fast.
        peak_step: Greatest movement between frames at speed 1, as a share of the field.
        exposure_share: Share of the frame interval in which light is collected.
        overlap: Share of the field that neighbouring stops have in common, at least.
        pause_frames: Fewest and most frames at rest at one stop, at speed 1.
        tremor_px: Standard deviation of the tremor at rest, each axis.
        creep_px: Standard deviation of the slow movement per frame at rest (loose mechanics).
        bow: Greatest sideways bow of a push, as a share of its length.
        look_back: Chance at each stop that the hand goes back to the stop before for a look.
        frame_interval_s: Seconds between exposures.
    """

    speed: float = 1.0
    peak_step: float = 0.28
    exposure_share: float = 0.1
    overlap: float = 0.22
    pause_frames: tuple[int, int] = (3, 7)
    tremor_px: float = 0.7
    creep_px: float = 0.5
    bow: float = 0.04
    look_back: float = 0.08
    frame_interval_s: float = 1 / 15

    def __post_init__(self) -> None:
        if not 0.05 <= self.speed <= 20:
            raise ValueError(f"speed must lie between 0.05 and 20, not {self.speed:g}")
        if not 0 < self.peak_step < 1 or not 0 <= self.overlap < 0.9:
            raise ValueError("peak_step and overlap are shares of the field")
        if not 0 <= self.exposure_share <= 1 or not 0 <= self.look_back < 1:
            raise ValueError("exposure_share and look_back must lie between 0 and 1")
        if not 1 <= self.pause_frames[0] <= self.pause_frames[1]:
            raise ValueError("pause_frames must be at least one frame, fewest first")
        if min(self.tremor_px, self.creep_px, self.bow) < 0 or self.frame_interval_s <= 0:
            raise ValueError("tremor_px, creep_px and bow cannot be negative; time goes forward")


@dataclass(frozen=True)
class Pose:
    """Where one frame was exposed.

    Attributes:
        x_px: Left edge of the field at the middle of the exposure, in pixels of the ground.
        y_px: Top edge of it.
        smear_x_px: How far the field moved during the exposure, centred on ``x_px``.
        smear_y_px: The same along y.
    """

    x_px: float
    y_px: float
    smear_x_px: float
    smear_y_px: float

    @property
    def smear_px(self) -> float:
        """Length of the blur in motion."""
        return math.hypot(self.smear_x_px, self.smear_y_px)


def walk(
    ground_px: tuple[int, int], field_px: tuple[int, int], settings: HandSettings, seed: int
) -> Iterator[Pose]:
    """Cover the whole ground once, row by row in alternating direction, and end.

    Args:
        ground_px: Width and height of what is walked over.
        field_px: Width and height of the field, neither greater than the ground's.
        settings: The hand.
        seed: The same seed walks the same way.

    Yields:
        One pose a frame; ``0 <= x_px <= ground width - field width``, the same along y.
    """
    room = np.array([ground_px[0] - field_px[0], ground_px[1] - field_px[1]], dtype=np.float64)
    if room.min() < 0 or min(field_px) < 1:
        raise ValueError(f"a field of {field_px} does not fit on a ground of {ground_px}")
    rng = np.random.default_rng(seed)
    stops = _stops(room, field_px, settings, rng)
    for at, per_frame in _motion(stops, field_px, settings, rng):
        x, y = np.clip(at, 0, room)
        # Against the end of the stage nothing moves, however the hand pushes.
        free = (at > 0) & (at < room)
        smear_x, smear_y = np.where(free, per_frame * settings.exposure_share, 0.0)
        yield Pose(float(x), float(y), float(smear_x), float(smear_y))


def _axis_stops(room: float, field: float, overlap: float) -> list[float]:
    steps = max(0, math.ceil(room / (field * (1 - overlap)) - 1e-9))
    return [room * i / steps for i in range(steps + 1)] if steps else [0.0]


def _stops(
    room: NDArray[np.float64],
    field_px: tuple[int, int],
    settings: HandSettings,
    rng: np.random.Generator,
) -> list[NDArray[np.float64]]:
    """Where the hand means to rest: a grid that covers the ground, aimed at with some error."""
    columns = _axis_stops(room[0], field_px[0], settings.overlap)
    rows = _axis_stops(room[1], field_px[1], settings.overlap)
    aim = settings.overlap / 6 * np.array(field_px)
    stops: list[NDArray[np.float64]] = []
    for row, y in enumerate(rows):
        for x in columns if row % 2 == 0 else reversed(columns):
            # At the edge the stage runs against its end: aim beyond it and be held back.
            edge = np.array([_beyond(x, room[0]), _beyond(y, room[1])]) * aim * 2
            stop = np.array([x, y]) + edge + rng.uniform(-1, 1, 2) * aim
            back = bool(stops) and rng.random() < settings.look_back
            stops += [stop, stops[-1] + rng.uniform(-1, 1, 2) * aim, stop] if back else [stop]
    return stops


def _beyond(at: float, room: float) -> float:
    return -1.0 if at <= 0 else (1.0 if at >= room else 0.0)


def _motion(
    stops: list[NDArray[np.float64]],
    field_px: tuple[int, int],
    settings: HandSettings,
    rng: np.random.Generator,
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Position and speed (pixels a frame) at each exposure, not yet held back by the stage."""
    at = stops[0]
    for stop in stops:
        yield from _push(at, stop, field_px, settings, rng)
        at = stop
        low, high = settings.pause_frames
        for _ in range(max(1, round(rng.integers(low, high + 1) / max(settings.speed, 1.0)))):
            creep = rng.normal(0, settings.creep_px, 2)
            at = at + creep
            yield at + rng.normal(0, settings.tremor_px, 2), creep


def _push(
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    field_px: tuple[int, int],
    settings: HandSettings,
    rng: np.random.Generator,
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """From rest to rest along a slightly bowed line, minimum jerk in time."""
    way = end - start
    fields = float(np.max(np.abs(way) / np.array(field_px)))
    frames = math.ceil(_PEAK_OF_MINIMUM_JERK * fields / (settings.peak_step * settings.speed))
    sideways = np.array([-way[1], way[0]]) * settings.bow * rng.uniform(-1, 1)
    for i in range(1, frames):
        t = i / frames
        done = t**3 * (10 - 15 * t + 6 * t * t)
        done_per_frame = 30 * t * t * (1 - t) ** 2 / frames
        bow, bow_slope = math.sin(math.pi * done), math.pi * math.cos(math.pi * done)
        yield start + way * done + sideways * bow, (way + sideways * bow_slope) * done_per_frame
