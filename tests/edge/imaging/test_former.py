"""The quick code finds what the plain code found, on every window of real and rendered fields."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edge.camera.source import open_camera
from edge.imaging import (
    background,
    bodies,
    components,
    locate,
    nuclei,
    parting,
    reduction,
    stain_map,
)
from tests.edge.imaging import former
from tests.edge.imaging.smears import real_pictures

_SAME = [  # where it is called, by which name, and what it was
    (parting, "depth", former.depth),
    (parting, "seams", former.seams),
    (parting, "_calmed", former.calmed),
    (parting, "_basins", former.basins_of),
    (stain_map, "glass_surface", former.glass_surface),
    (nuclei, "fill_small_holes", former.fill_small_holes),
    (nuclei, "_near_pairs", former.near_pairs),
    (stain_map, "reduced", former.reduced),
    (stain_map, "white_level", former.white_level),
    (locate, "typical_density", former.typical_density),
    (locate, "plasma_mask", former.plasma_mask),
    (locate, "territory_of", former.territory_of),
    (locate, "body_of", former.body_of),
]
MASKS = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=14))


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each quick function was held against its plain form from now on."""
    times: Counter[str] = Counter()

    def beside(name: str, quick: Callable[..., Any], plain: Callable[..., Any]) -> Any:
        def both(*arguments: Any) -> Any:
            times[name] += 1
            given_ = quick(*arguments)
            np.testing.assert_array_equal(given_, plain(*arguments), err_msg=name)
            return given_

        return both

    for module, name, plain in _SAME:
        monkeypatch.setattr(module, name, beside(name, getattr(module, name), plain))
    return times


def test_in_rendered_fields(compared: Counter[str]) -> None:
    with open_camera("phantom:leukemic?seed=5&frames=2&white_cells_per_field=15") as camera:
        found = [locate.locate(frame.rgb, 0.2) for frame in camera.frames()]
    assert sum(map(len, found)) > 10
    assert len(compared) == len(_SAME)


def test_in_real_fields(compared: Counter[str]) -> None:
    fields = [rgb[:1080, :1920] for _, rgb in real_pictures("jhu_wide_fields", 4)]
    fields += [rgb for _, rgb in real_pictures("bccd_fields", 3)]
    found = [locate.locate(rgb, 0.24 if rgb.shape[1] > 640 else 0.08) for rgb in fields]
    print([len(cells) for cells in found])
    assert sum(map(len, found)) > 10
    assert len(compared) == len(_SAME)


@settings(derandomize=True, max_examples=100, deadline=None)
@given(MASKS, st.integers(0, 5))
def test_any_mask_grows_fills_and_deepens_as_before(mask, steps) -> None:
    np.testing.assert_array_equal(components.dilate(mask, steps), former.dilate(mask, steps))
    np.testing.assert_array_equal(components.depth(mask), former.depth(mask))
    np.testing.assert_array_equal(
        components.fill_small_holes(mask, steps), former.fill_small_holes(mask, steps)
    )


@settings(derandomize=True, max_examples=60, deadline=None)
@given(MASKS, st.integers(1, 3), st.randoms(use_true_random=False))
def test_any_piece_is_given_to_the_owners_it_had(mask, owners, random) -> None:
    mask[tuple(s // 2 for s in mask.shape)] = True
    labels, _ = components.label(mask)
    region = labels == labels[tuple(s // 2 for s in mask.shape)]
    places = np.argwhere(region)
    owner = np.zeros(mask.shape, dtype=np.int32)
    for number in range(1, owners + 1):
        owner[tuple(places[random.randrange(len(places))])] = number
    expected = former.spread(owner, region)
    nuclei._spread(owner, region)
    np.testing.assert_array_equal(owner, expected)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(MASKS, st.integers(1, 4), st.integers(1, 2), st.randoms(use_true_random=False))
def test_any_nucleus_has_the_territory_and_body_it_had(mask, reach, thin, random) -> None:
    rng = np.random.default_rng(random.randrange(2**32))
    kind = rng.integers(0, 3, mask.shape)
    own, others = mask & (kind == 0), mask & (kind == 1)
    own[tuple(s // 2 for s in own.shape)] = True
    others &= ~own
    np.testing.assert_array_equal(
        bodies.territory_of(own, others, reach), former.territory_of(own, others, reach)
    )
    plasma = rng.random(mask.shape) < 0.5
    cells = plasma | (rng.random(mask.shape) < 0.5)
    np.testing.assert_array_equal(
        bodies.body_of(own, plasma, cells, reach, thin),
        former.body_of(own, plasma, cells, reach, thin),
    )


@settings(derandomize=True, max_examples=60, deadline=None)
@given(
    hnp.arrays(np.uint8, st.tuples(st.integers(1, 300), st.integers(1, 40), st.just(3))),
    st.integers(1, 9),
)
def test_a_picture_in_strips_is_reduced_as_a_whole_one_is(rgb, factor) -> None:
    expected = former.reduced(rgb, factor)
    np.testing.assert_array_equal(reduction.reduced(rgb, factor), expected)
    np.testing.assert_array_equal(reduction.reduced_green(rgb, factor), expected[..., 1])


@settings(derandomize=True, max_examples=100, deadline=None)
@given(
    hnp.arrays(np.float32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12),
               elements=st.floats(0, 2, width=32)),
    st.sampled_from([0.2, 0.36, 0.5]),
)  # fmt: skip
def test_any_window_has_the_seams_hills_and_basins_it_had(stain, um_per_px) -> None:
    limits = parting.PartingSettings()
    np.testing.assert_array_equal(
        parting.seams(stain, um_per_px, limits), former.seams(stain, um_per_px, limits)
    )
    np.testing.assert_array_equal(parting._calmed(stain, 1), former.calmed(stain, 1))
    own = stain > 0.5
    hills = np.where(own, stain, np.float32(-1.0))
    np.testing.assert_array_equal(parting._basins(hills, own), former.basins_of(hills, own))


def test_green_by_samples_is_green_by_all_pixels_but_for_the_finest_detail() -> None:
    with open_camera("phantom:leukemic?seed=5&frames=1") as camera:
        (frame,) = camera.frames()
    for factor in (1, 3, 6, 7, 8, 40):
        height, width = (side // factor for side in frame.rgb.shape[:2])
        whole = reduction.reduced_green(frame.rgb, factor)[:height, :width].astype(int)
        taken = reduction.sampled_green(frame.rgb, factor)
        assert taken.shape == (height, width)
        assert np.abs(taken - whole).mean() < 1.5, factor
        assert np.corrcoef(taken.ravel(), whole.ravel())[0, 1] > 0.99


@settings(derandomize=True, max_examples=100, deadline=None)
@given(
    st.integers(1, 220), st.integers(1, 220), st.integers(1, 256), st.randoms(use_true_random=False)
)
def test_any_surroundings_have_the_glass_they_had(height, width, levels, random) -> None:
    """To the last bit: the network was trained on pixels relative to it."""
    rng = np.random.default_rng(random.randrange(2**32))
    rgb = rng.integers(0, levels, (height, width, 3)).astype(np.uint8)
    given_ = background.white_reference(rgb)
    assert given_.dtype == np.float32
    np.testing.assert_array_equal(given_, former.white_reference(rgb))


def test_the_widest_sensor_is_reduced_as_before() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (40, 8192, 3), dtype=np.uint8)
    np.testing.assert_array_equal(reduction.reduced_green(rgb, 7), former.reduced(rgb, 7)[..., 1])
