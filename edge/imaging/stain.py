"""How strongly a pixel is stained like a nucleus, whatever the optic, the light and the stain.

Optical density is what a dye adds: ``-ln(pixel / white)``. Nuclei bind azure and eosin: they take
green light and let blue pass, and take some red. Haemoglobin takes blue nearly as much as green
and little red. So ``green - blue + 0.25 red`` (in densities) is near 0 for red cells and 0.6 to
2.5 for nuclei in all of our sources (CellaVision, three microscopes, a phone), and shading cancels
in its first two terms.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edge.imaging.sharpness import histogram

RED_WEIGHT = 0.25
"""Share of the red density in the nuclear stain."""

OPAQUE_BLUE = 1.2
"""Blue density no nucleus reaches (at most 0.8 in our sources)."""

_DARKEST = 3.0  # a channel's value below which the density says nothing more


def white_level(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Colour of the empty background: median colour of the brightest eighth (by green).

    Args:
        rgb: uint8 (height, width, 3), a reduced picture.

    Returns:
        float32 (3,), 1 to 255.
    """
    green = np.ascontiguousarray(rgb[..., 1])
    counts = histogram(green)
    # Brightest eighth from the histogram: exact, and cheaper than a percentile.
    above = np.cumsum(counts[::-1])[::-1]
    cut = int(np.flatnonzero(above >= max(1, green.size // 8)).max())
    bright = rgb.reshape(-1, 3).take(np.flatnonzero(green >= cut), axis=0)
    white = [max(_median_of(levels), 1.0) for levels in _histograms(bright)]
    return np.array(white, dtype=np.float32)


def _histograms(pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """How often each level occurs in each channel of some pixels (n, 3): int64 (3, 256)."""
    return np.array(Image.fromarray(pixels[None]).histogram(), dtype=np.int64).reshape(3, 256)


def median_level(values: NDArray[np.uint8]) -> float:
    """``np.median`` of grey levels, from their histogram."""
    return _median_of(np.bincount(values, minlength=256))


def middle_levels(values: NDArray[np.uint8]) -> NDArray[np.intp]:
    """The two grey levels between which the median lies, from their histogram; intp (2,)."""
    return _middle_of(np.bincount(values, minlength=256))


def _median_of(counts: NDArray[np.integer[Any]]) -> float:
    low, high = _middle_of(counts)
    return (float(low) + float(high)) / 2.0


def _middle_of(counts: NDArray[np.integer[Any]]) -> NDArray[np.intp]:
    """The levels between which the median lies, each having occurred so many times."""
    up_to = np.cumsum(counts)
    size = int(up_to[-1])
    return np.searchsorted(up_to, [(size - 1) // 2, size // 2], side="right")


def middle_of(ordered: NDArray[np.float32]) -> NDArray[np.float32]:
    """``np.median`` along the last axis of values that lie in order there."""
    count = ordered.shape[-1]
    middle: NDArray[np.float32] = ordered[..., (count - 1) // 2 : count // 2 + 1].mean(axis=-1)
    return middle


def densities(rgb: NDArray[np.uint8], white: NDArray[np.float32]) -> NDArray[np.float32]:
    """Optical density of each pixel and channel, natural logarithm.

    Returns:
        float32, shape (3, height, width): red, green, blue; brighter than white is negative.
    """
    tables = density_tables(white)
    density = np.empty((3, *rgb.shape[:2]), dtype=np.float32)
    for c in range(3):
        np.take(tables[c], rgb[..., c], out=density[c], mode="clip")
    return density


def density_tables(white: NDArray[np.float32]) -> NDArray[np.float32]:
    """What ``densities`` gives for each level of each channel, float32 (3, 256)."""
    return _density_tables(*white.tolist())


@lru_cache(maxsize=8)
def _density_tables(*white: float) -> NDArray[np.float32]:
    """A picture's windows share its white."""
    values = np.maximum(np.arange(256, dtype=np.float32), _DARKEST)
    tables: NDArray[np.float32] = np.log(np.array(white, dtype=np.float32)[:, None] / values)
    return tables


def nuclear_stain(density: NDArray[np.float32]) -> NDArray[np.float32]:
    """Nuclear stain of each pixel from ``densities``; float32 (height, width).

    0 where blue is nearly stopped too: stain deposit, dirt, or no light at all.
    """
    red, green, blue = density
    stain: NDArray[np.float32] = np.multiply(red, np.float32(RED_WEIGHT))
    np.add(green - blue, stain, out=stain)
    stain[blue > OPAQUE_BLUE] = 0.0
    return stain
