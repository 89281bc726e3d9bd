"""White-cell candidates in a field: where each cell lies and how large it is.

On a picture reduced to about 0.8 um/px: nuclei by their stain, lobes of one nucleus joined and
touching nuclei parted (nuclei.py), red cells that lie on each other told from them by their colour
(red_overlaps.py), cytoplasm grown around each, and what is too small or too pale for a white cell
refused.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.imaging.bodies import body_of, plasma_mask, territory_of, typical_density
from edge.imaging.components import Mask
from edge.imaging.known_ground import Ground, KnownGround, is_known
from edge.imaging.nuclei import Nucleus, find_nuclei
from edge.imaging.red_overlaps import without_red_cells
from edge.imaging.stain_map import StainMap

_MAP_PIXELS: Final = 12
"""So many pixels of the reduced picture cost as much as one of a piece that is parted."""

_WORK_OF_CELL: Final = 180
"""What the cell around a nucleus costs, in pixels of such a piece."""


@dataclass(frozen=True)
class LocateSettings:
    """What is taken for a white cell.

    Attributes:
        working_um_per_px: Scale worked at; the picture is reduced by a whole number to just
            below it.
        min_nucleus_um2: Smallest nucleus; platelets are below it.
        cytoplasm_um: How far around the nucleus cytoplasm is looked for.
        eccentric_um: The same where the cell stands free of its neighbours.
        cut_chord_um: A cell whose nucleus lies along the picture's border for at least this
            length is cut.
        reach_um: How far a cell of several lobes may reach from one of them: where ground was
            searched before, whatever is dark and lies so deep in it is not looked into again.
        widest_um: Widest nucleus.
        slack_um: So much new ground at the border of what was searched holds no whole cell.
    """

    working_um_per_px: float = 0.8
    min_nucleus_um2: float = 14.0
    cytoplasm_um: float = 4.0
    eccentric_um: float = 6.5
    cut_chord_um: float = 4.0
    reach_um: float = 18.0
    widest_um: float = 24.0
    slack_um: float = 2.0


@dataclass(frozen=True)
class Candidate:
    """A located cell, not yet judged.

    Attributes:
        left_px, top_px, width_px, height_px: Box around the cell (nucleus and cytoplasm), in
            pixels of the picture given, origin at the picture's left top corner.
        area_um2: Area of nucleus and cytoplasm.
        nucleus_area_um2: Area of the nucleus, all lobes.
        cut: A real part of it lies beyond the picture's border.
        nucleus_px: Centroid (x, y) of the nucleus, all lobes; None where it is not known.
    """

    left_px: float
    top_px: float
    width_px: float
    height_px: float
    area_um2: float
    nucleus_area_um2: float
    cut: bool
    nucleus_px: tuple[float, float] | None = None

    @property
    def anchor_px(self) -> tuple[float, float]:
        """The point by which the cell is known again: its nucleus, however much of its neighbours
        the box takes in from one view to the next."""
        return self.centre_px if self.nucleus_px is None else self.nucleus_px

    @property
    def centre_px(self) -> tuple[float, float]:
        """The box's centre (x, y)."""
        return self.left_px + self.width_px / 2, self.top_px + self.height_px / 2


def locate(
    rgb: NDArray[np.uint8],
    um_per_px: float,
    include_cut: bool = False,
    settings: LocateSettings | None = None,
) -> list[Candidate]:
    """White cells of a field, in reading order of their centres.

    Args:
        rgb: uint8 (height, width, 3).
        um_per_px: Scale of ``rgb``; 20% of error is borne.
        include_cut: Also give cells cut by the border.
        settings: What is taken for a white cell.

    Raises:
        ValueError: ``um_per_px`` is not a positive finite number, or ``rgb`` is no RGB picture.
    """
    return Search(rgb, um_per_px, include_cut, settings).finish()


def nothing_new(
    rgb: NDArray[np.uint8],
    um_per_px: float,
    known: Sequence[Ground],
    settings: LocateSettings | None = None,
) -> bool:
    """Whether a search with this ``known`` could find nothing, whatever the picture shows.

    Args: as of ``Search``.
    """
    settings = settings or LocateSettings()
    height, width = rgb.shape[:2]
    around = (settings.reach_um + settings.widest_um / 2) / um_per_px
    return is_known(known, width, height, around, settings.slack_um / um_per_px)


class Search:
    """``locate`` in portions: a crowded field costs several times an empty one, and whoever
    follows a hand does not wait for all of it at once.

    Args, and what is raised: as of ``locate``, and

    Args:
        known: Parts of the picture that were searched before: cells that lie whole in one of them
            are not looked for.
    """

    def __init__(
        self,
        rgb: NDArray[np.uint8],
        um_per_px: float,
        include_cut: bool = False,
        settings: LocateSettings | None = None,
        known: Sequence[Ground] = (),
    ) -> None:
        if not (np.isfinite(um_per_px) and um_per_px > 0):
            raise ValueError(f"um_per_px must be a positive number, not {um_per_px}")
        if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8:
            raise ValueError(f"rgb must be uint8 (height, width, 3), not {rgb.dtype} {rgb.shape}")
        self._steps = _search(rgb, um_per_px, include_cut, settings or LocateSettings(), known)

    def go_on(self, work: int) -> list[Candidate] | None:
        """Search on until so much work is done, in pixels of a piece that is parted.

        Work is counted, not timed: a portion is the same on every machine and in every run.

        Returns:
            What ``locate`` gives; None where more is left to do.
        """
        done = 0
        while done < work:
            try:
                done += next(self._steps)
            except StopIteration as end:
                found: list[Candidate] = end.value
                return found
        return None

    def finish(self) -> list[Candidate]:
        """All that is left at once."""
        while (found := self.go_on(1 << 62)) is None:
            pass
        return found


