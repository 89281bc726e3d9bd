"""Outlines of stained cells in one picture: where glass turns into cell, with its normal.

No scale is needed: the threshold is the darkness half-way between glass and a typical red cell,
which is where an outline stays when the picture is blurred.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.imaging.components import Mask, fill_small_holes

Floats = NDArray[np.float32]

_BINS: Final = 64


@dataclass(frozen=True)
class Levels:
    """Typical darknesses of one picture, 0 (glass) to 1 (black), in the green channel.

    Attributes:
        glass: Median of the empty glass.
        red: Median of what is darker than the glass and paler than nuclei: red cells.
        nucleus: Above this it is no red cell, even where two overlap.
    """

    glass: float
    red: float
    nucleus: float

    @property
    def threshold(self) -> float:
        """Half-way between glass and red cell."""
        return (self.glass + self.red) / 2.0

    @property
    def contrast(self) -> float:
        """Red cell against glass."""
        return self.red - self.glass


@dataclass(frozen=True)
class Contours:
    """Outline points of everything darker than the glass, holes filled; pixels of the picture.

    Attributes:
        x: Column of each point, sub-pixel.
        y: Row of each point, sub-pixel.
        nx: Column part of the unit normal, pointing into the cell.
        ny: Row part of the unit normal.
        cells: bool (height, width): what lies inside the outlines.
        darkness: float32 (height, width), 0 (glass) to 1 (black).
        levels: Typical darknesses.
    """

    x: Floats
    y: Floats
    nx: Floats
    ny: Floats
    cells: Mask
    darkness: Floats
    levels: Levels


def darkness_of(rgb: NDArray[np.uint8]) -> Floats:
    """Share of green light absorbed, float32 (height, width): 0 on the glass.

    Green is where eosin and azure both absorb. Slow shading is taken out with a plane-and-bowl
    fitted through the glass.
    """
    green = rgb[..., 1]
    glass = np.maximum(glass_surface(green), 1.0)
    dark: Floats = np.clip(1.0 - green.astype(np.float32) / glass, -0.5, 1.0)
    return dark


def glass_surface(green: NDArray[np.uint8]) -> Floats:
    """Quadratic surface through the bright end of every tile, tiles without glass left out."""
    height, width = green.shape
    rows, columns = min(12, height // 24), min(16, width // 24)
    if rows < 6 or columns < 6:  # too few cells' widths to tell shading from cells
        return _flat(green)
    bright = tile_percentiles(green, rows, columns, 85.0)
    ty, tx = np.meshgrid(np.linspace(-1, 1, rows), np.linspace(-1, 1, columns), indexing="ij")
    terms = bowl(tx.ravel(), ty.ravel())
    keep = bright > 0.85 * np.percentile(bright, 75)
    for _ in range(3):
        if keep.sum() < 20:
            return _flat(green)
        weights = np.linalg.lstsq(terms[keep], bright[keep], rcond=None)[0]
        residual = bright - terms @ weights
        keep = residual > -2.0 * (1.5 * np.median(np.abs(residual[keep])) + 0.5)
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    a, b, c, d, e, f = (float(w) for w in weights)
    surface: Floats = np.multiply(x, b + e * y)
    surface += a + c * y + f * y * y
    surface += d * x * x
    return surface


def tile_percentiles(
    green: NDArray[np.uint8], rows: int, columns: int, share: float
) -> NDArray[np.float64]:
    """A percentile of each of so many tiles, row by row; a rest at right and bottom is left out."""
    tall, wide = green.shape[0] // rows, green.shape[1] // columns
    tiles = green[: tall * rows, : wide * columns].reshape(rows, tall, columns, wide)
    return _percentiles(tiles.transpose(0, 2, 1, 3).reshape(rows * columns, -1), share)


def _flat(green: NDArray[np.uint8]) -> Floats:
    """The bright end of the whole picture, everywhere."""
    bright = _percentiles(green.reshape(1, -1), 95.0)[0]
    return np.full(green.shape, bright, dtype=np.float32)


def _percentiles(rows: NDArray[np.uint8], share: float) -> NDArray[np.float64]:
    """``np.percentile`` of each row; bytes are sorted by counting, a stable sort of numpy's."""
    ordered = np.sort(rows, axis=1, kind="stable")
    place = (rows.shape[1] - 1) * share / 100.0
    low = int(place)
    start = ordered[:, low].astype(np.float64)
    end = ordered[:, min(low + 1, rows.shape[1] - 1)].astype(np.float64)
    levels: NDArray[np.float64] = start + (end - start) * (place - low)
    return levels


def bowl(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """The terms of a quadratic surface at each point, float64 (n, 6)."""
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)


