"""Red cells tell how strongly a slide is stained, whatever lamp and magnification."""

from __future__ import annotations

import numpy as np
import pytest

from bench.shifts import light, side_light, stain, thin
from edge.imaging.red_cells import RedStain, red_stain
from tests.edge.imaging.smears import drawn_field, real_pictures


def _stain(rgb: np.ndarray) -> RedStain:
    found = red_stain(rgb)
    assert found is not None
    return found


def test_lamp_shade_and_magnification_change_nothing() -> None:
    field = drawn_field(0.2, size=(720, 960), nuclei=3)
    plain = _stain(field)
    for shift in (light(0.5, 0.5, 0.5), light(0.9, 0.75, 0.5), side_light(0.7)):
        other = _stain(shift(field, 0.2)[0])
        assert other.density == pytest.approx(plain.density, rel=0.06)
        assert other.colour == pytest.approx(plain.colour, abs=0.1)
    for um_per_px in (0.08, 0.3):
        other = _stain(drawn_field(um_per_px, size=(720, 960), nuclei=1))
        assert other.density == pytest.approx(plain.density, rel=0.1)


@pytest.mark.parametrize("strength", [1.4, 0.5, 0.2])
def test_a_paler_stain_is_measured_as_so_much_paler(strength: float) -> None:
    field = drawn_field(0.2, size=(720, 960), nuclei=3)
    plain, other = _stain(field), _stain(stain(strength)(field, 0.2)[0])
    assert other.density == pytest.approx(strength * plain.density, rel=0.12)


def test_where_red_cells_are_few_nothing_is_said() -> None:
    glass = np.random.default_rng(0).normal(225, 2.0, (480, 640, 3)).astype(np.uint8)
    assert red_stain(glass) is None
    assert red_stain(np.zeros((480, 640, 3), np.uint8)) is None
    assert red_stain(np.full((8, 8, 3), 200, np.uint8)) is None
    assert red_stain(thin(0.02)(drawn_field(0.2, size=(720, 960)), 0.2)[0]) is None


def _grey(rgb: np.ndarray) -> np.ndarray:
    """As a camera without colour gives it, here through a filter of its own tint."""
    grey = rgb.astype(float) @ (0.3, 0.6, 0.1)
    return (grey[..., None] * (0.95, 1.0, 0.9)).round().astype(np.uint8)


def test_a_camera_without_colour_is_told_from_every_stain() -> None:
    field = drawn_field(0.2, size=(720, 960), nuclei=3)
    assert not _stain(field).colourless
    assert not _stain(stain(0.5)(field, 0.2)[0]).colourless
    assert _stain(_grey(field)).colourless


@pytest.mark.parametrize(
    "source",
    ["jhu_wide_fields", "bccd_fields", "chula_red_cells", "raabin_phone", "barcelona_normal",
     "munich_aml"],
)  # fmt: skip
def test_no_real_stain_is_colourless_and_every_grey_copy_is(source: str) -> None:
    pictures = [rgb for _, rgb in real_pictures(source, 12, seed=5)]
    nearest = min(max(map(abs, _stain(rgb).colour)) for rgb in pictures)
    print(f"{source}: colour at least {nearest:.2f}")
    assert not any(_stain(rgb).colourless for rgb in pictures)
    assert all(_stain(_grey(rgb)).colourless for rgb in pictures)


def test_neighbouring_parts_of_a_real_slide_agree_within_a_few_percent() -> None:
    for _, rgb in real_pictures("jhu_wide_fields", 4, seed=3):
        half = rgb.shape[1] // 2
        left, right = _stain(rgb[:, :half]), _stain(rgb[:, half:])
        assert left.density == pytest.approx(right.density, rel=0.12)
        assert left.colour == pytest.approx(right.colour, abs=0.06)
