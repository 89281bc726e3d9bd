"""A folder of pictures with the same ground in several of them: where do they lie?"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edge.camera.phantom import PhantomCamera, open_phantom
from edge.imaging.repeats import Repeats, RepeatSettings
from edge.imaging.stage import Place
from tests.shared_data import shared_zip

Rgb = NDArray[np.uint8]
UM_PER_PX = 0.2


def _seen(pictures: list[Rgb], settings: RepeatSettings | None = None) -> tuple[list[Place], int]:
    repeats = Repeats(UM_PER_PX, settings)
    apart = [Place(i, 0.0, 0.0, True, 1.0) for i in range(len(pictures))]
    places = [repeats.place_of(rgb, place) for rgb, place in zip(pictures, apart, strict=True)]
    return places, repeats.count


def _saved(rgb: Rgb, quality: int) -> Rgb:
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file).convert("RGB"))


@pytest.fixture(scope="module")
def wide() -> Rgb:
    """A wide field: pictures of neighbouring ground are cut out of it."""
    camera = open_phantom("healthy", seed=3, viewport_px=(1600, 1200), frames=1)
    return next(iter(camera.frames())).rgb


@pytest.fixture(scope="module")
def others() -> list[Rgb]:
    """Fields of other slides."""
    cameras: list[PhantomCamera] = [
        open_phantom("healthy", seed=seed, viewport_px=(800, 600), frames=1)
        for seed in range(20, 28)
    ]
    return [next(iter(camera.frames())).rgb for camera in cameras]


@pytest.mark.parametrize(
    "again",
    [
        pytest.param(lambda rgb: rgb, id="copied"),
        pytest.param(lambda rgb: _saved(rgb, 40), id="saved again, small"),
        pytest.param(lambda rgb: (rgb * 0.7).astype(np.uint8), id="with the lamp turned down"),
    ],
)
def test_one_field_taken_twice_lies_where_it_lay(wide: Rgb, again: Callable[[Rgb], Rgb]) -> None:
    field = wide[:600, :800]
    (first, second), count = _seen([field, again(field)])
    assert (first.new_place, second.new_place, count) == (True, False, 1)
    assert second.place == first.place
    assert abs(second.x_um) < 0.5
    assert abs(second.y_um) < 0.5


@pytest.mark.parametrize(("x_px", "y_px"), [(400, 0), (0, 300), (360, 90), (-400, 200)])
def test_a_neighbour_lies_beside_it(wide: Rgb, x_px: int, y_px: int) -> None:
    """A film of the stage, or a hand that takes picture after picture."""
    left, top = 400, 300
    one = wide[top : top + 600, left : left + 800]
    other = wide[top + y_px : top + y_px + 600, left + x_px : left + x_px + 800]
    (_, second), count = _seen([one, other])
    assert count == 1
    assert (second.x_um, second.y_um) == pytest.approx((x_px * 0.2, y_px * 0.2), abs=1.0)


def test_fields_of_other_slides_lie_apart(others: list[Rgb]) -> None:
    places, count = _seen(others)
    assert count == 0
    assert [place.place for place in places] == list(range(len(others)))


def test_a_field_seen_long_ago_is_known_again(wide: Rgb, others: list[Rgb]) -> None:
    """The folder of two sittings: the second begins where the first did."""
    field = wide[:600, :800]
    few = RepeatSettings(recent=2, alike=1)
    places, count = _seen([field, *others, field], few)
    assert count == 1
    assert places[-1].place == places[0].place


def test_a_picture_of_another_size_may_be_of_another_scale(wide: Rgb) -> None:
    field = wide[:600, :800]
    _, count = _seen([field, np.asarray(Image.fromarray(field).reduce(2))])
    assert count == 0


def test_empty_glass_is_no_known_ground() -> None:
    """Nothing can be told from nothing."""
    glass = np.full((600, 800, 3), 230, dtype=np.uint8)
    _, count = _seen([glass, glass])
    assert count == 0


@pytest.mark.parametrize("name", ["barcelona_normal", "munich_aml"])
def test_single_cells_of_a_real_slide_are_not_taken_for_each_other(name: str) -> None:
    """Each shows one cell in its middle, and many look alike."""
    with zipfile.ZipFile(shared_zip(name)) as archive:
        names = [each for each in archive.namelist() if each.endswith(".webp")]
        drawn = np.random.default_rng(1).permutation(len(names))[:250]
        files = [archive.read(names[i]) for i in drawn]
    pictures = [np.asarray(Image.open(io.BytesIO(file)).convert("RGB")) for file in files]
    _, count = _seen(pictures)
    assert count == 0
