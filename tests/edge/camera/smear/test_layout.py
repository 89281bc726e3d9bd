"""The slide without end: the same wherever one comes from, with the densities asked for."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from edge.camera.smear.layout import Layout
from edge.camera.smear.recipe import KINDS, REFERENCE_FIELD_UM2

WIDE_UM = 1500.0


def slide(kind="healthy", seed=3):
    return Layout(KINDS[kind], kind, seed)


def test_a_part_looked_at_alone_is_the_same_as_in_passing():
    whole = slide().within(0, 0, 400, 400)
    part = slide().within(130, 210, 260, 330)
    assert part
    assert {t for t in whole if 130 <= t.x_um < 260 and 210 <= t.y_um < 330} == set(part)


def test_another_seed_or_kind_is_another_slide():
    assert set(slide(seed=1).within(0, 0, 300, 300)).isdisjoint(
        slide(seed=2).within(0, 0, 300, 300)
    )
    assert set(slide("leukemic").within(0, 0, 300, 300)).isdisjoint(slide().within(0, 0, 300, 300))


@pytest.mark.parametrize("kind", ["healthy", "leukemic", "crowded", "empty"])
def test_there_are_as_many_cells_as_asked_for(kind):
    fields = WIDE_UM**2 / REFERENCE_FIELD_UM2
    found = Counter(t.kind for t in slide(kind).within(0, 0, WIDE_UM, WIDE_UM))
    settings = KINDS[kind]
    red, platelets = found["red"] / fields, found["platelet"] / fields
    white = sum(found[name] for name, _ in settings.differential) / fields
    print(
        f"{kind}: a field holds {red:.0f} red, {white:.2f} white cells, {platelets:.1f} platelets"
    )
    # White cells push red ones aside.
    assert 0.85 * settings.red_cells_per_field <= red <= 1.06 * settings.red_cells_per_field
    assert platelets == pytest.approx(settings.platelets_per_field, rel=0.25)
    assert white == pytest.approx(settings.white_cells_per_field, rel=0.2, abs=0.08)


def test_white_cells_keep_apart_and_red_cells_beside_them():
    things = slide("leukemic").within(0, 0, 800, 800)
    white = [t for t in things if t.kind not in ("red", "platelet")]
    at = np.array([(t.x_um, t.y_um) for t in white])
    apart = np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1))
    np.fill_diagonal(apart, np.inf)
    assert apart.min() > 18.9
    red = np.array([(t.x_um, t.y_um) for t in things if t.kind == "red"])
    for cell in white:
        nearest = np.hypot(red[:, 0] - cell.x_um, red[:, 1] - cell.y_um).min()
        assert nearest > cell.diameter_um / 2 + 2.5


def test_some_red_cells_overlap_but_most_do_not():
    red = [t for t in slide().within(0, 0, 600, 600) if t.kind == "red"]
    at = np.array([(t.x_um, t.y_um) for t in red])
    apart = np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1))
    np.fill_diagonal(apart, np.inf)
    overlapping = np.mean(apart.min(axis=1) < 6.5)
    print(f"red cells that overlap another: {overlapping:.2f}")
    assert 0.05 < overlapping < 0.5


def test_the_slide_goes_on_to_the_left_of_its_origin():
    assert slide().within(-500, -500, -100, -100)
