"""A ground of random pale-centred discs, as much of a smear as registration needs."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from edge.imaging.registration import RegistrationSettings, View, details, reduction

UM_PER_PX = 0.48
SETTINGS = RegistrationSettings()


@lru_cache(maxsize=4)
def ground(width, height, seed=0, crowding=0.35, cell_um=7.2):
    """Grey uint8 (height, width); ``crowding`` is the share covered by cells."""
    rng = np.random.default_rng(seed)
    radius = cell_um / 2 / UM_PER_PX
    count = int(crowding * width * height / (np.pi * radius**2))
    picture = Image.new("L", (width, height), 225)
    draw = ImageDraw.Draw(picture)
    for x, y in rng.uniform((0, 0), (width, height), (count, 2)):
        r = radius * rng.uniform(0.9, 1.1)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=int(rng.integers(125, 160)))
        draw.ellipse((x - r / 3, y - r / 3, x + r / 3, y + r / 3), fill=190)
    return np.asarray(picture.filter(ImageFilter.GaussianBlur(1.2)))


def cut(grey, x, y, size=(640, 480), noise=0.0, seed=0):
    """RGB field of a ground with its top left corner at (x, y)."""
    width, height = size
    field = grey[y : y + height, x : x + width]
    assert field.shape == (height, width), "the field leaves the ground"
    if noise:
        shaken = field + np.random.default_rng(seed).normal(0, noise, field.shape)
        field = np.clip(shaken, 0, 255).astype(np.uint8)
    return np.repeat(field[:, :, None], 3, axis=2)


def view(rgb, um_per_px=UM_PER_PX):
    factor = reduction(rgb.shape[:2], um_per_px, SETTINGS)
    return View(details(rgb, factor, um_per_px, SETTINGS))