def _search(
    rgb: NDArray[np.uint8],
    um_per_px: float,
    include_cut: bool,
    settings: LocateSettings,
    known: Sequence[Ground],
) -> Generator[int, None, list[Candidate]]:
    """The steps of a search: each yields the work it was."""
    factor = max(1, int(settings.working_um_per_px / um_per_px))
    map_ = StainMap.of(rgb, um_per_px, factor)
    density, scale = map_.density, map_.um_per_px
    cells_mask = density[1] > 0.12
    yield cells_mask.size // _MAP_PIXELS
    ground = KnownGround(
        np.array(known, dtype=np.float64).reshape(-1, 4) / factor,
        (cells_mask.shape[0], cells_mask.shape[1]),
        settings.reach_um / scale,
        settings.slack_um / scale,
    )
    nuclei = yield from find_nuclei(map_, cells_mask, settings.min_nucleus_um2, known=ground)
    nuclei = without_red_cells(nuclei, density, cells_mask)
    claimed = np.zeros(cells_mask.shape, dtype=np.int32)
    for number, nucleus in enumerate(nuclei, start=1):
        claimed[nucleus.y, nucleus.x] = number
    typical = typical_density(density, cells_mask, claimed > 0)
    field = _Field(map_, cells_mask, claimed, typical, settings)
    cells = []
    for number, nucleus in enumerate(nuclei, start=1):
        if nucleus.known:
            continue
        yield _WORK_OF_CELL
        cells.append(_candidate(nucleus, number, field))
    cells = [cell for cell in cells if include_cut or not cell.cut]
    return sorted(cells, key=lambda cell: cell.centre_px[::-1])


@dataclass(frozen=True)
class _Field:
    """What lies around nuclei.

    Attributes:
        map_: Stain of the picture, reduced.
        cells: bool, as the map: where the picture is not background.
        claimed: int32, as the map: number of the nucleus of each pixel; 0 where there is none.
        typical: From ``typical_density``.
        settings: What is taken for a white cell.
    """

    map_: StainMap
    cells: Mask
    claimed: NDArray[np.int32]
    typical: NDArray[np.float32] | None
    settings: LocateSettings


def _candidate(nucleus: Nucleus, number: int, field: _Field) -> Candidate:
    """The cell around one nucleus."""
    claimed, settings = field.claimed, field.settings
    scale, factor, shape = field.map_.um_per_px, field.map_.factor, field.map_.rgb.shape
    height, width = claimed.shape
    reach = round(settings.cytoplasm_um / scale)
    thin = max(1, round(1.0 / scale))
    wide = round(settings.eccentric_um / scale)
    top, bottom = max(0, nucleus.y.min() - wide), min(height, nucleus.y.max() + 1 + wide)
    left, right = max(0, nucleus.x.min() - wide), min(width, nucleus.x.max() + 1 + wide)
    window = (slice(top, bottom), slice(left, right))
    own = claimed[window] == number
    nuclei, near = claimed[window] > 0, field.cells[window]
    territory = territory_of(own, nuclei & ~own, wide)
    density = field.map_.density[:, window[0], window[1]]
    plasma = plasma_mask(density, near & ~nuclei, field.typical)
    body = body_of(own, plasma & territory, near & territory, reach, thin)
    y, x = np.nonzero(body)
    x0, x1 = (left + x.min()) * factor, min((left + x.max() + 1) * factor, shape[1])
    y0, y1 = (top + y.min()) * factor, min((top + y.max() + 1) * factor, shape[0])
    return Candidate(
        float(x0),
        float(y0),
        float(x1 - x0),
        float(y1 - y0),
        float(y.size * scale**2),
        nucleus.area_um2,
        _is_cut(nucleus, claimed.shape, scale, settings.cut_chord_um),
        (
            (float(nucleus.x.mean()) + 0.5) * factor,
            (float(nucleus.y.mean()) + 0.5) * factor,
        ),
    )


def _is_cut(nucleus: Nucleus, shape: tuple[int, ...], scale: float, chord_um: float) -> bool:
    """Whether the nucleus lies along a border for at least a chord's length."""
    longest = max(
        np.count_nonzero(nucleus.y == 0),
        np.count_nonzero(nucleus.x == 0),
        np.count_nonzero(nucleus.y == shape[0] - 1),
        np.count_nonzero(nucleus.x == shape[1] - 1),
    )
    return bool(longest * scale >= chord_um)
