"""Is this field worth judging, and if not, what should the person at the eyepiece do?

Every measure has a physical unit or is a share, so that the same settings serve every microscope:
blur in micrometres (``sharpness``), light as a share of the camera's range, crowding as the share
of the picture without glass.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import isfinite
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.imaging.reduction import reduced
from edge.imaging.sharpness import (
    CalmTile,
    EdgeWidths,
    calm,
    histogram,
    measure_edges,
    row_percentiles,
    slope_noise,
    weighted_percentiles,
)

Floats = NDArray[np.float32]


class Trouble(StrEnum):
    """Why a field cannot be used."""

    OUT_OF_FOCUS = "out_of_focus"
    MOVING = "moving"
    TOO_DARK = "too_dark"
    SATURATED = "saturated"
    FLICKERING_LAMP = "flickering_lamp"
    TOO_CROWDED = "too_crowded"
    TOO_EMPTY = "too_empty"

    @property
    def words(self) -> str:
        """Why, in plain words: "out of focus"."""
        return self.value.replace("_", " ")

    @property
    def advice(self) -> str:
        """What the person should do, one plain sentence."""
        return _ADVICE[self]


_ADVICE: Final = {
    Trouble.OUT_OF_FOCUS: "Turn the fine focus slowly until the cells have sharp edges.",
    Trouble.MOVING: "Hold the slide still for a moment.",
    Trouble.TOO_DARK: "Turn up the lamp or open the condenser diaphragm.",
    Trouble.SATURATED: "Turn down the lamp: the picture is too bright.",
    Trouble.FLICKERING_LAMP: "The lamp flickers: use another lamp, or run this one from a battery.",
    Trouble.TOO_CROWDED: "Move towards the thin end of the smear, where cells lie side by side.",
    Trouble.TOO_EMPTY: "Move back into the smear: there are no cells here.",
}

LIGHT_TROUBLES: Final = (Trouble.TOO_DARK, Trouble.SATURATED, Trouble.FLICKERING_LAMP)
"""What is mended at the lamp; before it is, little else can be told."""

NO_ADVICE: Final = "Go on to the next field."


@dataclass(frozen=True)
class QualitySettings:
    """Limits of a usable field.

    Attributes:
        max_blur_um: Widest edges still in focus, standard deviation. Real pictures taken as
            usable by seven laboratories' staff have 0.2 to 0.55 um; cells with a blur of 1.5 um
            put on show at least 0.95 um.
        max_motion_um: Longest smear in one direction.
        max_cell_blur_um: Widest edges of a cell that is judged, in the direction where they are
            widest (``cell_blur``). Of real cells as they were taken about 1 in 400 has more, of
            cells smeared by 4 um nearly all (``python -m bench.blurred_cells``).
        min_light: Glass at least this bright, share of the camera's range.
        max_clipped: Greatest share of the picture with all channels at the end of the range.
        min_glass: Least share of the picture that must be free of cells.
        min_cells_um2: Least stained area, um2; a red cell has some 40.
        min_contrast: Least difference between stain and glass, share of the glass's light.
    """

    max_blur_um: float = 0.75
    max_motion_um: float = 2.2
    max_cell_blur_um: float = 0.95
    min_light: float = 0.22
    max_clipped: float = 0.35
    min_glass: float = 0.12
    min_cells_um2: float = 15.0
    min_contrast: float = 0.05

    def __post_init__(self) -> None:
        for name in ("min_light", "max_clipped", "min_glass", "min_contrast"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} must be a share between 0 and 1")
        for name in ("max_blur_um", "max_motion_um", "max_cell_blur_um", "min_cells_um2"):
            value = getattr(self, name)
            if not (isfinite(value) and value > 0):
                raise ValueError(f"{name} must be positive")


@dataclass(frozen=True)
class Quality:
    """Verdict on one field.

    Attributes:
        usable: Whether its cells may be judged.
        trouble: What is wrong, or None.
        advice: One plain sentence for the person.
        sharpness: 1 / blur in 1/um: higher is sharper; 0 where there is no edge to tell from.
        measures: What it rests on.
    """

    usable: bool
    trouble: Trouble | None
    advice: str
    sharpness: float
    measures: Measures | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Measures:
    """What was measured of a field.

    Attributes:
        light: Brightness of the glass, share of the range.
        clipped: Share of the picture with all channels at the end of the range.
        contrast: Darkest part against the glass, share of the glass's light.
        stained_um2: Area clearly darker than the glass.
        glass: Share of the picture that is glass.
        blur_um: Typical width of the edges, standard deviation; nan where there are none.
        sharpest_um: Width of the edges in the direction where they are sharpest.
        motion_um: Length of a smear that would explain the difference between directions.
    """

    light: float
    clipped: float
    contrast: float
    stained_um2: float
    glass: float
    blur_um: float
    sharpest_um: float
    motion_um: float

    @property
    def field_um2(self) -> float:
        """Area of the whole picture; 0 where nothing in it is stained."""
        return self.stained_um2 / (1.0 - self.glass) if self.glass < 1.0 else 0.0


_WORK_UM: Final = 0.25
"""Coarsest scale to which a picture is reduced for this, um/px."""

_DEEPEST_SHADE: Final = 0.75
"""Brightness of a corner against the middle in the worst vignetting that is still light."""

_TILE_PX: Final = 128
"""Side of a tile, about 32 um: nine of them hold some hundred red cells of a usual smear, and a
share of the picture that grows no further with its size."""

_TILES: Final = 3

_WHOLE_PX: Final = 384
"""A picture no larger than this, reduced, is looked at whole."""


def assess(
    rgb: NDArray[np.uint8], um_per_px: float, settings: QualitySettings | None = None
) -> Quality:
    """Judge one field.

    Args:
        rgb: uint8 (height, width, 3).
        um_per_px: Its scale.
        settings: Limits; the defaults where left out.
    """
    limits = settings or QualitySettings()
    measures = measure_quality(rgb, um_per_px)
    trouble = _find_trouble(measures, limits)
    blur = measures.blur_um
    return Quality(
        usable=trouble is None,
        trouble=trouble,
        advice=trouble.advice if trouble else NO_ADVICE,
        sharpness=1.0 / blur if isfinite(blur) and blur > 0 else 0.0,
        measures=measures,
    )


def _find_trouble(m: Measures, limits: QualitySettings) -> Trouble | None:
    """The trouble to mend first: light, then whether there is anything, then focus."""
    if m.light < limits.min_light:
        return Trouble.TOO_DARK
    if m.clipped > limits.max_clipped:
        return Trouble.SATURATED
    if m.contrast < limits.min_contrast or m.stained_um2 < limits.min_cells_um2:
        return Trouble.TOO_EMPTY
    if not isfinite(m.sharpest_um) or m.sharpest_um > limits.max_blur_um:
        return Trouble.OUT_OF_FOCUS
    if m.motion_um > limits.max_motion_um:
        return Trouble.MOVING
    if m.blur_um > limits.max_blur_um:
        return Trouble.OUT_OF_FOCUS
    if m.glass < limits.min_glass:
        return Trouble.TOO_CROWDED
    return None


def measure_quality(rgb: NDArray[np.uint8], um_per_px: float) -> Measures:
    """Measure light, stain, crowding and edges of one field.

    Args:
        rgb: uint8 (height, width, 3).
        um_per_px: Its scale.
    """
    factor = max(1, int(_WORK_UM / um_per_px + 0.01))
    factor = min(factor, max(1, min(rgb.shape[:2]) // 32))
    tiles = _tiles(rgb, factor)
    scale = um_per_px * factor
    grey = np.ascontiguousarray(tiles[..., 1])
    green = calm(grey, scale)
    stain = _stain(green)
    sparse = tiles[:, ::2, ::2]
    red, middle, blue = (sparse[..., c] for c in range(3))
    brightest = np.maximum(np.maximum(red, middle), blue)
    levels = np.bincount(brightest.ravel(), minlength=256)
    light = weighted_percentiles(np.arange(256.0), levels, (95.0,))[0]
    clipped = np.minimum(np.minimum(red, middle), blue) >= 253
    edges = measure_edges(green, scale, slope_noise(grey, scale))
    return Measures(
        light=light / 255.0,
        clipped=float(np.count_nonzero(clipped) / clipped.size),
        contrast=stain.contrast,
        stained_um2=stain.share * rgb.shape[0] * rgb.shape[1] * um_per_px**2,
        glass=1.0 - stain.share,
        blur_um=edges.typical_um,
        sharpest_um=_sharpest(edges),
        motion_um=edges.motion_um,
    )


@dataclass(frozen=True)
class _Stain:
    """How dark the darkest part is against the glass, and the share clearly darker than glass."""

    contrast: float
    share: float


def _stain(green: Sequence[CalmTile]) -> _Stain:
    """Told from the tiles' histograms alone."""
    values = np.stack([tile.values for tile in green])
    counts = np.stack([histogram(tile.levels) for tile in green])
    dark = 1.0 - values / _glass_levels(values, counts)[:, None]
    order = np.argsort(dark, axis=None)
    contrast = weighted_percentiles(dark.ravel()[order], counts.ravel()[order], (99.8,))[0]
    stained = dark > max(0.4 * min(contrast, 0.3), 0.02)
    return _Stain(contrast, float(counts[stained].sum() / counts.sum()))


