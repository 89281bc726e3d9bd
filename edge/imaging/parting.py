"""Nuclei pressed together, parted along the pale seams between them.

A piece is first cut into more basins than it has nuclei: hills of the distance to its outline and
to its seams. Then the two neighbours that most look like one nucleus are joined, again and again,
until no two do. What speaks against joining is a pale, straight seam along their whole border, a
short border (a neck), the size of what they would make together, and a shape that would not fill
an ellipse. Chromatin is as pale as a seam in places, but not along a whole border.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from math import hypot, log, pi, sqrt
from operator import mul
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.imaging.components import Mask, depth

Floats = NDArray[np.float32]
Labels = NDArray[np.int32]
Pair = tuple[int, int]

FEATURES: Final = ("seam", "neck", "smaller", "together", "unfilled", "long")
"""What is measured of two neighbours, see ``describe``."""


@dataclass(frozen=True)
class PartingSettings:
    """How pieces are cut and when two parts are one nucleus.

    Attributes:
        weights: Of ``FEATURES``, for two nuclei and against one. Fitted by ``python -m
            bench.parting`` on the marked fields named there.
        offset: Added to their sum.
        joined_below: Neighbours with a smaller sum are one nucleus; from the same fields.
        crumb_um2: A part smaller than this is no nucleus and always joined.
        seam: Paleness from which a line is taken for a seam when basins are made.
        seam_length_um: Length over which a seam is straight.
        seam_side_um: How far beside a seam it is darker.
        calm_um: Radius over which the hills are smoothed.
    """

    weights: tuple[float, ...] = (8.567, -0.241, 0.308, 1.533, 5.677, 0.848)
    offset: float = -1.836
    joined_below: float = 1.0
    crumb_um2: float = 25.0
    seam: float = 0.12
    seam_length_um: float = 4.0
    seam_side_um: float = 1.1
    calm_um: float = 0.6

    def __post_init__(self) -> None:
        if len(self.weights) != len(FEATURES):
            raise ValueError(f"weights must be {len(FEATURES)} numbers, one for each feature")


class Part(NamedTuple):
    """Moments of a part, in pixels: area and sums of x, y, x^2, y^2, xy."""

    area: float
    x: float
    y: float
    xx: float
    yy: float
    xy: float

    @classmethod
    def of(cls, y: NDArray[np.intp], x: NDArray[np.intp]) -> Part:
        """Moments of pixels."""
        return cls(y.size, *(float(v.sum()) for v in (x, y, x * x, y * y, x * y)))

    def together(self, other: Part) -> Part:
        """Both as one."""
        return Part(*(mine + its for mine, its in zip(self, other, strict=True)))

    @property
    def centre(self) -> tuple[float, float]:
        """Mean of x and y."""
        return self.x / self.area, self.y / self.area

    def shape(self) -> tuple[float, float]:
        """Share of the ellipse of the same moments that is not filled, and length over width."""
        x, y = self.centre
        # A pixel is a square, no point: each axis has a twelfth of its own.
        a, b = self.xx / self.area - x * x + 1 / 12, self.yy / self.area - y * y + 1 / 12
        spread = hypot((a - b) / 2, self.xy / self.area - x * y)
        long, short = (a + b) / 2 + spread, max((a + b) / 2 - spread, 1e-3)
        return max(0.0, 1.0 - self.area / (4 * pi * sqrt(long * short))), sqrt(long / short)


@dataclass
class Border:
    """The border of two parts: how many pixel sides long, and the sum of its seam."""

    sides: int
    seam: float


def part_pressed(
    own: Mask, stain: Floats, um_per_px: float, settings: PartingSettings | None = None
) -> Labels:
    """Number the nuclei of one piece.

    Args:
        own: bool (height, width), the piece, holes filled.
        stain: float32 of the same shape, nuclear stain.
        um_per_px: Scale of both, finer than 0.5 where seams are to be seen.

    Returns:
        int32 of the same shape: 0 outside, 1..n inside.
    """
    settings = settings or PartingSettings()
    graph = Graph.of(own, stain, um_per_px, settings)
    while graph.borders:
        doubt, pair = min((graph.doubt(pair, settings), pair) for pair in graph.borders)
        if doubt > settings.joined_below:
            break
        graph.join(*pair)
    return graph.labels()


def seams(stain: Floats, um_per_px: float, settings: PartingSettings) -> Floats:
    """How much paler than both its sides the best line through each pixel is, 0 to 1.

    Means along short lines of eight directions: chromatin averages out along them, a seam does not.
    """
    reach = max(1, round(settings.seam_length_um / 2 / um_per_px))
    side = settings.seam_side_um / um_per_px
    margin = reach + int(np.ceil(side)) + 1
    height, width = stain.shape
    wide = _edged(_edged(stain, 0, margin, margin), 1, margin, margin)
    # Flat, a step in any direction is one offset; what runs over an end of a row stays in the
    # margin.
    flat, stride = wide.ravel(), wide.shape[1]
    start, first = margin * stride + margin, reach * (stride + 1)
    count = (height - 1) * stride + width
    line = np.empty(flat.size - 2 * first, dtype=np.float32)
    at = start - first
    best = np.zeros(count, dtype=np.float32)
    for steps, (dy, dx) in _directions(reach, side):
        line[:] = 0.0
        for down, right in steps:
            offset = first + down * stride + right
            line += flat[offset : offset + line.size]
        line /= len(steps)
        beside = dy * stride + dx
        one = line[at + beside : at + beside + count]
        darker = np.minimum(one, line[at - beside : at - beside + count])
        paler = darker - line[at : at + count]
        paler /= np.maximum(darker, np.float32(0.35))
        np.maximum(best, paler, out=best)
    whole = np.zeros((height, stride), dtype=np.float32)
    whole.ravel()[:count] = best
    return whole[:, :width]


@lru_cache(maxsize=16)
def _directions(reach: int, side: float) -> list[tuple[list[tuple[int, int]], tuple[int, int]]]:
    """For each of eight directions: steps (down, right) along a line, and the one to its side."""
    found = []
    for turn in np.arange(8) * (np.pi / 8):
        down, right = np.sin(turn), np.cos(turn)
        steps = [
            (int(np.rint(step * down)), int(np.rint(step * right)))
            for step in range(-reach, reach + 1)
        ]
        found.append((steps, (int(np.rint(side * right)), int(np.rint(side * -down)))))
    return found


def _edged(picture: Floats, axis: int, before: int, after: int) -> Floats:
    """The picture with its edges repeated along one axis; ``np.pad`` costs ten times as much."""
    last = picture.shape[axis] - 1
    edged: Floats = picture.take(_edge_places(last, before, after), axis)
    return edged


@lru_cache(maxsize=512)
def _edge_places(last: int, before: int, after: int) -> NDArray[np.intp]:
    return np.clip(np.arange(-before, last + 1 + after), 0, last)


def describe(one: Part, other: Part, border: Border, um_per_px: float) -> tuple[float, ...]:
    """``FEATURES`` of two neighbours.

    Mean seam of the border; its length over the smaller part's diameter; logarithms of the smaller
    area over 60 um2 and of both over 150 um2; share of their ellipse they do not fill; how much
    longer than wide they would be.
    """
    pixel_um2 = um_per_px**2
    smaller, whole = min(one.area, other.area) * pixel_um2, (one.area + other.area) * pixel_um2
    # 0.8: sides of pixels along a slanting line are longer than the line.
    length_um = border.sides * um_per_px * 0.8
    unfilled, long = one.together(other).shape()
    return (
        border.seam / border.sides,
        length_um / (2 * sqrt(smaller / pi)),
        log(smaller / 60.0),
        log(whole / 150.0),
        unfilled,
        long - 1.0,
    )


@dataclass
class Graph:
    """Parts of a piece and their borders; parts are joined in place.

    Attributes:
        basins: int32 (height, width), 1..n inside the piece: what it was first cut into.
        um_per_px: Scale.
        parts: Part of each number still there.
        borders: Border of each two neighbours, the smaller number first.
    """

    basins: Labels
    um_per_px: float
    parts: dict[int, Part]
    borders: dict[Pair, Border]
    _now: NDArray[np.int32] = field(repr=False)
    _doubts: dict[Pair, float] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, own: Mask, stain: Floats, um_per_px: float, settings: PartingSettings) -> Graph:
        """Cut a piece into basins."""
        seam = seams(stain, um_per_px, settings)
        hills = depth(own & (seam < settings.seam)) + np.float32(0.5) * depth(own)
        radius = max(1, round(settings.calm_um / um_per_px))
        hills = _calmed(_calmed(hills.astype(np.float32), radius), radius)
        basins = _basins(np.where(own, hills, np.float32(-1.0)), own)
        count = int(basins.max())
        return cls(
            basins=basins,
            um_per_px=um_per_px,
            parts=_parts(basins, count),
            borders=_borders(basins, seam, count),
            _now=np.arange(count + 1, dtype=np.int32),
        )

    def doubt(self, pair: Pair, settings: PartingSettings) -> float:
        """What speaks against two neighbours being one nucleus; crumbs have hardly any."""
        if pair not in self._doubts:
            one, other = self.parts[pair[0]], self.parts[pair[1]]
            found = describe(one, other, self.borders[pair], self.um_per_px)
            value = sum(map(mul, found, settings.weights)) + settings.offset
            crumb = min(one.area, other.area) * self.um_per_px**2 < settings.crumb_um2
            self._doubts[pair] = value - 100.0 if crumb else value
        return self._doubts[pair]

    def join(self, keep: int, gone: int) -> None:
        """Make two neighbours one, under the first's number."""
        self.parts[keep] = self.parts[keep].together(self.parts.pop(gone))
        self._now[self._now == gone] = keep
        touched = [pair for pair in self.borders if keep in pair or gone in pair]
        for pair in touched:
            border = self.borders.pop(pair)
            self._doubts.pop(pair, None)
            a, b = (keep if number == gone else number for number in pair)
            if a == b:
                continue
            new = (min(a, b), max(a, b))
            if new in self.borders:
                self.borders[new].sides += border.sides
                self.borders[new].seam += border.seam
                self._doubts.pop(new, None)
            else:
                self.borders[new] = border

    def labels(self) -> Labels:
        """The parts as they are now: int32 (height, width), 1..n inside."""
        names = np.zeros(self._now.size, dtype=np.int32)
        names[sorted(self.parts)] = np.arange(1, len(self.parts) + 1)
        numbered: Labels = names[self._now][self.basins]
        return numbered


