"""Real pictures and drawn smears shared by the tests of scale and quality."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Iterator

import numpy as np
from PIL import Image

from tests.shared_data import shared_zip


def real_pictures(zip_name: str, count: int, seed: int = 0) -> Iterator[tuple[str, np.ndarray]]:
    """A fixed random draw of pictures from a lent zip: name and uint8 RGB."""
    with zipfile.ZipFile(shared_zip(zip_name)) as archive:
        names = sorted(n for n in archive.namelist() if n.endswith((".webp", ".jpg", ".png")))
        for name in sorted(random.Random(seed).sample(names, min(count, len(names)))):
            with Image.open(io.BytesIO(archive.read(name))) as picture:
                yield name, np.asarray(picture.convert("RGB"))


def drawn_field(
    um_per_px: float,
    size: tuple[int, int] = (480, 640),
    seed: int = 0,
    nuclei: int = 0,
    blur_um: float = 0.25,
    noise: float = 1.5,
    per_mm2: float = 6000.0,
    diameter_um: float = 7.3,
) -> np.ndarray:
    """Red cells with pallor, some overlapping, and white cells with dark nuclei."""
    rng = np.random.default_rng(seed)
    height, width = size
    wide_um, tall_um = width * um_per_px, height * um_per_px
    # Drawn at no finer than 0.1 um and no coarser than the picture.
    light = np.ones((height, width, 3), dtype=np.float32)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) * um_per_px
    soft = max(blur_um, 0.3 * um_per_px)

    def disc(cx: float, cy: float, radius: float, colour: tuple[float, float, float]) -> None:
        reach = radius + 4 * soft
        rows = slice(max(0, int((cy - reach) / um_per_px)), int((cy + reach) / um_per_px) + 2)
        columns = slice(max(0, int((cx - reach) / um_per_px)), int((cx + reach) / um_per_px) + 2)
        distance = np.hypot(x[rows, columns] - cx, y[rows, columns] - cy)
        inside = 1 / (1 + np.exp(np.clip((distance - radius) * 1.7 / soft, -30, 30)))
        light[rows, columns] *= 1 - inside[..., None] * (1 - np.array(colour, dtype=np.float32))

    for _ in range(max(4, int(per_mm2 * wide_um * tall_um / 1e6))):
        cx, cy = rng.uniform(-3, wide_um + 3), rng.uniform(-3, tall_um + 3)
        radius = 0.5 * diameter_um * rng.normal(1.0, 0.05)
        disc(cx, cy, radius, (0.86, 0.66, 0.70))
        disc(cx, cy, 0.4 * radius, (1.04, 1.18, 1.14))
    for _ in range(nuclei):
        cx, cy = rng.uniform(8, max(9, wide_um - 8)), rng.uniform(8, max(9, tall_um - 8))
        disc(cx, cy, 7.0, (0.80, 0.78, 0.92))
        disc(cx, cy, 5.0, (0.40, 0.22, 0.62))
    picture = light * np.array([236.0, 228.0, 222.0], dtype=np.float32)
    picture += rng.normal(0, noise, picture.shape)
    return np.clip(picture, 0, 255).astype(np.uint8)
