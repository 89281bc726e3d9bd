"""What does not move with the slide is told from what does."""

from __future__ import annotations

import numpy as np
import pytest

from edge.imaging.dirt import Dirt, DirtSettings
from tests.edge.imaging.discs import cut, ground, view

SPECKS = [(100, 100, 25), (400, 300, 20), (500, 60, 12), (220, 400, 15)]


def dirty(rgb, specks=SPECKS):
    y, x = np.mgrid[0:480, 0:640]
    clear = np.ones((480, 640, 1))
    for speck_x, speck_y, radius in specks:
        clear[np.hypot(x - speck_x, y - speck_y) < radius] = 0.4
    return (rgb * clear).astype(np.uint8)


def corners(count=120):
    return [(round(i * 1300 / count), round(i * 800 / count)) for i in range(count)]


def learnt(smear, specks, count=120):
    dirt = Dirt()
    for i, (x, y) in enumerate(corners(count)):
        dirt.learn(view(dirty(cut(smear, x, y, noise=3, seed=i), specks)).field)
    return dirt


@pytest.mark.parametrize("crowding", [0.03, 0.35])
def test_specks_are_learnt_while_the_slide_moves(crowding):
    mask = learnt(ground(2000, 1600, seed=7, crowding=crowding), SPECKS).mask
    factor = 480 // mask.shape[0]
    assert all(mask[y // factor, x // factor] for x, y, _ in SPECKS)
    print(f"crowding {crowding}: {mask.mean():.3f} of the field masked")
    assert mask.mean() < 0.06


def test_a_clean_eyepiece_masks_nothing():
    mask = learnt(ground(2000, 1600, seed=7), []).mask
    assert mask.mean() < 0.002


def test_cells_at_rest_are_not_dirt_however_long_they_are_looked_at():
    dirt = Dirt()
    smear = ground(2000, 1600, seed=7)
    for i in range(100):
        dirt.learn(view(cut(smear, 300 + i % 2, 300, noise=3, seed=i)).field)
    assert dirt.mask is None


def test_dirt_wiped_off_is_forgotten():
    dirt = Dirt(DirtSettings(fields=8, forget_fields=20))
    smear = ground(2000, 1600, seed=7)
    for i, (x, y) in enumerate(corners(120)):
        field = cut(smear, x, y)
        dirt.learn(view(dirty(field) if i < 60 else field).field)
        if i == 59:
            assert dirt.mask.any()
    assert dirt.mask.mean() < 0.005


def test_before_anything_was_learnt_fields_pass_unchanged():
    field = view(cut(ground(2000, 1600, seed=7), 0, 0)).field
    np.testing.assert_array_equal(Dirt().clean(field), field)


@pytest.mark.parametrize("wrong", [{"dark": 0}, {"fields": 1}, {"forget_fields": 3}])
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match="must"):
        DirtSettings(**wrong)
