"""The scale measured from red cells, on fields whose scale is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.imaging.scale import ScaleEstimate, ScaleTracker, confirms_scale, measure_scale
from tests.edge.imaging.smears import drawn_field, real_pictures

# Read by eye from the burned-in bars: 8 um are 42 px and 20 um are 105 px in all fields that show
# one, so 0.1905 um/px. Two fields, another camera's, say "50.00" without a unit: left out. A few
# show no bar; they come from the same camera.
CHULA_UM_PER_PX = 0.1905
CHULA_WITHOUT_KNOWN_SCALE = {"images/713.jpg", "images/727.jpg"}


@pytest.mark.parametrize("um_per_px", [0.05, 0.08, 0.12, 0.2, 0.3, 0.4])
@pytest.mark.parametrize("nuclei", [0, 3])
def test_a_drawn_field_gives_its_scale(um_per_px: float, nuclei: int) -> None:
    # At least some 60 um wide: a few red cells are no ruler beside as many white ones.
    size = (960, 1280) if um_per_px < 0.1 else (480, 640)
    seed = int(um_per_px * 100)
    estimate = measure_scale(drawn_field(um_per_px, size=size, nuclei=nuclei, seed=seed))
    assert estimate is not None
    assert estimate.um_per_px == pytest.approx(um_per_px, rel=0.07)


@pytest.mark.parametrize("um_per_px", [0.05, 0.08, 0.12, 0.2, 0.3, 0.4])
def test_a_glance_confirms_the_scale_in_use_and_never_another_objective(um_per_px: float) -> None:
    size = (960, 1280) if um_per_px < 0.1 else (720, 960)
    field = drawn_field(um_per_px, size=size, nuclei=1, seed=int(um_per_px * 100))
    assert confirms_scale(field, um_per_px, 1.5)
    for times in (0.1, 0.25, 0.4, 0.5, 2.0, 2.5, 4.0, 10.0):
        assert not confirms_scale(field, um_per_px * times, 1.5), times


def test_a_glance_at_real_fields_confirms_their_scale_and_never_another_objective() -> None:
    """Of 30 fields of the thalassemia set nearly all; what is not confirmed is measured whole."""
    fields = real_pictures("chula_red_cells", 30, seed=9)
    kept = [rgb for name, rgb in fields if name not in CHULA_WITHOUT_KNOWN_SCALE]
    confirmed = sum(confirms_scale(rgb, CHULA_UM_PER_PX, 1.5) for rgb in kept)
    print(f"confirmed at a glance: {confirmed} of {len(kept)}")
    assert confirmed >= 0.85 * len(kept)
    for times in (0.25, 0.5, 2.0, 2.5):
        assert not any(confirms_scale(rgb, CHULA_UM_PER_PX * times, 1.5) for rgb in kept), times


def test_a_wide_frame_of_tiny_cells_gives_its_scale() -> None:
    estimate = measure_scale(drawn_field(0.4, size=(1080, 1920), seed=1))
    assert estimate is not None
    assert estimate.um_per_px == pytest.approx(0.4, rel=0.07)
    assert estimate.red_cells >= 20


def test_a_blurred_field_keeps_its_scale() -> None:
    estimate = measure_scale(drawn_field(0.15, blur_um=1.0, seed=2))
    assert estimate is not None
    assert estimate.um_per_px == pytest.approx(0.15, rel=0.1)


@pytest.mark.parametrize("noise", [0.0, 3.0, 12.0])
def test_empty_glass_gives_no_scale(noise: float) -> None:
    glass = np.random.default_rng(0).normal(220, noise, (480, 640, 3))
    assert measure_scale(np.clip(glass, 0, 255).astype(np.uint8)) is None


def test_straight_stripes_give_no_scale() -> None:
    stripes = np.full((480, 640, 3), 220, dtype=np.uint8)
    stripes[:, (np.arange(640) // 20) % 2 == 0] = 150
    assert measure_scale(stripes) is None


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 255))
@settings(max_examples=20, derandomize=True, deadline=None)
def test_any_small_plain_picture_is_answered_without_fault(h: int, w: int, level: int) -> None:
    assert measure_scale(np.full((h, w, 3), level, dtype=np.uint8)) is None


def test_the_tracker_grows_certain_and_is_not_moved_by_single_wrong_frames() -> None:
    tracker = ScaleTracker()
    assert tracker.estimate is None
    rng = np.random.default_rng(3)
    errors = []
    for i in range(40):
        value = 0.1 if i % 9 == 5 else 0.2 * float(np.exp(rng.normal(0, 0.08)))
        pooled = tracker.add(ScaleEstimate(value, 0.1, 5))
        assert pooled is not None
        errors.append(pooled.relative_error)
    assert pooled.um_per_px == pytest.approx(0.2, rel=0.03)
    assert errors[-1] < 0.75 * errors[0]
    assert tracker.changes == 0


def test_the_tracker_notices_another_objective() -> None:
    tracker = ScaleTracker()
    for _ in range(20):
        tracker.add(ScaleEstimate(0.2, 0.07, 20))
    for _ in range(6):
        tracker.add(ScaleEstimate(0.08, 0.07, 20))
    assert tracker.changes == 1
    assert tracker.estimate is not None
    assert tracker.estimate.um_per_px == pytest.approx(0.08, rel=0.01)


@pytest.mark.parametrize(
    ("source", "um_per_px"),
    [("barcelona_normal", 0.2), ("jhu_acute_leukemia", 0.2), ("munich_aml", 0.1414)],
)
def test_real_single_cells_pooled_over_twenty_pictures_give_the_scale(
    source: str, um_per_px: float
) -> None:
    singles, pools = [], []
    for seed in range(4):
        tracker = ScaleTracker()
        for _, rgb in real_pictures(source, 20, seed):
            reading = measure_scale(rgb)
            singles.append(np.nan if reading is None else reading.um_per_px / um_per_px - 1)
            if reading is not None:
                tracker.add(reading)
        assert tracker.estimate is not None
        pools.append(tracker.estimate.um_per_px / um_per_px - 1)
    within = float(np.mean(np.abs(singles) < 0.15))
    print(f"\n{source}: pooled errors {np.round(pools, 3)}, single within 15%: {within:.2f}")
    assert np.max(np.abs(pools)) < 0.05
    assert within >= 0.75


def test_real_red_cell_fields_against_their_scale_bars() -> None:
    errors, promised = [], []
    for name, rgb in real_pictures("chula_red_cells", 80):
        if name in CHULA_WITHOUT_KNOWN_SCALE:
            continue
        reading = measure_scale(rgb)
        errors.append(np.nan if reading is None else reading.um_per_px / CHULA_UM_PER_PX - 1)
        promised.append(np.nan if reading is None else reading.relative_error)
    found = np.array(errors)
    known = found[np.isfinite(found)]
    pull = float(np.sqrt(np.mean((known / np.array(promised)[np.isfinite(found)]) ** 2)))
    print(
        f"\nchula: {found.size} fields, answered {known.size}, median {np.median(known):+.3f}, "
        f"within 5% {np.mean(np.abs(found) < 0.05):.2f}, 15% {np.mean(np.abs(found) < 0.15):.2f}, "
        f"error over promised {pull:.2f}"
    )
    assert abs(np.median(known)) < 0.06
    assert np.mean(np.abs(found) < 0.15) >= 0.6
    assert np.mean(np.abs(found) < 0.40) >= 0.95
    assert pull < 2.0


@pytest.mark.parametrize(
    ("source", "count", "answered"), [("bccd_fields", 40, 0.6), ("raabin_phone", 40, 0.6)]
)
def test_real_fields_of_one_microscope_agree_with_each_other(
    source: str, count: int, answered: float
) -> None:
    readings = [measure_scale(rgb) for _, rgb in real_pictures(source, count)]
    values = np.array([r.um_per_px for r in readings if r is not None])
    away = values / np.median(values) - 1
    print(
        f"\n{source}: {np.median(values):.4f} um/px, answered {values.size}/{count}, "
        f"spread {away.std():.3f}, within 15% {np.mean(np.abs(away) < 0.15):.2f}"
    )
    assert values.size >= answered * count
    assert np.mean(np.abs(away) < 0.2) >= 0.8
    assert 0.05 < np.median(values) < 0.11


def test_real_wide_fields_have_the_scale_of_the_same_laboratory_single_cells() -> None:
    values = []
    for _, rgb in real_pictures("jhu_wide_fields", 10):
        reading = measure_scale(rgb[800:1880, 500:2420])
        assert reading is not None
        values.append(reading.um_per_px)
    print(f"\nwide fields: {np.median(values):.3f} um/px, spread {np.std(values):.3f}")
    assert np.median(values) == pytest.approx(0.2, rel=0.05)
