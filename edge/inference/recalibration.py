"""How sure p_blast may be: a straight line on its log-odds.

What a network's own calibration cells are too few to say is learnt from the calls of a whole
cross-validation (``convert.recalibration``). No order of cells changes by it, and no label.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Recalibration:
    """A straight line on the log-odds of p_blast (Platt 1999).

    Attributes:
        slope: Above 0; below 1 where scores were too sure.
        shift: Added after it.
    """

    slope: float
    shift: float

    def apply(self, log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probabilities, 0-1, from log-odds of p_blast; float64 of the shape given."""
        # In the logarithm: exact for certain answers too.
        made: NDArray[np.float64] = np.exp(
            -np.logaddexp(0.0, -(self.slope * log_odds + self.shift))
        )
        return made


AS_IT_IS: Final = Recalibration(1.0, 0.0)
