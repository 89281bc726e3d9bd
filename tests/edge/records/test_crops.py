"""Crops as WebP."""

import numpy as np
import pytest

from edge.records.crops import decode_crop, encode_crop


def cell_like_crop():
    """A dark disc on a light ground, with a soft rim and grain."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[:128, :128]
    inside = 1 / (1 + np.exp((np.hypot(x - 64, y - 64) - 30) / 2))
    light, dark = np.array([240, 238, 235.0]), np.array([90, 50, 130.0])
    picture = light + inside[..., None] * (dark - light) + rng.normal(0, 4, (128, 128, 3))
    return np.clip(picture, 0, 255).astype(np.uint8)


def test_a_crop_comes_back_as_it_looked_at_a_few_kilobytes():
    crop = cell_like_crop()
    webp = encode_crop(crop)
    error = np.abs(decode_crop(webp).astype(float) - crop).mean()
    print(f"crop of 128 px: {len(webp)} bytes, mean error {error:.2f} of 255")
    assert decode_crop(webp).shape == crop.shape
    assert len(webp) < 10_000
    assert error < 6


def test_rows_that_do_not_lie_together_are_fine():
    crop = cell_like_crop()
    assert encode_crop(crop[::2, ::-1]) == encode_crop(np.ascontiguousarray(crop[::2, ::-1]))


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((8, 8), np.uint8),
        np.zeros((8, 8, 4), np.uint8),
        np.zeros((8, 8, 3), np.float32),
        np.zeros((0, 8, 3), np.uint8),
    ],
)
def test_what_is_no_rgb_crop_is_refused(wrong):
    with pytest.raises(ValueError, match="uint8 RGB"):
        encode_crop(wrong)
