"""Dark bands that a lamp on the mains lays over a frame, and what only looks like them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.coach import fields
from bench.shifts import Shift, bands, crowded, jpeg, side_light, vignetting
from edge.camera.source import open_camera
from edge.imaging.flicker import LampWatch, bands_of
from tests.shared_data import shared_zip

Rgb = NDArray[np.uint8]
UM_PER_PX = 0.2


@pytest.fixture(scope="module")
def smear() -> Rgb:
    with open_camera("phantom:healthy?seed=31&frames=1") as camera:
        return np.array(next(iter(camera.frames())).rgb)


def _stripes(rgb: Rgb, count: float, dark: float) -> Rgb:
    """A lamp dimmed by switching: light for half of each period, and nearly none for the other."""
    height = rgb.shape[0]
    lit = (count * np.arange(height) / height) % 1 < 0.5
    return (rgb * np.where(lit, 1.0, dark)[:, None, None]).astype(np.uint8)


@pytest.mark.parametrize("count", [1.5, 3.3, 8.0])
@pytest.mark.parametrize("depth", [0.05, 0.1, 0.3])
def test_bands_are_found_with_their_depth_and_number(
    smear: Rgb, depth: float, count: float
) -> None:
    found = bands_of(bands(depth, count, 0.3)(smear, UM_PER_PX)[0])
    assert found is not None
    assert found.depth == pytest.approx(depth, rel=0.5)
    assert found.count == pytest.approx(count, abs=0.5)


def test_black_stripes_are_bands_too(smear: Rgb) -> None:
    assert bands_of(_stripes(smear, 4.0, 0.02)) is not None


@pytest.mark.parametrize(
    "shift", [vignetting(0.6), side_light(0.5), crowded(4), jpeg(40)], ids=["dim", "side", "4", "j"]
)
def test_shading_thick_parts_and_compression_are_no_bands(smear: Rgb, shift: Shift) -> None:
    assert bands_of(smear) is None
    assert bands_of(shift(smear, UM_PER_PX)[0]) is None


def test_upright_stripes_are_none_of_a_rolling_shutter(smear: Rgb) -> None:
    turned = bands(0.2, 3.3, 0.3)(np.rot90(smear), UM_PER_PX)[0]
    assert bands_of(np.ascontiguousarray(np.rot90(turned, -1))) is None


def test_half_a_band_is_seen_once_it_wanders(smear: Rgb) -> None:
    """In one frame it cannot be told from the shading of the optics."""
    watch = LampWatch()
    seen = [watch.see(bands(0.1, 0.6, 0.3 * i)(smear, UM_PER_PX)[0]) for i in range(4)]
    assert seen == [False, True, True, True]


def test_a_lamp_turned_up_by_hand_does_not_flicker(smear: Rgb) -> None:
    watch = LampWatch()
    assert not any(watch.see((smear * g).astype(np.uint8)) for g in np.linspace(0.6, 1.0, 8))


def test_a_lamp_is_steady_again_after_a_while_without_bands(smear: Rgb) -> None:
    watch = LampWatch()
    assert watch.see(bands(0.2, 3.3, 0.0)(smear, UM_PER_PX)[0])
    later = [watch.see(smear) for _ in range(10)]
    assert later[0], "bands that wander are faint in some frames"
    assert not later[-1]


def test_a_picture_of_one_cell_is_too_small_to_tell() -> None:
    assert bands_of(bands(0.3, 3.0, 0.0)(np.full((120, 180, 3), 200, np.uint8), 0.2)[0]) is None


def test_real_wide_fields_have_none_and_show_those_put_on() -> None:
    rng = np.random.default_rng(3)
    for rgb in fields(shared_zip("jhu_wide_fields").parent, "jhu_wide_fields", 10, (1920, 1080)):
        assert bands_of(rgb) is None
        assert bands_of(bands(0.1, rng.uniform(1.5, 8), rng.uniform())(rgb, UM_PER_PX)[0])
