"""How the hot paths of ``locate`` were written before they were made quick: plain, and the same.

Slow and obvious array code, kept as the definition that the quick code is held against.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edge.imaging import contours
from edge.imaging.components import Mask, label_with_extents
from edge.imaging.parting import PartingSettings

Floats = NDArray[np.float32]
Labels = NDArray[np.int32]

_Piece = tuple[NDArray[np.intp], NDArray[np.intp]]


def reduced(rgb: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    if factor == 1:
        return rgb
    return np.asarray(Image.fromarray(np.ascontiguousarray(rgb)).reduce(factor))


def fill_small_holes(mask: Mask, max_px: int) -> Mask:
    """Fill holes of at most ``max_px`` pixels that do not reach the border."""
    labels, size = label_with_extents(~mask)
    height, width = mask.shape
    inside = (size.left > 0) & (size.top > 0) & (size.right < width) & (size.bottom < height)
    fill = np.concatenate([[False], inside & (size.area <= max_px)])
    filled: Mask = mask | fill[labels]
    return filled


def dilate(mask: Mask, steps: int) -> Mask:
    """Grow a mask by ``steps`` pixels, sides and squares in turn (an octagon)."""
    for step in range(steps):
        mask = _grown(mask, square=step % 2 == 1)
    return mask


def depth(mask: Mask) -> NDArray[np.int32]:
    """Octagonal distance of each mask pixel to the nearest pixel outside; 0 outside.

    What lies beyond the picture counts as outside.
    """
    padded = np.pad(~mask, 1, constant_values=True)
    result = np.zeros(padded.shape, dtype=np.int32)
    step = 0
    while not padded.all():
        result += ~padded
        padded = _grown(padded, square=step % 2 == 1)
        step += 1
    return result[1:-1, 1:-1]


def _grown(mask: Mask, square: bool) -> Mask:
    """One step of growth, by the four sides or by the eight neighbours."""
    across = mask.copy()
    across[:, 1:] |= mask[:, :-1]
    across[:, :-1] |= mask[:, 1:]
    source = across if square else mask
    grown = across.copy()
    grown[1:] |= source[:-1]
    grown[:-1] |= source[1:]
    return grown


def near_pairs(
    pieces: list[_Piece], um_per_px: float, reach_um: float
) -> list[tuple[float, int, int]]:
    """(gap in um, i, j) of all pairs nearer than ``reach_um``."""
    if len(pieces) < 2:
        return []
    low = np.array([[y.min(), x.min()] for y, x in pieces], dtype=np.float64)
    high = np.array([[y.max(), x.max()] for y, x in pieces], dtype=np.float64)
    apart = np.maximum(low[:, None] - high[None], low[None] - high[:, None]).max(axis=-1)
    near = np.argwhere(np.triu(apart * um_per_px <= reach_um + um_per_px, k=1))
    pairs = []
    for i, j in near:
        (ya, xa), (yb, xb) = pieces[i], pieces[j]
        squared = (ya[:, None] - yb[None]) ** 2 + (xa[:, None] - xb[None]) ** 2
        gap_um = (float(np.sqrt(squared.min())) - 1.0) * um_per_px
        if gap_um <= reach_um:
            pairs.append((gap_um, int(i), int(j)))
    return pairs


def spread(owner: Labels, region: Mask) -> Labels:
    """Every pixel of the region given to an owner next to it, step by step."""
    owner = owner.copy()
    while (open_ := region & (owner == 0)).any():
        padded = np.pad(np.where(region, owner, 0), 1)
        height, width = owner.shape
        beside = [padded[y : y + height, x : x + width] for y in range(3) for x in range(3)]
        owner[open_] = np.max(beside, axis=0)[open_]
    return owner


def typical_density(density: NDArray[np.float32], cells: Mask, nuclei: Mask) -> Floats | None:
    """Median density of what is neither background nor nucleus."""
    other = cells & ~nuclei
    if not other.any():
        return None
    step = 1 + np.count_nonzero(other) // 5000
    typical: Floats = np.median(density[:, other][:, ::step], axis=1)
    return typical


def plasma_mask(density: NDArray[np.float32], other: Mask, typical: Floats | None) -> Mask:
    """Where cytoplasm may be: neither background, nor nucleus, nor of the red cells' colour.

    Cytoplasm is paler than this picture's red cells, or takes more red, or less blue.
    """
    if typical is None:
        return other
    red, green, blue = density
    pale = green < 0.65 * typical[1]
    ratio = np.maximum(green, 1e-3)
    bluish = (red / ratio > 1.25 * typical[0] / typical[1]) | (
        blue / ratio < 0.75 * typical[2] / typical[1]
    )
    plasma: Mask = other & (pale | bluish)
    return plasma


def territory_of(own: Mask, others: Mask, reach: int) -> Mask:
    """Where a nucleus is nearer than any other one; everywhere if there is no other."""
    if not others.any():
        return np.ones_like(own)
    mine, theirs = own, others
    for step in range(reach):
        size = 1 + step % 2
        grown = dilate(mine, size) & ~theirs
        theirs = theirs | (dilate(theirs, size) & ~grown)
        mine = grown
    return mine


def body_of(own: Mask, plasma: Mask, cells: Mask, reach: int, thin: int) -> Mask:
    """The whole cell around a nucleus: all that hangs together where that looks like one cell,
    else the nucleus and what has the colour of cytoplasm."""
    whole = _compact_whole(own, cells, thin)
    if whole is not None:
        return whole
    allowed = own | plasma
    body = own
    for step in range(reach):
        body = allowed & dilate(body, 1 + step % 2)
    return own | (body & dilate(_eroded(body, 1), 2))


def _compact_whole(own: Mask, cells: Mask, thin: int) -> Mask | None:
    """All non-background around a nucleus, freed of what hangs on by a neck, if it is compact.

    None where it runs out of the window or is no roundish shape: then a red cell is part of it.
    """
    core = _eroded(cells, thin) | own
    body = own
    while True:
        grown = core & dilate(body, 2)
        if np.array_equal(grown, body):
            break
        body = grown
        if body[0].any() or body[-1].any() or body[:, 0].any() or body[:, -1].any():
            return None
    body = cells & dilate(body, thin) | own
    y, x = np.nonzero(body)
    sides = (y.max() - y.min() + 1, x.max() - x.min() + 1)
    compact = y.size > 0.71 * sides[0] * sides[1] and max(sides) < 1.35 * min(sides)
    return body if compact else None


def _eroded(mask: Mask, steps: int) -> Mask:
    """Shrink a mask; what lies beyond the array counts as inside."""
    return ~dilate(~mask, steps)


def white_level(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Colour of the empty background: median colour of the brightest eighth (by green).

    Args:
        rgb: uint8 (height, width, 3), a reduced picture.

    Returns:
        float32 (3,), 1 to 255.
    """
    green = rgb[..., 1]
    counts = np.bincount(green.ravel(), minlength=256)
    # Brightest eighth from the histogram: exact, and cheaper than a percentile.
    above = np.cumsum(counts[::-1])[::-1]
    cut = int(np.flatnonzero(above >= max(1, green.size // 8)).max())
    white: NDArray[np.float32] = np.maximum(np.median(rgb[green >= cut], axis=0), 1.0)
    return white.astype(np.float32)


def seams(stain: Floats, um_per_px: float, settings: PartingSettings) -> Floats:
    """How much paler than both its sides the best line through each pixel is, 0 to 1.

    Means along short lines of eight directions: chromatin averages out along them, a seam does not.
    """
    reach = max(1, round(settings.seam_length_um / 2 / um_per_px))
    side = settings.seam_side_um / um_per_px
    margin = reach + int(np.ceil(side)) + 1
    wide = np.pad(stain, margin, mode="edge")
    height, width = stain.shape
    best = np.zeros_like(stain)
    for turn in np.arange(8) * (np.pi / 8):
        along, across = (
            np.array([np.sin(turn), np.cos(turn)]),
            np.array([np.cos(turn), -np.sin(turn)]),
        )
        steps = [np.rint(step * along).astype(int) for step in range(-reach, reach + 1)]
        rows, columns = wide.shape[0] - 2 * reach, wide.shape[1] - 2 * reach
        line = np.zeros((rows, columns), dtype=np.float32)
        for dy, dx in steps:
            line += wide[reach + dy : reach + dy + rows, reach + dx : reach + dx + columns]
        line /= len(steps)
        dy, dx = np.rint(side * across).astype(int)
        at = margin - reach
        one = line[at + dy : at + dy + height, at + dx : at + dx + width]
        other = line[at - dy : at - dy + height, at - dx : at - dx + width]
        darker = np.minimum(one, other)
        here = line[at : at + height, at : at + width]
        np.maximum(best, (darker - here) / np.maximum(darker, 0.35), out=best)
    return best


def calmed(picture: Floats, radius: int) -> Floats:
    """Mean over a square, edges repeated."""
    for axis in (0, 1):
        pads = [(radius + 1, radius) if i == axis else (0, 0) for i in (0, 1)]
        total = np.cumsum(np.pad(picture, pads, mode="edge"), axis=axis, dtype=np.float32)
        side = 2 * radius + 1
        ends = np.arange(side, total.shape[axis])
        picture = (total.take(ends, axis) - total.take(ends - side, axis)) / np.float32(side)
    return picture


def basins_of(hills: Floats, own: Mask) -> Labels:
    """Number the pixels by the top that the steepest way up leads to."""
    height, width = hills.shape
    number = np.arange(height * width).reshape(height, width)
    walled = np.pad(hills, 1, constant_values=-2.0)
    best, way = hills.copy(), number.copy()
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            beside = walled[1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width]
            higher = beside > best + 1e-6
            best = np.where(higher, beside, best)
            way = np.where(higher, number + dy * width + dx, way)
    up = way.ravel()
    while not np.array_equal(up[up], up):
        up = up[up]
    basins = np.zeros(height * width, dtype=np.int32)
    inside = own.ravel()
    _, basins[inside] = np.unique(up[inside], return_inverse=True)
    basins[inside] += 1
    return basins.reshape(height, width)


def glass_surface(levels: NDArray[np.uint8]) -> Floats:
    """Quadratic surface through the bright end of every tile, tiles without glass left out."""
    green = levels.astype(np.float32)
    height, width = green.shape
    flat = np.full_like(green, np.percentile(green, 95))
    rows, columns = min(12, height // 24), min(16, width // 24)
    if rows < 6 or columns < 6:  # too few cells' widths to tell shading from cells
        return flat
    tall, wide = height // rows, width // columns
    tiles = green[: tall * rows, : wide * columns].reshape(rows, tall, columns, wide)
    bright = np.percentile(tiles.transpose(0, 2, 1, 3).reshape(rows * columns, -1), 85, axis=1)
    ty, tx = np.meshgrid(np.linspace(-1, 1, rows), np.linspace(-1, 1, columns), indexing="ij")
    terms = contours.bowl(tx.ravel(), ty.ravel())
    keep = bright > 0.85 * np.percentile(bright, 75)
    for _ in range(3):
        if keep.sum() < 20:
            return flat
        weights = np.linalg.lstsq(terms[keep], bright[keep], rcond=None)[0]
        residual = bright - terms @ weights
        keep = residual > -2.0 * (1.5 * np.median(np.abs(residual[keep])) + 0.5)
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    a, b, c, d, e, f = (float(w) for w in weights)
    surface: Floats = (a + c * y + f * y * y) + x * (b + e * y) + d * x * x
    return surface


def white_reference(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    height, width = rgb.shape[:2]
    factor = max(1, min(height, width) // 96)
    picture = Image.fromarray(rgb)
    sample = np.asarray(picture.reduce(factor) if factor > 1 else picture, dtype=np.float32)
    pixels = sample.reshape(-1, 3)
    green = pixels[:, 1]
    low, high = np.percentile(green, (92.0, 99.5))
    glass = pixels[(green >= low) & (green <= high)]
    white: NDArray[np.float32] = np.maximum(np.median(glass, axis=0), 1.0).astype(np.float32)
    return white
