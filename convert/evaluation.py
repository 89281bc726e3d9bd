"""The figures of one network, float or int8, on the holdout."""

from __future__ import annotations

from typing import Any

import numpy as np

from convert.cells import CellSet
from convert.figures import Flags, Floats, calibration_error, roc_auc, share
from convert.operating_point import Answers


def figures_of(cells: CellSet, answers: Answers) -> dict[str, Any]:
    """Figures for ``bundle.json`` and the model card; rates are of cells, all patients together.

    ``auc`` and ``ece`` are over all signed white cells; ``sensitivity`` and ``false_blast_rate``
    over those the network took for white cells, before and (``answered_``) after abstention.
    """
    figures = _figures(cells, answers, np.ones(len(cells), dtype=bool))
    figures["accuracy"] = _rounded(share(answers.scores.best == cells.label_index))
    sources = np.array([cell.source for cell in cells.cells])
    figures["by_source"] = {
        source: _figures(cells, answers, sources == source) for source in sorted(set(sources))
    }
    return figures


def _figures(cells: CellSet, answers: Answers, chosen: Flags) -> dict[str, Any]:
    white = cells.is_white & chosen
    p_blast: Floats = answers.scores.p_blast
    blasts, others = white & cells.is_blast, white & ~cells.is_blast
    return {
        "cells": int(white.sum()),
        "blasts": int(blasts.sum()),
        "auc": _rounded(roc_auc(cells.is_blast[white], p_blast[white])),
        "ece": _rounded(calibration_error(cells.is_blast[white], p_blast[white])),
        "sensitivity": _rounded(share(answers.flagged[blasts & answers.counted])),
        "false_blast_rate": _rounded(share(answers.flagged[others & answers.counted])),
        "answered_sensitivity": _rounded(share(answers.flagged[blasts & answers.answered])),
        "answered_false_blast_rate": _rounded(share(answers.flagged[others & answers.answered])),
        "abstained": _rounded(share(~answers.answered[white & answers.counted])),
        "taken_for_artefacts": _rounded(share(~answers.counted[white])),
        "artefacts_counted": _rounded(share(answers.counted[chosen & ~cells.is_white])),
    }


def _rounded(value: float | None) -> float | None:
    """Five digits are more than any of these sets can tell."""
    return None if value is None else round(value, 5)
