"""Nuclei in a map of nuclear stain: threshold, part what touches, join what is one nucleus."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from math import pi, sqrt
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.imaging.components import Mask, fill_small_holes, label_with_extents
from edge.imaging.known_ground import KnownGround
from edge.imaging.parting import Part, PartingSettings, part_pressed
from edge.imaging.sharpness import percentile
from edge.imaging.stain_map import StainMap

WORK_OF_PIECE: Final = 700
"""What a piece to be parted costs however small it is, in pixels of a piece."""

_BODY_REACH_UM: Final = 16.0
"""How far around two pieces their common body is looked at; white cells are at most this wide
beyond their nuclei."""


@dataclass(frozen=True)
class NucleusSettings:
    """Shapes and sizes of nuclei, in um; the defaults were fitted to seven sources.

    Attributes:
        pale_floor, stain_floor, stain_ceiling: Bounds of the stain threshold: noise of pale red
            cells reaches the first, strongly stained ones the second, pale blast nuclei the third.
        floor_share: The floor lies between the first two, at this share of what the dark tenth of
            the stained part shows.
        speck_um2: Smaller pieces are dirt.
        part_from_um2: Larger pieces are looked at more closely for nuclei pressed together.
        plain_um2, plain_unfilled, plain_long: A piece below this area that leaves less than that
            share of its ellipse unfilled and is not that much longer than wide is one nucleus.
        outline_share: Share of the threshold that still belongs to a piece on the closer look,
            where thin pale rims and seams show.
        texture_um2: Pale spots up to this size are chromatin or nucleoli, no seam.
        lobe_um2: Only a piece below this can be the lobe of a nucleus in several pieces.
        lobe_gap_um: Widest gap between lobes of one nucleus.
        lobed_um2, lobed_span_um: Largest area and length of a nucleus in several pieces.
        wide_body, wide_factor: Where the cell between two pieces is wider than ``wide_body``
            times the larger piece, they lie in one body rather than in two that touch, and the
            limits of area and length above are borne ``wide_factor`` times.
        pale_um2: A spot of the body up to this size that is as pale as glass is cytoplasm, and
            does not end the body: the middle between two lobes often lies in one.
        parting: How pieces of several nuclei are parted.
    """

    pale_floor: float = 0.25
    stain_floor: float = 0.42
    stain_ceiling: float = 0.95
    floor_share: float = 0.45
    speck_um2: float = 3.0
    part_from_um2: float = 60.0
    plain_um2: float = 200.0
    plain_unfilled: float = 0.06
    plain_long: float = 1.3
    outline_share: float = 0.7
    texture_um2: float = 5.0
    lobe_um2: float = 44.0
    lobe_gap_um: float = 4.0
    lobed_um2: float = 140.0
    lobed_span_um: float = 16.0
    wide_body: float = 1.2
    wide_factor: float = 1.5
    pale_um2: float = 12.0
    parting: PartingSettings = field(default_factory=PartingSettings)


@dataclass(frozen=True)
class Nucleus:
    """One nucleus, all lobes.

    Attributes:
        y, x: intp (n,), its pixels.
        area_um2: Its area.
        stain: Mean nuclear stain.
        known: It lies in ground that was searched before, and may be several that touch.
    """

    y: NDArray[np.intp]
    x: NDArray[np.intp]
    area_um2: float
    stain: float
    known: bool = False


def find_nuclei(
    map_: StainMap,
    cells: Mask,
    min_area_um2: float,
    settings: NucleusSettings | None = None,
    known: KnownGround | None = None,
) -> Generator[int, None, list[Nucleus]]:
    """Nuclei of at least ``min_area_um2`` in a map of nuclear stain, a piece at a time.

    Args:
        map_: Stain of the picture, reduced to about 0.5 to 1 um/px.
        cells: bool, as the map: where the picture is not background.
        min_area_um2: Smallest nucleus.
        settings: Shapes and sizes of nuclei.
        known: Ground of the map in which nothing is looked for: what lies there is only named.

    Yields:
        Work done since the last time: pixels of the piece that was parted.
    """
    settings = settings or NucleusSettings()
    stain, um_per_px = map_.stain, map_.um_per_px
    threshold = stain_threshold(stain, cells, settings)
    pixel_um2 = um_per_px**2
    pieces = yield from _pieces(map_, threshold, settings, known)
    groups = _joined([piece.pixels for piece in pieces if piece.seen], cells, um_per_px, settings)
    whole = [[pieces[i] for i in group] for group in groups]
    whole += [[piece] for piece in pieces if not piece.seen]
    nuclei = []
    for group in whole:
        y, x = _together([piece.pixels for piece in group])
        if y.size * pixel_um2 >= min_area_um2:
            area_um2, mean = y.size * pixel_um2, float(stain[y, x].mean())
            nuclei.append(Nucleus(y, x, area_um2, mean, not any(piece.new for piece in group)))
    return nuclei


def stain_threshold(stain: NDArray[np.float32], cells: Mask, settings: NucleusSettings) -> float:
    """Stain that parts nuclei from red cells and cytoplasm in this picture.

    Well above what most of the cells' area shows (red cells, or cytoplasm), and half of what the
    well stained part of the nuclei shows, within bounds: a picture without white cells yields no
    nuclei rather than its darkest red cells. In a pale stain all of this moves down together.

    Args:
        stain: float32 (height, width).
        cells: Where the picture is not background.
    """
    # Every seventh pixel is enough for a median.
    sample = stain.ravel()[::7]
    common = sample[cells.ravel()[::7] & (sample < 0.75)]
    level = percentile(common, 50.0) if common.size else 0.0
    floor = _floor(sample, settings)
    offset = 0.1 * floor / settings.stain_floor
    low = min(max(1.6 * level + offset, floor), settings.stain_ceiling)
    stained = stain[stain > low]
    if stained.size == 0:
        return low
    half = 0.5 * percentile(stained, 80.0)
    return min(max(half, low), settings.stain_ceiling)


def _floor(sample: NDArray[np.float32], settings: NucleusSettings) -> float:
    """The least stain that a nucleus has, by how strongly this picture is stained at all."""
    stained = sample[sample > settings.pale_floor]
    if stained.size == 0:
        return settings.pale_floor
    strong = settings.floor_share * percentile(stained, 90.0)
    return min(max(strong, settings.pale_floor), settings.stain_floor)


_Pixels = tuple[NDArray[np.intp], NDArray[np.intp]]


class _Piece(NamedTuple):
    """A part of the map that is as dark as nuclei.

    Attributes:
        pixels: y and x of each.
        seen: It was looked into; pieces that were come first.
        new: It may belong to a cell that was never shown whole before.
    """

    pixels: _Pixels
    seen: bool
    new: bool


def _pieces(
    map_: StainMap, threshold: float, settings: NucleusSettings, known: KnownGround | None
) -> Generator[int, None, list[_Piece]]:
    """Each piece of the map, touching nuclei parted, specks dropped."""
    labels, size = label_with_extents(map_.stain > threshold)
    pixel_um2 = map_.um_per_px**2
    hole_px = int(settings.texture_um2 / pixel_um2)
    pieces: list[_Piece] = []
    wanted = np.flatnonzero(size.area * pixel_um2 >= settings.speck_um2)
    new = seen = np.ones(wanted.size, dtype=np.bool_)
    if known is not None:
        boxes = np.stack([size.left, size.top, size.right, size.bottom], axis=1)[wanted]
        new, beside = known.news(boxes)
        seen = new | beside
    for at in np.argsort(~seen, kind="stable"):
        i = wanted[at]
        rows, columns = slice(size.top[i], size.bottom[i]), slice(size.left[i], size.right[i])
        own = fill_small_holes(labels[rows, columns] == i + 1, hole_px)
        masks = [own]
        large = size.area[i] * pixel_um2 > settings.part_from_um2
        if seen[at] and large and not _is_plain(own, map_, settings):
            parts = _parted(own, map_.closer(rows, columns), map_, threshold, settings)
            masks = [parts == part for part in range(1, int(parts.max()) + 1)]
            yield WORK_OF_PIECE + own.size
        for mask in masks:
            y, x = np.nonzero(mask)
            pixels = y + size.top[i], x + size.left[i]
            pieces.append(_Piece(pixels, bool(seen[at]), bool(new[at])))
    return pieces


def _is_plain(own: Mask, map_: StainMap, settings: NucleusSettings) -> bool:
    """Whether a piece is so round and whole that it can only be one nucleus."""
    piece = Part.of(*np.nonzero(own))
    unfilled, long = piece.shape()
    small = piece.area * map_.um_per_px**2 < settings.plain_um2
    return small and unfilled < settings.plain_unfilled and long < settings.plain_long


def _parted(
    own: Mask,
    closer: NDArray[np.float32],
    map_: StainMap,
    threshold: float,
    settings: NucleusSettings,
) -> NDArray[np.int32]:
    """Number the nuclei of one piece, looked at more closely; int32 like ``own``, 1..n inside."""
    detail = map_.detail
    fine_um = map_.um_per_px / detail
    enlarged = own.repeat(detail, axis=0).repeat(detail, axis=1)
    inside = enlarged & (closer > settings.outline_share * threshold)
    inside = fill_small_holes(inside, int(settings.texture_um2 / fine_um**2))
    numbers = part_pressed(inside, closer, fine_um, settings.parting)
    parts = numbers[detail // 2 :: detail, detail // 2 :: detail] * own
    if not parts.any():
        return own.astype(np.int32)
    _spread(parts, own)
    dense = np.zeros(int(numbers.max()) + 1, dtype=np.int32)
    found = np.unique(parts[own])
    dense[found] = np.arange(1, found.size + 1)
    return np.where(own, dense[parts], np.int32(0))


def _spread(owner: NDArray[np.int32], region: Mask) -> None:
    """Give every unowned pixel of the region to an owner next to it, in place."""
    height, width = owner.shape
    framed = np.zeros((height + 2, width + 2), dtype=np.int32)
    while True:
        open_ = region & (owner == 0)
        if not open_.any():
            return
        np.multiply(owner, region, out=framed[1:-1, 1:-1])
        columns = np.maximum(np.maximum(framed[:-2], framed[1:-1]), framed[2:])
        best = np.maximum(np.maximum(columns[:, :-2], columns[:, 1:-1]), columns[:, 2:])
        take = open_ & (best > 0)
        owner[take] = best[take]


def _joined(
    pieces: list[_Pixels], cells: Mask, um_per_px: float, settings: NucleusSettings
) -> list[list[int]]:
    """Groups of pieces that are one nucleus: lobes joined, nearest first."""
    groups = [[i] for i in range(len(pieces))]
    where = list(range(len(pieces)))
    for _, i, j in sorted(_near_pairs(pieces, um_per_px, settings.lobe_gap_um)):
        a, b = where[i], where[j]
        if a == b:
            continue
        one = _together([pieces[m] for m in groups[a]])
        other = _together([pieces[m] for m in groups[b]])
        if _are_lobes(one, other, cells, um_per_px, settings):
            groups[a] += groups[b]
            groups[b] = []
            for m in groups[a]:
                where[m] = a
    return [g for g in groups if g]


def _together(pieces: list[_Pixels]) -> _Pixels:
    """All pixels of some pieces."""
    return np.concatenate([p[0] for p in pieces]), np.concatenate([p[1] for p in pieces])


def _are_lobes(
    one: _Pixels, other: _Pixels, cells: Mask, um_per_px: float, settings: NucleusSettings
) -> bool:
    """Whether two near pieces are lobes of one nucleus, by their size and the cell around."""
    areas = sorted(piece[0].size * um_per_px**2 for piece in (one, other))
    span_um = _span_px(_together([one, other])) * um_per_px

    def within(factor: float) -> bool:
        return bool(
            areas[0] <= settings.lobe_um2 * factor
            and sum(areas) <= settings.lobed_um2 * factor
            and span_um <= settings.lobed_span_um * factor
        )

    # The body is looked at only where it decides.
    if within(1.0) or not within(settings.wide_factor):
        return within(1.0)
    larger_um = 2.0 * sqrt(areas[1] / pi)
    body_um = _body_between(one, other, cells, um_per_px, settings.pale_um2)
    return body_um > settings.wide_body * larger_um


def _body_between(
    one: _Pixels, other: _Pixels, cells: Mask, um_per_px: float, pale_um2: float
) -> float:
    """Width in um of the body across the middle between two pieces, its pale spots filled."""
    y, x = _together([one, other])
    around = round(_BODY_REACH_UM / um_per_px)
    top, left = max(0, int(y.min()) - around), max(0, int(x.min()) - around)
    window = cells[top : int(y.max()) + 1 + around, left : int(x.max()) + 1 + around]
    window = fill_small_holes(window, int(pale_um2 / um_per_px**2))
    near = (one[0] - top, one[1] - left), (other[0] - top, other[1] - left)
    return _width_between(*near, window) * um_per_px


def _width_between(one: _Pixels, other: _Pixels, cells: Mask) -> float:
    """Width in pixels of what is not background, across the middle between two pieces."""
    a = np.array([one[0].mean(), one[1].mean()])
    b = np.array([other[0].mean(), other[1].mean()])
    middle, along = (a + b) / 2, b - a
    across = np.array([-along[1], along[0]]) / max(1e-6, float(np.hypot(*along)))
    width = 0.0
    for side in (-1.0, 1.0):
        steps = np.arange(0.0, 60.0, 0.5)
        points = np.rint(middle + side * steps[:, None] * across).astype(int)
        inside = (points >= 0).all(axis=1) & (points < cells.shape).all(axis=1)
        points = points[inside]
        filled = cells[points[:, 0], points[:, 1]]
        width += 0.5 * (filled.size if filled.all() else int(np.argmin(filled)))
    return width


def _near_pairs(
    pieces: list[_Pixels], um_per_px: float, reach_um: float
) -> list[tuple[float, int, int]]:
    """(gap in um, i, j) of all pairs nearer than ``reach_um``."""
    if len(pieces) < 2:
        return []
    low = np.array([[y.min(), x.min()] for y, x in pieces], dtype=np.float64)
    high = np.array([[y.max(), x.max()] for y, x in pieces], dtype=np.float64)
    near = _near_boxes(low * um_per_px, high * um_per_px, reach_um + um_per_px)
    rims = {i: _rim(pieces[i]) for i in {i for pair in near for i in pair}}
    pairs = []
    for i, j in near:
        (ya, xa), (yb, xb) = rims[i], rims[j]
        squared = (ya[:, None] - yb[None]) ** 2 + (xa[:, None] - xb[None]) ** 2
        gap_um = (float(np.sqrt(squared.min())) - 1.0) * um_per_px
        if gap_um <= reach_um:
            pairs.append((gap_um, i, j))
    return pairs


def _near_boxes(
    low: NDArray[np.float64], high: NDArray[np.float64], reach: float
) -> list[tuple[int, int]]:
    """Pairs i < j of boxes (n, 2) that are not further apart than ``reach`` along either axis.

    Boxes are swept from top to bottom: each is held only against those that begin before it ends.
    """
    order = np.argsort(low[:, 0], kind="stable")
    ends = np.searchsorted(low[order, 0], high[order, 0] + reach, side="right")
    pairs = []
    for at, end in enumerate(ends):
        others = order[at + 1 : end]
        i = order[at]
        apart = np.maximum(low[others, 1] - high[i, 1], low[i, 1] - high[others, 1])
        pairs += [(int(min(i, j)), int(max(i, j))) for j in others[apart <= reach]]
    return sorted(pairs)


def _rim(piece: _Pixels) -> _Pixels:
    """The pixels of a piece with a side on its outside: no other is nearest to another piece."""
    y, x = piece
    top, left = int(y.min()), int(x.min())
    mask = np.zeros((int(y.max()) - top + 3, int(x.max()) - left + 3), dtype=np.bool_)
    mask[y - top + 1, x - left + 1] = True
    within = mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
    rim = ~within[y - top, x - left]
    return y[rim], x[rim]


def _span_px(piece: _Pixels) -> float:
    """Longest length of a piece along eight directions."""
    y, x = piece
    angles = np.arange(8) * (np.pi / 8)
    along = x[None] * np.cos(angles)[:, None] + y[None] * np.sin(angles)[:, None]
    return float((along.max(axis=1) - along.min(axis=1)).max()) + 1.0
