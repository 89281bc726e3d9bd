"""A cell too blurred to be judged is told by its own edges, at any magnification."""

from __future__ import annotations

import numpy as np
import pytest

from bench.shifts import blur, smear
from edge.imaging.cell_blur import cell_blur_um
from edge.imaging.locate import Candidate, locate
from edge.imaging.quality import QualitySettings
from tests.edge.imaging.smears import drawn_field, real_pictures

LIMIT_UM = QualitySettings().max_cell_blur_um


@pytest.mark.parametrize("um_per_px", [0.08, 0.12, 0.2, 0.25])
def test_a_sharp_cell_passes_and_one_in_motion_or_out_of_focus_does_not(um_per_px):
    rgb = drawn_field(um_per_px, size=(720, 960), nuclei=1, per_mm2=500, seed=3)
    (cell,) = locate(rgb, um_per_px)
    assert cell_blur_um(rgb, cell, um_per_px) < LIMIT_UM
    for worse in (smear(4.0), blur(1.2)):
        picture, _ = worse(rgb, um_per_px)
        (there,) = locate(picture, um_per_px)
        assert cell_blur_um(picture, there, um_per_px) > LIMIT_UM


def test_motion_is_told_whatever_its_direction():
    rgb = drawn_field(0.2, size=(480, 640), nuclei=1, per_mm2=500, seed=3)
    for picture in (rgb, rgb.transpose(1, 0, 2)):
        moved, _ = smear(4.0)(np.ascontiguousarray(picture), 0.2)
        for way in (moved, moved.transpose(1, 0, 2)):
            turned = np.ascontiguousarray(way)
            (cell,) = locate(turned, 0.2)
            assert cell_blur_um(turned, cell, 0.2) > LIMIT_UM


@pytest.mark.parametrize(
    "cell",
    [
        Candidate(20.0, 20.0, 40.0, 40.0, 60.0, 40.0, False),
        Candidate(0.0, 0.0, 1.0, 1.0, 1.0, 1.0, True),
        Candidate(200.0, 200.0, 40.0, 40.0, 60.0, 40.0, False),
    ],
)
def test_where_no_edge_is_seen_nothing_is_said(cell):
    grey = np.full((128, 128, 3), 120, np.uint8)
    assert np.isnan(cell_blur_um(grey, cell, 0.2))


@pytest.mark.parametrize(
    ("source", "um_per_px"),
    [("jhu_acute_leukemia", 0.2), ("munich_aml", 0.1414), ("bccd_fields", 0.0815)],
)
def test_real_cells_as_they_were_taken_pass_and_smeared_ones_do_not(source, um_per_px):
    passed, refused = [], []
    for _, rgb in real_pictures(source, 25, seed=5):
        for cell in locate(rgb, um_per_px)[:1]:
            passed.append(cell_blur_um(rgb, cell, um_per_px) <= LIMIT_UM)
        moved, _ = smear(4.0)(rgb, um_per_px)
        for cell in locate(moved, um_per_px)[:1]:
            refused.append(cell_blur_um(moved, cell, um_per_px) > LIMIT_UM)
    print(f"{source}: sharp {np.mean(passed):.2f} passed, smeared {np.mean(refused):.2f} refused")
    assert np.mean(passed) == 1.0
    assert np.mean(refused) >= 0.95
