"""The scores of every patient, as the bundle tells them: what a slide may look like."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from convert.cells import CellSet
from convert.figures import Floats
from edge.judgement.score_bins import BINS, SCORE_EDGES

_MOST_CELLS: Final = 400
"""A source of thousands of cells is one example of a slide, and counts as one of this many."""

_FEWEST_CELLS: Final = 20


def score_reference(cells: CellSet, p_blast: Floats) -> dict[str, Any]:
    """White cells in each bin of log-odds, for every patient, and source that names none.

    Args:
        cells: Whose; patients never trained on.
        p_blast: Calibrated, shape (cells,).

    Returns:
        The section ``score_reference`` of ``bundle.json``; without patients where none has 20
        cells.
    """
    held = np.clip(p_blast, 1e-12, 1 - 1e-12)
    place = np.searchsorted(SCORE_EDGES, np.log(held / (1 - held)), side="right")
    rows = []
    groups = np.array([f"{source}/{patient}".rstrip("/") for source, patient in cells.groups])
    for group in sorted(set(groups.tolist())):
        own = place[(groups == group) & cells.is_white]
        if len(own) < _FEWEST_CELLS:
            continue
        counts = np.bincount(own, minlength=BINS) * min(1.0, _MOST_CELLS / len(own))
        rows.append({"patient": group, "cells": [int(count) for count in np.round(counts)]})
    return {"edges": list(SCORE_EDGES), "patients": rows}
