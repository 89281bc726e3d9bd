"""How good the network is per cell, and how much that differs from patient to patient."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class BetaSpread:
    """A rate that differs between patients, as a Beta(a, b) distribution.

    All cells of one slide share stain, day and disease, so they share one draw of the rate;
    counts over a slide are therefore beta-binomial, not binomial.

    Attributes:
        a: First shape parameter, positive and finite.
        b: Second shape parameter, positive and finite.

    Raises:
        ValueError: A shape parameter is not a positive finite number.
    """

    a: float
    b: float

    def __post_init__(self) -> None:
        for name, value in (("a", self.a), ("b", self.b)):
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"BetaSpread.{name} must be positive and finite, not {value}")

    @classmethod
    def from_mean_sd(cls, mean: float, sd: float) -> Self:
        """The Beta distribution of this mean and standard deviation between patients.

        Raises:
            ValueError: No Beta distribution has them: needs 0 < mean < 1 and
                0 < sd < sqrt(mean (1 - mean)).
        """
        if not (0 < mean < 1 and 0 < sd < math.sqrt(mean * (1 - mean))):
            raise ValueError(f"no Beta distribution has mean {mean} and sd {sd}")
        concentration = mean * (1 - mean) / sd**2 - 1
        return cls(mean * concentration, (1 - mean) * concentration)

    @property
    def mean(self) -> float:
        """Mean over patients, between 0 and 1."""
        return self.a / (self.a + self.b)

    @property
    def sd(self) -> float:
        """Standard deviation between patients."""
        return math.sqrt(self.mean * (1 - self.mean) / (self.concentration + 1))

    @property
    def concentration(self) -> float:
        """a + b: large where patients are alike; a patient's draw is worth this many cells."""
        return self.a + self.b


@dataclass(frozen=True)
class CertainSign:
    """Cells of very high score: rare on any slide, next to unknown on one without blasts.

    Attributes:
        sensitivity: Share of blasts that score so high, its spread between patients with blasts.
        false_rate: Share of other white cells that do, its spread between patients or donors
            without blasts.
    """

    sensitivity: BetaSpread
    false_rate: BetaSpread


@dataclass(frozen=True)
class OperatingPoint:
    """The network at its threshold, measured on answered cells of patients never trained on.

    Attributes:
        sensitivity: Share of blasts flagged, its spread between patients with blasts.
        false_blast_rate: Share of other white cells flagged, its spread between patients or
            donors without blasts.
        certain: The same at a much higher threshold; None where it was not measured.
    """

    sensitivity: BetaSpread
    false_blast_rate: BetaSpread
    certain: CertainSign | None = None
