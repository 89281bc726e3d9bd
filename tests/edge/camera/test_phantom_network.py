"""The network trained on real cells alone judges rendered cells rightly."""

from __future__ import annotations

import numpy as np
import pytest

from edge.camera.smear.single import examples
from edge.imaging.crop import CropSpec, crop_cell
from edge.inference.shelf import open_classifier

CELLS = 60
SEED = 900_000
NORMAL = ("neutrophil", "lymphocyte", "monocyte", "eosinophil", "basophil")


@pytest.fixture(scope="module")
def classifier():
    return open_classifier()


def flagged(classifier, kind):
    """Share of rendered cells that the device would flag; an abstention flags nothing."""
    spec = CropSpec(classifier.bundle.input.size_px, classifier.bundle.input.um_per_px)
    crops = [crop_cell(rgb, (90.5, 90.5), 0.2, spec) for rgb in examples(kind, CELLS, SEED)]
    return np.mean([call.blast is True for call in classifier.classify(np.stack(crops))])


def test_rendered_blasts_are_flagged(classifier):
    share = flagged(classifier, "blast")
    print(f"rendered blasts flagged: {share:.3f} of {CELLS}")
    assert share >= 0.95


@pytest.mark.parametrize("kind", NORMAL)
def test_rendered_normal_cells_are_not(classifier, kind):
    share = flagged(classifier, kind)
    print(f"rendered {kind}s flagged: {share:.3f} of {CELLS}")
    # Two of sixty may be; three are more than three percent.
    assert share <= 2 / CELLS
