"""The same smear under another lamp gives nearly the same pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.imaging.background import WHITE_LEVEL, balance_white, white_reference


def _smear(lamp: tuple[float, float, float], seed: int = 3) -> NDArray[np.uint8]:
    """Discs that absorb like red cells and one nucleus, lit by a lamp of a colour."""
    y, x = np.mgrid[0:240, 0:240]
    light = np.ones((240, 240, 3))
    rng = np.random.default_rng(seed)
    for _ in range(24):
        cx, cy = rng.uniform(0, 240, 2)
        light[np.hypot(x - cx, y - cy) < 16] *= (0.85, 0.62, 0.66)
    light[np.hypot(x - 120, y - 120) < 26] = (0.42, 0.25, 0.55)
    noisy = light * np.array(lamp) + rng.normal(0, 1.5, light.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "lamp", [(250.0, 238.0, 214.0), (222.0, 226.0, 240.0), (140.0, 138.0, 150.0)]
)
def test_the_glass_is_found_under_any_lamp(lamp: tuple[float, float, float]) -> None:
    error = np.abs(white_reference(_smear(lamp)) - lamp)
    print(f"glass off by at most {error.max():.1f} grey levels")
    assert error.max() < 4


def test_tungsten_and_led_pictures_become_alike() -> None:
    lamps = [(250.0, 228.0, 180.0), (215.0, 226.0, 245.0)]
    before = [_smear(lamp).astype(float) for lamp in lamps]
    after = [
        balance_white(p, white_reference(p)).astype(float) for p in (_smear(lamp) for lamp in lamps)
    ]
    distance_before = np.abs(before[0] - before[1]).mean()
    distance_after = np.abs(after[0] - after[1]).mean()
    print(f"mean colour distance {distance_before:.1f} before, {distance_after:.1f} after")
    assert distance_after < distance_before / 8


@given(level=st.integers(0, 255), white=st.floats(1, 255))
def test_balancing_keeps_order_and_sends_glass_to_its_level(level: int, white: float) -> None:
    flat = np.full((4, 4, 3), level, dtype=np.uint8)
    balanced = balance_white(flat, np.full(3, white, dtype=np.float32))
    expected = min(255, round(level * WHITE_LEVEL / white))
    assert abs(int(balanced[0, 0, 0]) - expected) <= 1


def test_a_black_picture_divides_by_nothing() -> None:
    black = np.zeros((64, 64, 3), dtype=np.uint8)
    assert (balance_white(black, white_reference(black)) == 0).all()
