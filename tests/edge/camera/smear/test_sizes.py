"""Cells have the sizes of the books."""

from __future__ import annotations

import numpy as np
import pytest

from edge.camera.smear.sizes import diameter_um, greatest_um
from edge.camera.smear.white_cells import ARTEFACTS, WHITE_CELLS

# Least and greatest diameter in a dried smear, um.
BOOKS = {
    "blast": (12, 20),
    "neutrophil": (10, 15),
    "lymphocyte": (7, 12),
    "monocyte": (12, 20),
    "eosinophil": (11, 17),
    "basophil": (10, 15),
    "platelet": (1.5, 4),
    "smudge": (8, 20),
}


@pytest.mark.parametrize("kind", [*WHITE_CELLS, *ARTEFACTS])
def test_every_kind_keeps_within_its_sizes(kind):
    rng = np.random.default_rng(0)
    drawn = [diameter_um(kind, rng) for _ in range(300)]
    low, high = BOOKS[kind]
    assert low <= min(drawn)
    assert max(drawn) <= min(high, greatest_um(kind))
    assert np.std(drawn) > 0.3
