"""What tuning patients are too few to say: how sure a network of this recipe may be.

A temperature set on a handful of patients, and on laboratories that are in training as well, makes
scores surer than patients never seen bear out. The calls of a whole cross-validation show by how
much; a straight line on the log-odds takes it back (Platt 1999).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any, Final

import numpy as np

from convert.figures import Flags, Floats
from edge.errors import DataMissing
from edge.inference.recalibration import AS_IT_IS, Recalibration

_STEPS: Final = 50
_HALVINGS: Final = 30
_LEAST_GAIN: Final = 1e-12
_RIDGE: Final = 1e-6
_SLOPES: Final = (0.05, 20.0)


def fit_line(log_odds: Floats, is_blast: Flags, sources: Sequence[str]) -> Recalibration:
    """The line that makes what was signed likeliest.

    Args:
        log_odds: shape (cells,), of the calibrated p_blast of cells that the networks never saw.
        is_blast: As signed.
        sources: Laboratory of each; each counts by the root of its cells, so that the largest
            does not decide alone.
    """
    _, which, counts = np.unique(sources, return_inverse=True, return_counts=True)
    weight = (1.0 / np.sqrt(counts))[which]
    given = np.stack([log_odds, np.ones(len(log_odds))], axis=1)
    line = np.array([1.0, 0.0])
    for _ in range(_STEPS):
        better = _newton(given, is_blast, weight, line)
        if better is None:
            break
        line = better
    slope = float(np.clip(line[0], *_SLOPES))
    return Recalibration(round(slope, 4), round(float(line[1]), 4))


def read_line(report: dict[str, Any] | None) -> Recalibration | None:
    """That of a report of the trainer; None where it tells none, as older ones do.

    Raises:
        DataMissing: It is not two numbers, or the slope is out of range.
    """
    told = None if report is None else report.get("recalibration")
    if told is None:
        return None
    try:
        slope, shift = float(told["slope"]), float(told["shift"])
        if not (_SLOPES[0] <= slope <= _SLOPES[1] and isfinite(shift)):
            raise ValueError(f"slope must lie between {_SLOPES[0]:g} and {_SLOPES[1]:g}")
    except (TypeError, KeyError, ValueError) as error:
        raise DataMissing(
            f"The report's recalibration cannot be used: {error}.", "See `train evaluate`."
        ) from error
    return Recalibration(slope, shift)


def _newton(given: Floats, is_blast: Flags, weight: Floats, line: Floats) -> Floats | None:
    """A step to where the loss is less, halved until it is; None where there is no such place."""
    wanted = AS_IT_IS.apply(given @ line)
    downhill = given.T @ (weight * (is_blast - wanted))
    bend = (given * (weight * wanted * (1.0 - wanted))[:, None]).T @ given
    step = np.linalg.solve(bend + _RIDGE * np.eye(2), downhill)
    now = _loss(given, is_blast, weight, line)
    for _ in range(_HALVINGS):
        if _loss(given, is_blast, weight, line + step) < now - _LEAST_GAIN * weight.sum():
            better: Floats = line + step
            return better
        step = step / 2.0
    return None


def _loss(given: Floats, is_blast: Flags, weight: Floats, line: Floats) -> float:
    """Negative log-likelihood of what was signed."""
    odds = given @ line
    return float((weight * (np.logaddexp(0.0, odds) - is_blast * odds)).sum())
