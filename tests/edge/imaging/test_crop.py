"""A cell comes out at one scale, size and colour, wherever and however it was photographed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from edge.imaging.background import WHITE_LEVEL
from edge.imaging.crop import CropSpec, crop_cell

SPEC = CropSpec()


def _cell_picture(
    um_per_px: float, side_um: float = 60.0, at_um: float = 30.0
) -> NDArray[np.uint8]:
    """A dark disc of 12 um on glass, at a scale."""
    side = round(side_um / um_per_px)
    y, x = (np.mgrid[0:side, 0:side] + 0.5) * um_per_px
    picture = np.full((side, side, 3), 228, dtype=np.uint8)
    picture[np.hypot(x - at_um, y - at_um) < 6.0] = (90, 60, 140)
    return picture


@pytest.mark.parametrize("um_per_px", [0.05, 0.1, 0.1414, 0.2, 0.25, 0.4])
def test_a_cell_has_the_same_size_at_every_scale(um_per_px: float) -> None:
    picture = _cell_picture(um_per_px)
    centre = 30.0 / um_per_px
    crop = crop_cell(picture, (centre, centre), um_per_px, SPEC)
    area_um2 = (crop[..., 1] < 150).sum() * SPEC.um_per_px**2
    diameter_um = 2 * np.sqrt(area_um2 / np.pi)
    rows, columns = np.nonzero(crop[..., 1] < 150)
    off_um = np.hypot(rows.mean() - 63.5, columns.mean() - 63.5) * SPEC.um_per_px
    print(f"{um_per_px} um/px: 12 um cell measures {diameter_um:.2f} um, {off_um:.3f} um off")
    assert crop.shape == (128, 128, 3)
    assert diameter_um == pytest.approx(12.0, abs=0.25)
    assert off_um < 0.15


def test_outside_the_picture_there_is_only_glass() -> None:
    picture = _cell_picture(0.2, at_um=4.0)
    crop = crop_cell(picture, (20.0, 20.0), 0.2, SPEC)
    assert (crop[:40, :40] == WHITE_LEVEL).all()


@settings(max_examples=40, deadline=None)
@given(
    width=st.integers(32, 120),
    height=st.integers(32, 120),
    x=st.floats(0, 1),
    y=st.floats(0, 1),
    um_per_px=st.floats(0.02, 1.0),
)
def test_every_centre_in_every_picture_gives_a_whole_crop(
    width: int, height: int, x: float, y: float, um_per_px: float
) -> None:
    rng = np.random.default_rng(width * height)
    picture = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    before = picture.copy()
    crop = crop_cell(picture, (x * width, y * height), um_per_px, SPEC)
    assert crop.shape == (128, 128, 3)
    assert crop.dtype == np.uint8
    assert (picture == before).all(), "the frame belongs to others too"


@pytest.mark.parametrize("um_per_px", [0.0, -0.2, float("nan"), float("inf"), 5.0])
def test_a_scale_of_no_microscope_is_refused(um_per_px: float) -> None:
    with pytest.raises(ValueError, match="not a microscope"):
        crop_cell(_cell_picture(0.2), (10.0, 10.0), um_per_px, SPEC)


def test_a_crop_at_its_own_scale_is_the_picture_itself() -> None:
    rng = np.random.default_rng(5)
    picture = rng.integers(60, 200, (180, 180, 3), dtype=np.uint8)
    picture[:40] = WHITE_LEVEL  # glass at its level already: colours stay
    crop = crop_cell(picture, (90.0, 90.0), 0.2, SPEC)
    middle = np.asarray(Image.fromarray(picture).crop((26, 26, 154, 154)))
    assert (crop == middle).all()
