"""Rendered smears under a hand: what is promised is in the pixels."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from edge.camera.phantom import open_phantom
from edge.camera.smear.recipe import KINDS
from edge.errors import SourceUnknown

SMALL = (320, 240)


def linear(rgb):
    return (rgb / 255.0) ** 2.2


def first_frame(kind, **options):
    return next(open_phantom(kind, viewport_px=(480, 360), **options).frames()).rgb


def test_the_same_seed_gives_the_same_frames():
    one, other = (open_phantom("leukemic", seed=4, viewport_px=SMALL) for _ in range(2))
    assert one.truth == other.truth
    for number in (0, 3, 9):
        np.testing.assert_array_equal(one.render(number), other.render(number))


def test_frames_do_not_depend_on_those_before():
    passed = open_phantom("healthy", seed=4, viewport_px=SMALL, frames=12)
    last = list(passed.frames())[-1]
    np.testing.assert_array_equal(
        last.rgb, open_phantom("healthy", seed=4, viewport_px=SMALL).render(11)
    )


def test_another_seed_is_another_slide():
    one, other = (open_phantom("healthy", seed=s, viewport_px=SMALL) for s in (1, 2))
    assert not np.array_equal(one.render(0), other.render(0))
    assert one.truth.cells != other.truth.cells


def test_it_obeys_the_protocol_and_ends_by_itself():
    with open_phantom("healthy", seed=1, viewport_px=SMALL, frames=5) as camera:
        assert camera.continuous
        frames = list(camera.frames())
        assert [frame.number for frame in frames] == list(range(5))
        assert all(f.rgb.shape == (240, 320, 3) and f.rgb.dtype == np.uint8 for f in frames)
        assert np.all(np.diff([frame.exposed_at_s for frame in frames]) > 0)
    assert list(camera.frames()) == []


@pytest.mark.parametrize("seed", range(6))
def test_a_healthy_way_passes_enough_white_cells_in_normal_proportions(seed):
    camera = open_phantom("healthy", seed=seed)
    counts = Counter(cell.kind for cell in camera.truth.white_cells)
    total = sum(counts.values())
    print(f"seed {seed}: {camera.length} frames, {total} white cells, {dict(counts)}")
    assert total >= 260
    assert counts["blast"] == 0
    assert counts["neutrophil"] / total == pytest.approx(0.60, abs=0.11)
    assert counts["lymphocyte"] / total == pytest.approx(0.30, abs=0.11)


@pytest.mark.parametrize("seed", range(6))
def test_a_leukemic_way_is_forty_to_sixty_percent_blasts(seed):
    truth = open_phantom("leukemic", seed=seed).truth
    print(f"seed {seed}: {truth.blast_share:.2f} blasts of {len(truth.white_cells)}")
    assert 0.40 <= truth.blast_share <= 0.60
    assert len(truth.white_cells) >= 260


def test_cells_lie_in_the_frame_where_the_truth_says():
    camera = open_phantom("leukemic", seed=2, viewport_px=(640, 480), frames=240)
    truth, looked_at = camera.truth, 0
    at_rest = [n for n in range(240) if truth.frames[n].smear_um < 0.2]
    for number in at_rest[::2]:
        place = truth.frames[number]
        light = linear(camera.render(number))[..., 0]
        for cell in truth.white_cells:
            x = (cell.x_um - place.x_um) / truth.um_per_px
            y = (cell.y_um - place.y_um) / truth.um_per_px
            if not (45 <= x < 595 and 45 <= y < 435) or cell.kind not in ("blast", "lymphocyte"):
                continue
            around = light[int(y) - 45 : int(y) + 45, int(x) - 45 : int(x) + 45]
            dark = around < 0.35 * np.percentile(light, 95)
            rows, columns = np.nonzero(dark)
            assert np.hypot(rows.mean() - 45, columns.mean() - 45) < 10
            diameter = 2 * np.sqrt(dark.sum() / np.pi) * truth.um_per_px
            assert 0.75 * cell.diameter_um < diameter < 1.1 * cell.diameter_um
            looked_at += 1
    print(f"{looked_at} cells found in their places")
    assert looked_at >= 10


def test_overlapping_frames_show_the_same_slide_shifted_by_the_truth():
    camera = open_phantom("healthy", seed=5, viewport_px=SMALL, frames=60)
    truth = camera.truth
    at_rest = [n for n in range(60) if truth.frames[n].smear_um < 0.2]
    compared = 0
    for one, other in pairwise(at_rest):
        dx = round((truth.frames[other].x_um - truth.frames[one].x_um) / 0.2)
        dy = round((truth.frames[other].y_um - truth.frames[one].y_um) / 0.2)
        if (dx == 0 and dy == 0) or max(abs(dx), abs(dy)) > 150:
            continue
        first = camera.render(one)[..., 1].astype(float)
        second = camera.render(other)[..., 1].astype(float)
        height, width = first.shape
        a = first[max(dy, 0) : height + min(dy, 0), max(dx, 0) : width + min(dx, 0)]
        b = second[max(-dy, 0) : height + min(-dy, 0), max(-dx, 0) : width + min(-dx, 0)]
        assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.98
        compared += 1
    assert compared >= 3


def test_red_cells_in_a_frame_have_the_diameter_of_the_truth():
    from scipy.ndimage import binary_fill_holes, label

    camera = open_phantom(
        "red_only", seed=3, red_cells_per_field=60, white_cells_per_field=0, frames=1
    )
    green = linear(camera.render(0))[..., 1]
    parts, count = label(binary_fill_holes(green < 0.8 * np.percentile(green, 95)))
    areas = np.bincount(parts.ravel())[1:] * camera.truth.um_per_px**2
    diameters = 2 * np.sqrt(areas[areas > 15] / np.pi)
    print(f"{count} things, median diameter {np.median(diameters):.2f} um")
    assert np.median(diameters) == pytest.approx(camera.truth.red_cell_um, rel=0.05)


@pytest.mark.parametrize("um_per_px", [0.05, 0.1, 0.3, 0.4])
def test_every_scale_can_be_rendered(um_per_px):
    camera = open_phantom("healthy", um_per_px=um_per_px, viewport_px=SMALL, frames=1)
    assert camera.truth.um_per_px == um_per_px
    assert camera.render(0).std() > 3


def test_the_troubled_kinds_have_their_trouble():
    healthy = first_frame("healthy", seed=1)
    assert first_frame("dark", seed=1).mean() < 0.4 * healthy.mean()
    glass = np.percentile(healthy[..., 1], 95) - 25
    assert np.mean(first_frame("empty", seed=1)[..., 1] < glass) < 0.05
    assert np.mean(first_frame("crowded", seed=1)[..., 1] < glass) > 0.45

    def sharpness(rgb):
        return np.abs(np.diff(rgb[..., 1].astype(float), axis=1)).mean()

    blurred = first_frame("defocused", seed=1)
    noise = sharpness(first_frame("empty", seed=1))
    assert sharpness(blurred) - noise < 0.4 * (sharpness(healthy) - noise)
    assert open_phantom("red_only", seed=1).truth.cells == ()


def test_options_change_what_they_name():
    truth = open_phantom("leukemic", blast_share=0.1, seed=1).truth
    assert truth.blast_share == pytest.approx(0.1, abs=0.06)
    assert open_phantom("healthy", defocus_um=2.0, frames=1).truth.optics.defocus_um == 2.0
    assert open_phantom("healthy", red_cell_um=9.0, frames=1).truth.red_cell_um == 9.0


def test_every_kind_can_be_opened():
    assert set(KINDS) >= {
        "healthy",
        "leukemic",
        "defocused",
        "empty",
        "crowded",
        "dark",
        "red_only",
    }
    for kind in KINDS:
        assert open_phantom(kind, viewport_px=SMALL, frames=1).render(0).shape == (240, 320, 3)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("martian", {}),
        ("healthy", {"blast_share": 1.2}),
        ("healthy", {"um_per_px": 0.0}),
        ("healthy", {"um_per_px": float("nan")}),
        ("healthy", {"viewport_px": (10, 10)}),
        ("healthy", {"speed": 0.0}),
        ("healthy", {"jpeg_quality": 101}),
    ],
)
def test_what_cannot_be_rendered_is_refused_with_the_reason(kind, options):
    with pytest.raises(SourceUnknown) as refused:
        open_phantom(kind, **options)
    assert refused.value.exit_status == 2
    assert refused.value.action
