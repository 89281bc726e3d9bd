"""Amounts of stain to optical density (Beer-Lambert).

A Romanowsky stain is three dyes for our purpose: azure B bound to chromatin (purple), methylene
blue bound to RNA (blue), eosin bound to protein (pink to orange). Optical densities add along the
path of light, so overlapping cells need no special case: ``T = 10 ** -(sum of amount x vector)``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatImage = NDArray[np.float32]

AZURE, BLUE, EOSIN = 0, 1, 2


@dataclass(frozen=True)
class Stain:
    """Decadic optical density in linear light of one unit of each dye, for red, green, blue.

    The defaults were measured on white-normalised CellaVision cells: one unit of azure is the
    median nucleus of a blast.

    Attributes:
        azure: Dye bound to chromatin.
        blue: Dye bound to the RNA of cytoplasm.
        eosin: Dye bound to haemoglobin and to eosinophil granules.
        strength: All amounts are multiplied by it: a pale slide is below 1.
    """

    azure: tuple[float, float, float] = (0.77, 1.21, 0.35)
    blue: tuple[float, float, float] = (0.80, 0.66, 0.20)
    eosin: tuple[float, float, float] = (0.34, 0.88, 0.66)
    strength: float = 1.0

    def __post_init__(self) -> None:
        vectors = (self.azure, self.blue, self.eosin)
        if any(not 0 <= od < 4 for vector in vectors for od in vector):
            raise ValueError("an optical density per unit of stain must lie in 0 to 4")
        if not 0.1 <= self.strength <= 3:
            raise ValueError("stain strength must lie in 0.1 to 3")

    def matrix(self) -> FloatImage:
        """Dyes by colour channels, float32, shape (3, 3), strength included."""
        rows = np.array([self.azure, self.blue, self.eosin], dtype=np.float32)
        return (rows * self.strength).astype(np.float32)

    def density(self, amounts: FloatImage) -> FloatImage:
        """Optical density in linear light of stain amounts.

        Args:
            amounts: float32, shape (height, width, 3): azure, blue, eosin.

        Returns:
            float32, shape (height, width, 3): red, green, blue.
        """
        return (amounts @ self.matrix()).astype(np.float32)


def varied_stain(rng: np.random.Generator, spread: float = 1.0) -> Stain:
    """A stain as another day and another laboratory would make it.

    Args:
        rng: Source of chance.
        spread: 0 gives the default stain; 1 a usual difference between laboratories.
    """

    def vary(vector: tuple[float, float, float]) -> tuple[float, float, float]:
        factors = np.exp(rng.normal(0.0, 0.035 * spread, 3))
        red, green, blue = (float(v * f) for v, f in zip(vector, factors, strict=True))
        return red, green, blue

    default = Stain()
    return Stain(
        azure=vary(default.azure),
        blue=vary(default.blue),
        eosin=vary(default.eosin),
        strength=float(np.exp(rng.normal(0.0, 0.07 * spread))),
    )
