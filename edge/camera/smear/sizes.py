"""How large each kind of cell is, in a dried smear."""

from __future__ import annotations

import numpy as np

# Mean, spread, least and greatest diameter, um (Bain, Blood Cells, 2015, and the nuclear areas
# of the public single-cell pictures).
_DIAMETER_UM: dict[str, tuple[float, float, float, float]] = {
    "blast": (15.7, 1.1, 13.2, 18.0),
    "neutrophil": (12.8, 0.8, 11.0, 14.5),
    "lymphocyte": (9.4, 0.5, 8.3, 10.6),
    "monocyte": (16.0, 0.9, 14.5, 18.0),
    "eosinophil": (13.4, 0.8, 11.8, 15.5),
    "basophil": (12.0, 0.8, 10.3, 13.8),
    "smudge": (13.0, 1.5, 10.5, 16.0),
    "platelet": (2.5, 0.45, 1.6, 4.0),
}


def diameter_um(kind: str, rng: np.random.Generator) -> float:
    """A diameter drawn for this kind, um.

    Raises:
        KeyError: No such kind.
    """
    mean, spread, least, greatest = _DIAMETER_UM[kind]
    return float(np.clip(rng.normal(mean, spread), least, greatest))


def greatest_um(kind: str) -> float:
    """No cell of this kind has a larger diameter, um."""
    return _DIAMETER_UM[kind][3]
