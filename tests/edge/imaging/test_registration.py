"""Two fields that share ground are found to; two that do not are not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from edge.imaging.registration import (
    RegistrationSettings,
    View,
    details,
    overlap,
    reduction,
    register,
    register_near,
)
from tests.edge.imaging.discs import SETTINGS, UM_PER_PX, cut, ground, view

FACTOR = reduction((480, 640), UM_PER_PX, SETTINGS)
UM = FACTOR * UM_PER_PX


@pytest.fixture(scope="module")
def smear():
    return ground(2000, 1600)


def error_um(offset, x, y):
    return float(np.hypot(offset.x_px * FACTOR - x, offset.y_px * FACTOR - y) * UM_PER_PX)


def defocused(rgb, um):
    return np.asarray(Image.fromarray(rgb).filter(ImageFilter.GaussianBlur(um / UM_PER_PX)))


def smeared(smear, x, y, length):
    views = [cut(smear, x + i - length // 2, y).astype(float) for i in range(length)]
    return np.mean(views, axis=0).astype(np.uint8)


@settings(derandomize=True, max_examples=40, deadline=None)
@given(st.integers(-380, 380), st.integers(-280, 280))
def test_any_offset_up_to_six_tenths_of_the_field_is_found(x, y):
    smear = ground(2000, 1600)
    if overlap((480, 640), x, y) < 0.2:
        return
    found = register(view(cut(smear, 600, 500)), view(cut(smear, 600 + x, 500 + y)), SETTINGS)
    assert found is not None
    assert error_um(found, x, y) < 0.5
    assert abs(found.overlap - overlap((480, 640), x, y)) < 0.02


def test_offsets_are_found_to_a_fraction_of_the_reduced_pixel(smear):
    rng = np.random.default_rng(1)
    reference = view(cut(smear, 600, 500, noise=4))
    errors = []
    for i in range(40):
        x, y = (int(v) for v in rng.integers(-150, 150, 2))
        field = view(cut(smear, 600 + x, 500 + y, noise=4, seed=i + 1))
        errors.append(error_um(register(reference, field, SETTINGS), x, y))
    print(f"error: median {np.median(errors):.3f} um, greatest {max(errors):.3f} um")
    assert np.median(errors) < 0.1
    assert max(errors) < 0.3


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("a field twice as bright", lambda rgb: np.clip(rgb * 1.13, 0, 255).astype(np.uint8)),
        ("half the light", lambda rgb: rgb // 2),
        ("defocus of 1.5 um", lambda rgb: defocused(rgb, 1.5)),
        (
            "vignetting",
            lambda rgb: (rgb * np.linspace(0.5, 1, 640)[None, :, None]).astype(np.uint8),
        ),
    ],
)
def test_light_and_focus_may_change_between_fields(smear, what, change):
    found = register(
        view(cut(smear, 600, 500)), view(change(cut(smear, 800, 420, noise=4))), SETTINGS
    )
    assert found is not None, what
    print(f"{what}: agreement {found.agreement:.2f}, error {error_um(found, 200, -80):.3f} um")
    assert error_um(found, 200, -80) < 0.5


@pytest.mark.parametrize("blur_um", [2, 5, 8])
def test_a_field_in_motion_is_found(smear, blur_um):
    field = smeared(smear, 780, 520, round(blur_um / UM_PER_PX))
    found = register(view(cut(smear, 600, 500)), view(field), SETTINGS)
    assert found is not None
    print(f"blur of {blur_um} um: agreement {found.agreement:.2f}")
    assert error_um(found, 180, 20) < 1.5


def test_dirt_on_the_eyepiece_does_not_hold_the_field(smear):
    dirt = np.ones((480, 640, 1))
    for x, y, r in [(100, 100, 25), (400, 300, 40), (500, 60, 15), (220, 400, 30)]:
        gy, gx = np.mgrid[0:480, 0:640]
        dirt[np.hypot(gx - x, gy - y) < r] = 0.4
    fields = [(cut(smear, at, 500) * dirt).astype(np.uint8) for at in (600, 790)]
    found = register(view(fields[0]), view(fields[1]), SETTINGS)
    assert found is not None
    assert error_um(found, 190, 0) < 0.5


def test_fields_that_share_nothing_do_not_match():
    highest = -1.0
    loose = RegistrationSettings(min_agreement=0.01)
    for seed in range(12):
        a = view(cut(ground(640, 480, seed=2 * seed + 100), 0, 0))
        b = view(cut(ground(640, 480, seed=2 * seed + 101), 0, 0))
        assert register(a, b, SETTINGS) is None
        found = register(a, b, loose)
        highest = max(highest, found.agreement if found else -1.0)
    print(f"highest agreement of unrelated fields: {highest:.2f}")
    assert highest < 0.35


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_empty_glass_matches_nothing(smear, grey):
    empty = view(np.full((480, 640, 3), grey, np.uint8))
    assert register(empty, empty, SETTINGS) is None
    assert register(view(cut(smear, 0, 0)), empty, SETTINGS) is None
    assert empty.contrast == 0


def test_nearby_it_climbs_to_the_same_offset(smear):
    a, b = view(cut(smear, 600, 500)), view(cut(smear, 700, 540))
    far = register(a, b, SETTINGS)
    near = register_near(a, b, 100 / FACTOR + 1.4, 40 / FACTOR - 1.4, SETTINGS)
    assert far == near


def test_fineness_is_that_of_the_smear_not_of_the_crowd_and_falls_in_motion(smear):
    at_rest = [
        view(cut(ground(640, 480, seed=i, crowding=crowding), 0, 0)).fineness
        for i, crowding in enumerate([0.1, 0.2, 0.35, 0.5])
    ]
    moving = view(smeared(smear, 600, 500, round(5 / UM_PER_PX))).fineness
    print(f"fineness at rest {np.round(at_rest, 3)}, moving {moving:.3f}")
    assert max(at_rest) < 1.25 * min(at_rest)
    assert moving < 0.65 * min(at_rest)


@pytest.mark.parametrize(
    ("shape", "um_per_px", "factor"),
    [((960, 1280), 0.24, 7), ((1080, 1920), 0.05, 11), ((64, 64), 0.2, 1), ((480, 640), 5.0, 1)],
)
def test_a_field_is_reduced_to_the_size_of_cells_but_not_to_nothing(shape, um_per_px, factor):
    assert reduction(shape, um_per_px, SETTINGS) == factor


@settings(derandomize=True, max_examples=25, deadline=None)
@given(st.integers(32, 400), st.integers(32, 400), st.floats(0.03, 1.0))
def test_details_of_any_size_have_the_reduced_shape(width, height, um_per_px):
    rgb = np.random.default_rng(0).integers(0, 255, (height, width, 3), dtype=np.uint8)
    factor = reduction((height, width), um_per_px, SETTINGS)
    found = details(rgb, factor, um_per_px, SETTINGS)
    assert found.dtype == np.int8
    assert found.shape == (height // factor, width // factor)
    itself = register(View(found), View(found), SETTINGS)
    assert itself is None or (itself.x_px, itself.y_px) == (0.0, 0.0)


@pytest.mark.parametrize(
    "wrong",
    [{"pixel_um": 0}, {"surroundings_um": 1.0}, {"min_overlap": 1.5}, {"peaks": 0}],
)
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match=r"must|between"):
        RegistrationSettings(**wrong)


def test_a_field_of_awkward_size_is_transformed_at_a_quick_one_nearby() -> None:
    """274 = 2 x 137 points cost several times as much as 270."""
    assert View(np.zeros((154, 274), dtype=np.int8)).transformed_shape == (150, 270)
    assert View(np.zeros((96, 128), dtype=np.int8)).transformed_shape == (96, 128)


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.integers(-46, 46), st.integers(-30, 30))
def test_moments_are_those_of_what_two_fields_share(right, down) -> None:
    field = np.random.default_rng(1).integers(-127, 128, (31, 47)).astype(np.int8)
    rows = slice(max(0, down), 31 + min(0, down))
    columns = slice(max(0, right), 47 + min(0, right))
    part = field[rows, columns].astype(np.int64)
    assert View(field).moments(right, down) == (part.sum(), (part**2).sum())
