"""The kinds of things a smear shows besides red cells, and how to draw each by name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edge.camera.smear.canvas import Canvas
from edge.camera.smear.debris import draw_platelet, draw_smudge
from edge.camera.smear.granulocytes import draw_basophil, draw_eosinophil, draw_neutrophil
from edge.camera.smear.mononuclear import draw_blast, draw_lymphocyte, draw_monocyte
from edge.camera.smear.parts import Drawn

WHITE_CELLS = ("blast", "neutrophil", "lymphocyte", "monocyte", "eosinophil", "basophil")
ARTEFACTS = ("smudge", "platelet")

_DRAW: dict[str, Callable[[np.random.Generator, Canvas, float], Drawn]] = {
    "blast": draw_blast,
    "neutrophil": draw_neutrophil,
    "lymphocyte": draw_lymphocyte,
    "monocyte": draw_monocyte,
    "eosinophil": draw_eosinophil,
    "basophil": draw_basophil,
    "smudge": draw_smudge,
    "platelet": draw_platelet,
}


def draw(kind: str, diameter_um: float, rng: np.random.Generator, canvas: Canvas) -> Drawn:
    """One cell of a kind and mean diameter, in the middle of the canvas.

    Raises:
        KeyError: No such kind; ``WHITE_CELLS`` and ``ARTEFACTS`` list them.
    """
    return _DRAW[kind](rng, canvas, diameter_um)
