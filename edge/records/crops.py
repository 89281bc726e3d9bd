"""Crops of cells as they are kept: WebP, a few kilobytes each.

Why lossy, at quality 90: a crop is kept for a person's second look, at about 4 kB instead of the
25 kB of lossless WebP or PNG, so that a 32 GB card holds millions of cells. What the network
saw is not reconstructed from it: the call is in the record beside it.
"""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

QUALITY = 90

METHOD = 2
"""How long the encoder tries, 0 to 6: 2 takes less than half the time of 4, for 3% more bytes."""


def encode_crop(crop: NDArray[np.uint8]) -> bytes:
    """A crop as WebP.

    Args:
        crop: uint8, shape (height, width, 3), RGB.

    Raises:
        ValueError: The array is of another type or shape.
    """
    if crop.dtype != np.uint8 or crop.ndim != 3 or crop.shape[2] != 3 or 0 in crop.shape:
        raise ValueError(f"a crop is uint8 RGB, not {crop.dtype} of shape {crop.shape}")
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(crop)).save(out, "WEBP", quality=QUALITY, method=METHOD)
    return out.getvalue()


def decode_crop(webp: bytes) -> NDArray[np.uint8]:
    """The picture in a stored crop: uint8, shape (height, width, 3), RGB."""
    with Image.open(io.BytesIO(webp), formats=("WEBP",)) as picture:
        return np.asarray(picture.convert("RGB"), dtype=np.uint8)
