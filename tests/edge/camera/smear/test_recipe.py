"""Recipes of smears."""

from __future__ import annotations

import pytest

from edge.camera.smear.recipe import KINDS, SmearSettings, with_blasts
from edge.camera.smear.white_cells import WHITE_CELLS


def test_every_recipe_names_cells_that_can_be_drawn():
    for settings in KINDS.values():
        assert {kind for kind, _ in settings.differential} <= set(WHITE_CELLS)


def test_healthy_blood_has_no_blasts_and_leukemic_half():
    assert "blast" not in dict(KINDS["healthy"].differential)
    assert dict(KINDS["leukemic"].differential)["blast"] == 0.5


def test_blasts_take_their_share_and_leave_the_others_in_proportion():
    shares = dict(with_blasts(KINDS["leukemic"], 0.2).differential)
    assert shares["blast"] == 0.2
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["neutrophil"] / shares["lymphocyte"] == pytest.approx(2)


@pytest.mark.parametrize(
    "wrong",
    [
        {"white_cells_per_field": 16},
        {"red_cells_per_field": float("nan")},
        {"red_cell_um": 0},
        {"differential": (("blast", 0.0),)},
    ],
)
def test_a_smear_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match="must"):
        SmearSettings(**wrong)
    with pytest.raises(ValueError, match="blast_share"):
        with_blasts(SmearSettings(), 1.5)