def find_levels(darkness: Floats) -> list[Levels]:
    """What glass and red cells may be: one or two guesses, the darker red cell first.

    With nuclei about, the two cuts of Otsu's method fall between glass, red cells and nuclei;
    without, they may fall between glass, pallor (or slopes) and red cells. The histogram alone
    cannot tell; whoever asks tries both and keeps the one that shows round cells.

    Returns:
        Empty where the picture has no contrast at all.
    """
    values = darkness.ravel()
    if values.size > 40_000:
        values = values[:: values.size // 40_000 + 1]
    low, high = (float(v) for v in np.percentile(values, [0.5, 99.8]))
    if high - low < 0.02:
        return []
    clipped = np.clip(values, low, high)
    lower, upper = _two_thresholds(clipped)
    dark = _settle(clipped, _one_threshold(clipped), high)
    pale = _settle(clipped, lower, upper)
    guesses = [dark]
    noise = 1.5 * float(np.median(np.abs(values[values <= pale[0]] - pale[0])))
    # Cuts through the noise of the glass are no red cells.
    if pale[1] - pale[0] > max(4.0 * noise, 0.02) and pale[1] < 0.9 * dark[1]:
        guesses.append(pale)
    return [_levels(glass, red) for glass, red in guesses if red > glass]


def _levels(glass: float, red: float) -> Levels:
    # Two red cells over each other absorb 1 - (1 - a)^2 of the light.
    doubled = 1.0 - (1.0 - red) ** 2
    return Levels(glass, red, max(doubled + 0.08, glass + 1.6 * (red - glass)))


def _settle(values: Floats, threshold: float, nucleus: float) -> tuple[float, float]:
    """Medians of glass and red cells about a threshold that is moved half-way between them."""
    glass, red = 0.0, 0.0
    for _ in range(4):
        below, above = values[values <= threshold], values[values > threshold]
        cells = above[above <= nucleus] if nucleus > threshold else above
        cells = cells if cells.size else above
        glass = float(np.median(below)) if below.size else threshold
        red = float(np.median(cells)) if cells.size else threshold
        threshold = (glass + red) / 2.0
    return glass, red


def _one_threshold(values: Floats) -> float:
    """The cut with the greatest variance between two classes (Otsu 1979)."""
    counts, edges = np.histogram(values, _BINS)
    middle = (edges[1:] + edges[:-1]) / 2.0
    number, moment = np.cumsum(counts), np.cumsum(counts * middle)
    rest = np.maximum(number[-1] - number, 1e-9)
    between = (moment[-1] * number / number[-1] - moment) ** 2 / (np.maximum(number, 1e-9) * rest)
    return float(edges[int(between[:-1].argmax()) + 1])


def _two_thresholds(values: Floats) -> tuple[float, float]:
    """The two cuts with the greatest variance between three classes (Otsu 1979)."""
    counts, edges = np.histogram(values, _BINS)
    middle = (edges[1:] + edges[:-1]) / 2.0
    number = np.concatenate([[0.0], np.cumsum(counts)])
    moment = np.concatenate([[0.0], np.cumsum(counts * middle)])
    i, j = np.meshgrid(np.arange(1, _BINS), np.arange(1, _BINS), indexing="ij")

    def between(a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float64]:
        mass = np.maximum(number[b] - number[a], 1e-9)
        result: NDArray[np.float64] = (moment[b] - moment[a]) ** 2 / mass
        return result

    score = between(0 * i, i) + between(i, j) + between(j, 0 * j + _BINS)
    score[i >= j] = -1.0
    best = np.unravel_index(int(score.argmax()), score.shape)
    return float(edges[best[0] + 1]), float(edges[best[1] + 1])


def smooth(picture: Floats) -> Floats:
    """Binomial 3x3 smoothing, edges repeated."""
    padded = np.pad(picture, 1, mode="edge")
    across = padded[:, :-2] + 2.0 * padded[:, 1:-1] + padded[:, 2:]
    result: Floats = (across[:-2] + 2.0 * across[1:-1] + across[2:]) / 16.0
    return result


def trace(darkness: Floats, levels: Levels) -> Contours | None:
    """Outline points of all cells in a picture.

    Args:
        darkness: float32 (height, width) of a picture reduced so that a red cell is some 10 to
            60 px wide.
        levels: One guess of ``find_levels``.

    Returns:
        None where there is hardly anything darker than the glass.
    """
    # What is darker than a red cell is cut off, so that nuclei do not pull their outline outward.
    flat = smooth(np.minimum(darkness, levels.red + 0.25 * levels.contrast))
    cells = fill_small_holes(flat > levels.threshold, max_px=flat.size)
    edge = np.zeros_like(cells)
    inner = cells[:-2, 1:-1] & cells[2:, 1:-1] & cells[1:-1, :-2] & cells[1:-1, 2:]
    edge[1:-1, 1:-1] = cells[1:-1, 1:-1] & ~inner
    y, x = np.nonzero(edge)
    if x.size < 16:
        return None
    gx = (flat[y, x + 1] - flat[y, x - 1]) / 2.0
    gy = (flat[y + 1, x] - flat[y - 1, x]) / 2.0
    slope = np.maximum(np.hypot(gx, gy), 1e-6)
    nx, ny = gx / slope, gy / slope
    outward = _to_crossing(flat, levels.threshold, x, y, nx, ny)
    return Contours(
        x=(x - nx * outward).astype(np.float32),
        y=(y - ny * outward).astype(np.float32),
        nx=nx.astype(np.float32),
        ny=ny.astype(np.float32),
        cells=cells,
        darkness=darkness,
        levels=levels,
    )


def _to_crossing(
    flat: Floats,
    threshold: float,
    x: NDArray[np.int64],
    y: NDArray[np.int64],
    nx: Floats,
    ny: Floats,
) -> Floats:
    """Distance from each edge pixel outward to where the threshold is crossed, px.

    Interpolated to the neighbour outside along the axis nearest the normal; half a pixel where
    that neighbour is no longer outside.
    """
    along_x = np.abs(nx) >= np.abs(ny)
    step_x = np.where(along_x, -np.sign(nx), 0.0).astype(np.int64)
    step_y = np.where(along_x, 0.0, -np.sign(ny)).astype(np.int64)
    here, there = flat[y, x], flat[y + step_y, x + step_x]
    crosses = (there < threshold) & (here > threshold)
    part = np.where(crosses, (here - threshold) / np.maximum(here - there, 1e-6), 0.5)
    result: Floats = part * np.maximum(np.abs(nx), np.abs(ny))
    return result
