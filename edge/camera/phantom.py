"""A rendered smear under a hand: a camera whose every cell and every step is known."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from edge.camera.frame import Frame, RgbImage
from edge.camera.hand import HandSettings, Pose, walk
from edge.camera.smear.layout import Layout, Placed
from edge.camera.smear.mosaic import Mosaic
from edge.camera.smear.recipe import KINDS, REFERENCE_FIELD_UM2, SmearSettings, with_blasts
from edge.camera.smear.sensor import Exposure
from edge.camera.smear.stain import varied_stain
from edge.camera.smear.truth import TrueCell, TrueFrame, Truth
from edge.closing import Closing
from edge.errors import SourceUnknown

_MAX_VIEWS = 4
"""Views added up for one frame in motion."""

PHANTOM_HAND = HandSettings(
    peak_step=0.33,
    exposure_share=0.03,
    overlap=0.12,
    pause_frames=(1, 2),
    tremor_px=0.5,
    creep_px=0.4,
    look_back=0.04,
)
"""A practised hand that does not linger, so that an examination is rendered in seconds."""


@dataclass(frozen=True)
class PhantomSettings:
    """How a smear is looked at.

    Attributes:
        viewport_px: Width and height of a frame.
        um_per_px: Scale of the frames.
        seed: The same seed gives the same slide, way and noise.
        frames: End after so many frames at the latest; None: when the way is done.
        least_white_cells: The way is made long enough to pass this many white cells, if there
            are any, ...
        least_fields: ... and to cover the area of this many frames at least.
        most_fields: ... but not more than this many, however few cells there are.
    """

    viewport_px: tuple[int, int] = (1280, 960)
    um_per_px: float = 0.2
    seed: int = 0
    frames: int | None = None
    least_white_cells: int = 275
    least_fields: float = 20.0
    most_fields: float = 60.0

    def __post_init__(self) -> None:
        if min(self.viewport_px) < 64 or max(self.viewport_px) > 8192:
            raise ValueError("viewport_px must lie in 64 to 8192")
        if not 0.04 <= self.um_per_px <= 0.5:
            raise ValueError("um_per_px must lie in 0.04 to 0.5")
        if self.seed < 0 or (self.frames is not None and self.frames < 1):
            raise ValueError("seed cannot be negative, frames must be at least 1")
        if not 1 <= self.least_fields <= self.most_fields or self.least_white_cells < 0:
            raise ValueError("least_fields must lie in 1 to most_fields")


class PhantomCamera(Closing):
    """A camera over a rendered smear, moved by the model of a hand; it ends by itself.

    Args:
        kind: Name of the smear; keeps slides of the same seed apart.
        smear: What it is made of.
        settings: How it is looked at.
        hand: The hand that moves it.
    """

    continuous = True

    def __init__(
        self,
        kind: str,
        smear: SmearSettings,
        settings: PhantomSettings | None = None,
        hand: HandSettings = PHANTOM_HAND,
    ) -> None:
        self._smear = smear
        self._settings = settings or PhantomSettings()
        self._hand = hand
        self._name = kind
        seed = self._settings.seed
        rng = np.random.default_rng([seed, *kind.encode()])
        self._stain = varied_stain(rng, smear.stain_spread)
        self._layout = Layout(smear, kind, seed)
        self._mosaic = Mosaic(
            self._layout,
            smear,
            self._settings.um_per_px,
            self._stain,
            smear.optics,
            int(rng.integers(1 << 31)),
        )
        self._light_seed = int(rng.integers(1 << 31))
        self._ground_px = self._choose_ground()
        self._path = self._choose_path()
        self._closed = False

    @property
    def length(self) -> int:
        """Number of frames until the end."""
        return len(self._path)

    @cached_property
    def truth(self) -> Truth:
        """All that is known of this examination."""
        pitch = self._settings.um_per_px
        views = [self._views(pose) for pose in self._path]
        frames = tuple(
            TrueFrame(
                sum(x for x, _ in corners) / len(corners) * pitch,
                sum(y for _, y in corners) / len(corners) * pitch,
                pose.smear_px * pitch,
            )
            for corners, pose in zip(views, self._path, strict=True)
        )
        return Truth(
            cells=self._cells_seen(frames),
            frames=frames,
            um_per_px=pitch,
            red_cell_um=self._smear.red_cell_um,
            stain=self._stain,
            optics=self._smear.optics,
            tint=self._exposure.tint,
        )

    def frames(self) -> Iterator[Frame]:
        """Frames of the whole way, as fast as they are taken; their times are those of the hand."""
        for number in range(self.length):
            if self._closed:
                return
            yield Frame(
                self.render(number), number * self._hand.frame_interval_s, number, self._name
            )

    def render(self, number: int) -> RgbImage:
        """One frame of the way, uint8, shape (height, width, 3)."""
        width, height = self._settings.viewport_px
        views = self._views(self._path[number])
        left, top = min(x for x, _ in views), min(y for _, y in views)
        right, bottom = max(x for x, _ in views), max(y for _, y in views)
        light = self._mosaic.view(left, top, right - left + width, bottom - top + height)
        if len(views) == 1:
            return self._exposure.develop(light, number)
        gathered = np.zeros((height, width, 3), dtype=np.float32)
        for x, y in views:
            gathered += light[y - top : y - top + height, x - left : x - left + width]
        gathered /= np.float32(len(views))
        return self._exposure.develop(gathered, number)

    def close(self) -> None:
        """Give no more frames."""
        self._closed = True

    @cached_property
    def _exposure(self) -> Exposure:
        return Exposure(self._smear.sensor, self._settings.viewport_px, self._light_seed)

    def _choose_ground(self) -> tuple[int, int]:
        """Width and height of what is walked over, pixels: enough cells, and about square."""
        settings = self._settings
        width, height = settings.viewport_px
        field_um2 = width * height * settings.um_per_px**2
        per_field = self._smear.white_cells_per_field * field_um2 / REFERENCE_FIELD_UM2
        wished = settings.least_white_cells / per_field if per_field else 0.0
        fields = min(max(wished, settings.least_fields), settings.most_fields)
        wide, high = (math.ceil(side * math.sqrt(fields)) for side in (width, height))
        # Chance may have put fewer cells there than expected: then go on a little further down.
        while (
            fields == wished
            and wide * (high + height // 4) <= settings.most_fields * width * height
            and len(self._whites_on((wide, high))) < settings.least_white_cells
        ):
            high += height // 4
        return wide, high

    def _whites_on(self, ground_px: tuple[int, int]) -> list[Placed]:
        """White cells that lie wholly on the ground."""
        pitch = self._settings.um_per_px
        wide, high = ground_px[0] * pitch, ground_px[1] * pitch
        return [
            cell
            for cell in self._layout.white_cells(0, 0, wide, high)
            if cell.kind != "smudge" and _inside(cell, 0, 0, wide, high)
        ]

    def _choose_path(self) -> list[Pose]:
        settings = self._settings
        path = list(walk(self._ground_px, settings.viewport_px, self._hand, settings.seed))
        return path[: settings.frames]

    def _views(self, pose: Pose) -> list[tuple[int, int]]:
        """Whole-pixel corners of the views that one exposure adds up; one alone at rest."""
        count = min(_MAX_VIEWS, math.ceil(pose.smear_px))
        shares = [(i + 0.5) / count - 0.5 for i in range(count)] if count > 1 else [0.0]
        return [
            (
                round(pose.x_px + pose.smear_x_px * share),
                round(pose.y_px + pose.smear_y_px * share),
            )
            for share in shares
        ]

    def _cells_seen(self, frames: tuple[TrueFrame, ...]) -> tuple[TrueCell, ...]:
        pitch = self._settings.um_per_px
        wide, high = (side * pitch for side in self._settings.viewport_px)
        corners = np.array([(frame.x_um, frame.y_um) for frame in frames])
        found = []
        ground = self._ground_px[0] * pitch, self._ground_px[1] * pitch
        for cell in self._layout.white_cells(0, 0, *ground):
            half = cell.diameter_um / 2
            x, y = cell.x_um - corners[:, 0], cell.y_um - corners[:, 1]
            seen = (x >= half) & (x <= wide - half) & (y >= half) & (y <= high - half)
            if seen.any():
                snap = self._mosaic.snap_um
                found.append(
                    TrueCell(cell.kind, snap(cell.x_um), snap(cell.y_um), cell.diameter_um)
                )
        return tuple(found)


def _inside(cell: Placed, left: float, top: float, right: float, bottom: float) -> bool:
    half = cell.diameter_um / 2
    return left + half <= cell.x_um <= right - half and top + half <= cell.y_um <= bottom - half


def open_phantom(
    kind: str,
    *,
    seed: int = 0,
    speed: float = 1.0,
    viewport_px: tuple[int, int] | None = None,
    frames: int | None = None,
    um_per_px: float | None = None,
    blast_share: float | None = None,
    defocus_um: float | None = None,
    white_cells_per_field: float | None = None,
    red_cells_per_field: float | None = None,
    red_cell_um: float | None = None,
    exposure: float | None = None,
    jpeg_quality: int | None = None,
) -> PhantomCamera:
    """Open ``phantom:KIND?key=value``; every option left out keeps the kind's own value.

    Args:
        kind: healthy, leukemic, defocused, empty, crowded, dark or red_only.
        seed: The same seed gives the same slide, way and noise.
        speed: Of the hand; 1 is a practised one.
        viewport_px: Width and height of a frame.
        frames: End after so many frames at the latest.
        um_per_px: Scale of the frames, 0.04 to 0.5.
        blast_share: Blasts among white cells, 0 to 1.
        defocus_um: Distance from the best focus, um.
        white_cells_per_field: In a field of 49,152 um2, 0 to 15.
        red_cells_per_field: In a field of 49,152 um2.
        red_cell_um: Mean diameter of red cells.
        exposure: Linear signal of the empty glass, 1 is full scale.
        jpeg_quality: Compress frames, 1 to 100.

    Raises:
        SourceUnknown: There is no such kind, or a value is out of its range.
    """
    if kind not in KINDS:
        raise SourceUnknown(
            f"There is no phantom {kind!r}.", f"Kinds are {', '.join(sorted(KINDS))}."
        )
    try:
        smear = _changed(
            KINDS[kind],
            blast_share,
            _given(
                white_cells_per_field=white_cells_per_field,
                red_cells_per_field=red_cells_per_field,
                red_cell_um=red_cell_um,
            ),
            _given(defocus_um=defocus_um),
            _given(exposure=exposure, jpeg_quality=jpeg_quality),
        )
        settings = PhantomSettings(
            **_given(viewport_px=viewport_px, um_per_px=um_per_px), seed=seed, frames=frames
        )
        return PhantomCamera(kind, smear, settings, replace(PHANTOM_HAND, speed=speed))
    except ValueError as error:
        raise SourceUnknown(
            f"The phantom {kind!r} cannot be made: {error}.", "Mend the option or leave it out."
        ) from error


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _changed(
    smear: SmearSettings,
    blast_share: float | None,
    content: dict[str, Any],
    optics: dict[str, Any],
    sensor: dict[str, Any],
) -> SmearSettings:
    mixed = smear if blast_share is None else with_blasts(smear, blast_share)
    return replace(
        mixed,
        **content,
        optics=replace(smear.optics, **optics),
        sensor=replace(smear.sensor, **sensor),
    )
