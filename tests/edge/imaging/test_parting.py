"""Nuclei pressed together are parted along the seam between them; one nucleus stays one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.imaging.parting import FEATURES, Graph, PartingSettings, part_pressed, seams

UM_PER_PX = 0.4
Discs = list[tuple[float, float, float]]


def nuclei(discs: Discs, seam: float = 0.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Mask and stain of round nuclei (x, y, radius in um) pressed together; chromatin is grainy.

    Args:
        seam: How much paler the line half-way between two discs is, 0 to 1.
    """
    side = 150
    y, x = np.mgrid[0:side, 0:side] * UM_PER_PX
    away = np.stack([np.hypot(x - cx, y - cy) - radius for cx, cy, radius in discs])
    own = (away < 0).any(axis=0)
    grain = np.random.default_rng(seed).normal(0, 0.08, (side, side))
    stain = np.where(own, 1.0 + grain, 0.1).astype(np.float32)
    if len(discs) > 1:
        first, second = np.sort(away, axis=0)[:2]
        stain[own & (second - first < 0.7)] *= 1 - seam
    return own, stain


def count(discs: Discs, seam: float = 0.0) -> int:
    own, stain = nuclei(discs, seam)
    return int(part_pressed(own, stain, UM_PER_PX).max())


@pytest.mark.parametrize("radius", [4.0, 5.0, 6.5])
def test_one_round_nucleus_is_one(radius):
    assert count([(30, 30, radius)]) == 1


def test_two_nuclei_with_a_pale_seam_are_two_however_closely_pressed():
    assert count([(25, 30, 6), (34, 30, 6)], seam=0.35) == 2


def test_each_half_of_a_pair_is_one_of_the_nuclei():
    own, stain = nuclei([(25, 30, 6), (35, 30, 6)], seam=0.35)
    parts = part_pressed(own, stain, UM_PER_PX)
    y, x = np.nonzero(parts)
    left = parts[y, x] == parts[75, 62]
    assert x[left].mean() * UM_PER_PX == pytest.approx(25, abs=1)
    assert x[~left].mean() * UM_PER_PX == pytest.approx(35, abs=1)


def test_a_chain_of_four_is_four():
    assert count([(12 + 10 * i, 30 + 2 * (i % 2), 5.8) for i in range(4)], seam=0.35) == 4


def test_a_seam_is_seen_and_even_stain_has_none():
    _, stain = nuclei([(25, 30, 6), (34, 30, 6)], seam=0.35)
    paler = seams(stain, UM_PER_PX, PartingSettings())
    assert paler[68:82, 72:76].max(axis=1).mean() > 0.15
    flat = seams(np.ones((40, 40), np.float32), UM_PER_PX, PartingSettings())
    assert flat.max() == 0.0


@settings(derandomize=True, max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.floats(0.25, 0.5), st.integers(1, 6))
def test_whatever_the_piece_every_pixel_gets_one_number(seed, um_per_px, patches):
    rng = np.random.default_rng(seed)
    own = np.zeros((40, 50), bool)
    for _ in range(patches):
        top, left = rng.integers(0, 30, 2)
        own[top : top + rng.integers(1, 12), left : left + rng.integers(1, 15)] = True
    stain = rng.uniform(0, 2, own.shape).astype(np.float32)
    parts = part_pressed(own, stain, um_per_px)
    assert ((parts > 0) == own).all()
    assert set(np.unique(parts[own])) == set(range(1, int(parts.max()) + 1))


def test_joining_keeps_area_and_borders_in_order():
    own, stain = nuclei([(25, 30, 6), (35, 30, 6)], seam=0.35)
    graph = Graph.of(own, stain, UM_PER_PX, PartingSettings())
    while graph.borders:
        graph.join(*next(iter(graph.borders)))
        assert sum(part.area for part in graph.parts.values()) == own.sum()
        assert all(a < b and {a, b} <= set(graph.parts) for a, b in graph.borders)
    assert len(graph.parts) == 1


def test_weights_of_another_number_of_features_are_refused():
    with pytest.raises(ValueError, match=str(len(FEATURES))):
        PartingSettings(weights=(1.0,))