def _calmed(picture: Floats, radius: int) -> Floats:
    """Mean over a square, edges repeated."""
    side = 2 * radius + 1
    for axis in (0, 1):
        edged = _edged(picture, axis, radius + 1, radius)
        total = np.cumsum(edged, axis=axis, dtype=np.float32)
        late, early = (
            (total[side:], total[:-side]) if axis == 0 else (total[:, side:], total[:, :-side])
        )
        picture = (late - early) / np.float32(side)
    return picture


def _basins(hills: Floats, own: Mask) -> Labels:
    """Number the pixels by the top that the steepest way up leads to."""
    height, width = hills.shape
    stride = width + 2
    walled = np.full((height + 2, stride), -2.0, dtype=np.float32)
    walled[1:-1, 1:-1] = hills
    flat = walled.ravel()
    # Flat, a neighbour is one offset away; the wall around is no neighbour's top.
    first, count = stride + 1, (height - 1) * stride + width
    best = flat[first : first + count].copy()
    way = np.zeros(count, dtype=np.int32)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            offset = dy * stride + dx
            if offset:
                beside = flat[first + offset : first + offset + count]
                higher = beside > best + np.float32(1e-6)
                np.copyto(best, beside, where=higher)
                np.copyto(way, offset, where=higher)
    y, x = np.nonzero(own)
    up = np.arange(walled.size)
    up[first : first + count] += way
    up = up[up]  # two steps at once, then four
    up = up[up]
    top = up[(y + 1) * stride + x + 1]
    while True:
        higher_up = up[top]
        if np.array_equal(higher_up, top):
            break
        top = higher_up
    basins = np.zeros((height, width), dtype=np.int32)
    tops = np.zeros(walled.size, dtype=np.int32)
    tops[top] = 1
    basins[y, x] = np.cumsum(tops, dtype=np.int32)[top]
    return basins