def _glass_levels(values: Floats, counts: NDArray[np.int64]) -> Floats:
    """Brightness of the glass in each tile: corners in the shade of the optics are not stained.

    A tile without any glass takes what is usual for the picture, as far as shade can explain it.

    Args:
        values: float32 (tiles, 256), grey at each level.
        counts: Pixels of each level.
    """
    order = np.argsort(values, axis=None)
    usual = weighted_percentiles(values.ravel()[order], counts.ravel()[order], (97.0,))[0]
    (own,) = row_percentiles(values, counts, (97.0,))
    levels: Floats = np.maximum(np.maximum(own, _DEEPEST_SHADE * usual), 1.0).astype(np.float32)
    return levels


def _sharpest(edges: EdgeWidths) -> float:
    """Mean width of the two sharpest directions."""
    known = np.sort(edges.across_um[np.isfinite(edges.across_um)])
    return float(known[:2].mean()) if known.size else float("nan")


def _tiles(rgb: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """The picture reduced, or nine tiles spread over it: uint8 (tiles, height, width, 3)."""
    height, width = rgb.shape[:2]
    if max(height, width) <= _WHOLE_PX * factor:
        return reduced(rgb, factor)[None]
    side = _TILE_PX * factor
    tall, wide = min(side, height), min(side, width)
    tops = sorted({int(v) for v in np.linspace(0, height - tall, _TILES)})
    lefts = sorted({int(v) for v in np.linspace(0, width - wide, _TILES)})
    cut = [reduced(rgb[t : t + tall, x : x + wide], factor) for t in tops for x in lefts]
    return np.stack(cut)
