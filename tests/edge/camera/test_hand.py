"""The hand covers its ground, gently, and always the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.camera.hand import HandSettings, walk

GROUND = (2900, 2950)
FIELD = (1280, 960)


def track(ground=GROUND, field=FIELD, hand=None, seed=0):
    hand = hand or HandSettings()
    return np.array([(p.x_px, p.y_px, p.smear_px) for p in walk(ground, field, hand, seed)])


def share_seen_at_rest(path, ground, field):
    seen = np.zeros((ground[1], ground[0]), bool)
    for x, y, smear in path:
        if smear < 2:
            x, y = round(x), round(y)
            seen[y : y + field[1], x : x + field[0]] = True
    return seen.mean()


@settings(derandomize=True, max_examples=25, deadline=None)
@given(
    st.tuples(st.integers(100, 900), st.integers(100, 900)),
    st.integers(0, 1000),
    st.sampled_from([0.3, 1.0, 3.0]),
)
def test_all_of_the_ground_is_seen_at_rest_and_nothing_beyond_it(ground, seed, speed):
    field = (min(300, ground[0]), min(200, ground[1]))
    path = track(ground, field, HandSettings(speed=speed), seed)
    assert path[:, :2].min() >= 0
    assert path[:, 0].max() <= ground[0] - field[0]
    assert path[:, 1].max() <= ground[1] - field[1]
    assert share_seen_at_rest(path, ground, field) > 0.98


@pytest.mark.parametrize("seed", range(5))
def test_the_whole_wide_field_is_seen_at_rest(seed):
    assert share_seen_at_rest(track(seed=seed), GROUND, FIELD) > 0.999


def test_at_normal_speed_neighbouring_frames_share_two_thirds_of_the_field():
    steps = np.concatenate([np.diff(track(seed=seed)[:, :2], axis=0) for seed in range(5)])
    peak = (np.abs(steps) / FIELD).max()
    print(f"greatest step between frames: {peak:.2f} of the field")
    assert 0.2 < peak < 1 / 3


def test_a_quick_hand_needs_fewer_frames():
    lengths = [len(track(hand=HandSettings(speed=speed))) for speed in (0.5, 1.0, 2.0)]
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[0] > 1.5 * lengths[2]


def test_motion_blurs_and_rest_trembles():
    smear = track(seed=1)[:, 2]
    assert smear.max() > 20
    assert 0 < np.mean(smear < 1) < 0.8


def test_the_same_seed_walks_the_same_way_and_another_does_not():
    np.testing.assert_array_equal(track(seed=3), track(seed=3))
    assert not np.array_equal(track(seed=3)[:20], track(seed=4)[:20])


def test_a_field_as_large_as_the_ground_stays_where_it_is():
    path = track((640, 480), (640, 480))
    assert len(path) >= 3
    assert not path.any()


def test_a_field_larger_than_the_ground_is_refused():
    with pytest.raises(ValueError, match="does not fit"):
        track((100, 100), (101, 50))


@pytest.mark.parametrize(
    "wrong",
    [
        {"speed": 0},
        {"speed": float("nan")},
        {"overlap": 1.0},
        {"peak_step": 0.0},
        {"exposure_share": 2.0},
        {"pause_frames": (0, 3)},
        {"tremor_px": -1.0},
    ],
)
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match=r"must|shares|cannot"):
        HandSettings(**wrong)
