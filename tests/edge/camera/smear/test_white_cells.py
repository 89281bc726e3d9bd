"""What tells the kinds apart under the microscope is true of the rendered ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import binary_erosion, label, uniform_filter

from edge.camera.smear.canvas import Canvas
from edge.camera.smear.sizes import diameter_um
from edge.camera.smear.stain import AZURE, BLUE, EOSIN
from edge.camera.smear.white_cells import ARTEFACTS, WHITE_CELLS, draw

CANVAS = Canvas(321, 0.1)
COUNT = 12


@pytest.fixture(scope="module")
def drawn():
    cells = {}
    for kind in (*WHITE_CELLS, *ARTEFACTS):
        rng = np.random.default_rng(list(kind.encode()))
        cells[kind] = [draw(kind, diameter_um(kind, rng), rng, CANVAS) for _ in range(COUNT)]
    return cells


def nuclear_share(cells):
    return np.mean([cell.nucleus_um2 / cell.area_um2 for cell in cells])


def nucleus(cell):
    return uniform_filter(cell.amounts[..., AZURE], 7) > 0.55


def cytoplasm(cell):
    inside = cell.amounts.sum(axis=2) > 0.1
    return binary_erosion(inside & ~nucleus(cell), iterations=5)


def test_nothing_is_drawn_beyond_the_canvas_or_below_nothing(drawn):
    for cells in drawn.values():
        for cell in cells:
            assert cell.amounts.min() >= 0
            frame = np.concatenate(
                [cell.amounts[[0, -1]].ravel(), cell.amounts[:, [0, -1]].ravel()]
            )
            assert frame.max() == 0


def test_a_blast_is_large_and_nearly_all_nucleus(drawn):
    shares = {kind: round(float(nuclear_share(drawn[kind])), 2) for kind in WHITE_CELLS}
    print("share of the cell that is nucleus:", shares)
    assert 0.7 < shares["blast"] < 0.92
    assert 0.7 < shares["lymphocyte"] < 0.95
    assert 0.35 < shares["monocyte"] < 0.65
    assert 0.3 < shares["neutrophil"] < 0.55
    areas = {kind: np.mean([c.nucleus_um2 for c in drawn[kind]]) for kind in WHITE_CELLS}
    assert areas["blast"] > 1.3 * areas["monocyte"] > 1.3 * areas["lymphocyte"]


def test_blasts_have_paler_and_more_even_chromatin_than_lymphocytes(drawn):
    def mean_and_clumps(kind):
        means, clumps = [], []
        for cell in drawn[kind]:
            inner = binary_erosion(nucleus(cell), iterations=12)
            azure = cell.amounts[..., AZURE]
            blocks = azure[:318, :318].reshape(53, 6, 53, 6).mean(axis=(1, 3))
            whole = inner[:318, :318].reshape(53, 6, 53, 6).all(axis=(1, 3))
            means.append(azure[inner].mean())
            clumps.append(blocks[whole].std() / blocks[whole].mean())
        return np.mean(means), np.mean(clumps)

    blast, lymphocyte = mean_and_clumps("blast"), mean_and_clumps("lymphocyte")
    print(f"azure and clumps: blast {blast}, lymphocyte {lymphocyte}")
    assert blast[0] < 0.8 * lymphocyte[0]
    assert blast[1] < 0.92 * lymphocyte[1]


def test_blasts_have_blue_cytoplasm_and_eosinophils_red(drawn):
    def dyes(kind):
        return np.mean([c.amounts[cytoplasm(c)].mean(axis=0) for c in drawn[kind]], axis=0)

    blast, eosinophil, neutrophil = dyes("blast"), dyes("eosinophil"), dyes("neutrophil")
    assert blast[BLUE] > 5 * blast[EOSIN]
    assert eosinophil[EOSIN] > 2 * eosinophil[AZURE]
    assert neutrophil.sum() < 0.7 * eosinophil.sum()


def test_lobed_nuclei_are_not_round_and_round_ones_are(drawn):
    def solidity(cell):
        parts, count = label(nucleus(cell))
        largest = parts == 1 + np.argmax([(parts == i + 1).sum() for i in range(count)])
        rows, columns = np.nonzero(largest)
        reach = np.hypot(rows - rows.mean(), columns - columns.mean()).max()
        return largest.sum() / (np.pi * reach**2)

    roundness = {k: np.mean([solidity(c) for c in drawn[k]]) for k in ("lymphocyte", "neutrophil")}
    print("nucleus by its enclosing circle:", roundness)
    assert roundness["lymphocyte"] > 0.75
    assert roundness["neutrophil"] < 0.66


def test_the_area_is_that_of_the_diameter_asked_for(drawn):
    rng = np.random.default_rng(4)
    for kind in WHITE_CELLS:
        radii = [draw(kind, 12.0, rng, CANVAS).radius_um for _ in range(6)]
        assert np.mean(radii) == pytest.approx(6.0, rel=0.04)


def test_an_unknown_kind_is_an_error():
    with pytest.raises(KeyError):
        draw("fish", 10.0, np.random.default_rng(0), CANVAS)
