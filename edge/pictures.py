"""Pictures named by a person: read one by one, each with its scale."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.camera.frame import RgbImage
from edge.camera.picture import read_picture
from edge.errors import LeukoscopeError, ScaleUnusable
from edge.imaging.crop import UM_PER_PX_MAX, UM_PER_PX_MIN
from edge.imaging.scale import ScaleEstimate, ScaleTracker, measure_scale
from edge.imaging.scale_guess import guess_scale

_POOL_PICTURES = 40
"""Pictures of one size looked at for their common scale."""

_ERROR_MAX = 0.15
"""Relative error (1 sigma) above which an estimate is no scale."""

_DISAGREEMENT_SIGMAS = 4.0
"""A picture this far from the others of its size was taken with another objective."""


@dataclass(frozen=True)
class ScaledPicture:
    """A picture and how large it is.

    Attributes:
        path: As it was named.
        rgb: uint8, shape (height, width, 3).
        um_per_px: Given or measured; None where it cannot be known.
        rough: The scale was only guessed from the size of a nucleus: good enough to find white
            cells, not to judge them.
    """

    path: Path
    rgb: RgbImage
    um_per_px: float | None
    rough: bool


def check_um_per_px(um_per_px: float | None) -> float | None:
    """The scale given by a person, if a microscope can have it.

    Raises:
        ScaleUnusable: It is not a number, or none of a microscope.
    """
    if um_per_px is None:
        return None
    if not (math.isfinite(um_per_px) and UM_PER_PX_MIN <= um_per_px <= UM_PER_PX_MAX):
        raise ScaleUnusable(f"--um-per-px {um_per_px:g} is no microscope's scale.")
    return um_per_px


def scaled_pictures(
    paths: Sequence[Path], um_per_px: float | None
) -> Iterator[ScaledPicture | LeukoscopeError]:
    """Every picture in order, or the fault that kept it from being read.

    Where the scale is not given, it is measured on all pictures of the same size together (they
    come from one objective), except for a picture that clearly disagrees with them.
    """
    pools: dict[tuple[int, ...], ScaleEstimate | None] = {}
    readings: dict[Path, ScaleEstimate | None] = {}
    if um_per_px is None:
        pools, readings = _pool_scales(paths)
    for path in paths:
        try:
            rgb = read_picture(path)
        except LeukoscopeError as fault:
            yield fault
            continue
        known = um_per_px
        if known is None:
            own = readings[path] if path in readings else measure_scale(rgb)
            known = _agreed(own, pools.get(rgb.shape))
        if known is None:
            guess = guess_scale(rgb)
            yield ScaledPicture(path, rgb, None if guess is None else guess.um_per_px, True)
        else:
            yield ScaledPicture(path, rgb, known, False)


def _pool_scales(
    paths: Sequence[Path],
) -> tuple[dict[tuple[int, ...], ScaleEstimate | None], dict[Path, ScaleEstimate | None]]:
    """The common scale of each size of picture, and the readings that it rests on."""
    readings: dict[Path, ScaleEstimate | None] = {}
    trackers: dict[tuple[int, ...], ScaleTracker] = {}
    seen: dict[tuple[int, ...], int] = {}
    # Spread over the whole list: neighbours in a folder are often of one patient.
    step = max(1, len(paths) // (4 * _POOL_PICTURES))
    for path in paths[::step]:
        try:
            rgb = read_picture(path)
        except LeukoscopeError:
            continue  # said when its turn comes
        if seen.get(rgb.shape, 0) < _POOL_PICTURES:
            seen[rgb.shape] = seen.get(rgb.shape, 0) + 1
            tracker = trackers.setdefault(rgb.shape, ScaleTracker())
            reading = readings[path] = measure_scale(rgb)
            if reading is not None:
                tracker.add(reading)
    return {shape: tracker.estimate for shape, tracker in trackers.items()}, readings


def _agreed(own: ScaleEstimate | None, pool: ScaleEstimate | None) -> float | None:
    """A picture's scale from its own reading and that of its like; None where neither will do."""
    usable = [e for e in (own, pool) if e is not None and e.relative_error <= _ERROR_MAX]
    if not usable:
        return None
    if len(usable) == 2 and own is not None and pool is not None:
        apart = abs(math.log(own.um_per_px / pool.um_per_px))
        if apart > _DISAGREEMENT_SIGMAS * math.hypot(own.relative_error, pool.relative_error):
            return own.um_per_px
        return pool.um_per_px
    return usable[0].um_per_px