def _parts(basins: Labels, count: int) -> dict[int, Part]:
    y, x = np.nonzero(basins)
    which = basins[y, x]
    sums = [
        np.bincount(which, weight, count + 1)
        for weight in (np.ones(y.size), x, y, x * x, y * y, x * y)
    ]
    moments = np.stack(sums, axis=1).tolist()
    return {number: Part(*moments[number]) for number in range(1, count + 1)}


def _borders(basins: Labels, seam: Floats, count: int) -> dict[Pair, Border]:
    """Borders of all neighbours, by the sides that their pixels share."""
    keys, pale = [], []
    for first, second in (
        (np.s_[:, :-1], np.s_[:, 1:]),
        (np.s_[:-1, :], np.s_[1:, :]),
    ):
        a, b = basins[first], basins[second]
        apart = (a != b) & (a > 0) & (b > 0)
        low, high = np.minimum(a[apart], b[apart]), np.maximum(a[apart], b[apart])
        keys.append(low.astype(np.int64) * (count + 1) + high)
        pale.append(np.maximum(seam[first], seam[second])[apart])
    pairs, which = np.unique(np.concatenate(keys), return_inverse=True)
    sides = np.bincount(which, minlength=pairs.size)
    sums = np.bincount(which, np.concatenate(pale), pairs.size)
    return {
        (int(pair) // (count + 1), int(pair) % (count + 1)): Border(int(n), float(total))
        for pair, n, total in zip(pairs, sides, sums, strict=True)
    }
