"""What white cells have in common: a body of cytoplasm, a nucleus, the stain of both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.camera.smear.canvas import Canvas, Outline, cover, rim, waves
from edge.camera.smear.stain import AZURE, BLUE, EOSIN, FloatImage


@dataclass(frozen=True)
class Drawn:
    """One cell as drawn.

    Attributes:
        amounts: Stain, float32, shape (size, size, 3): azure, blue, eosin.
        radius_um: Radius of the circle of the same area as the cell, um.
        area_um2: Area of the cell, um2.
        nucleus_um2: Area of its nucleus, um2; 0 where there is none.
    """

    amounts: FloatImage
    radius_um: float
    area_um2: float
    nucleus_um2: float


class Palette:
    """Stain being laid onto one canvas."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        self.amounts = np.zeros((canvas.size_px, canvas.size_px, 3), dtype=np.float32)

    def lay(
        self, share: FloatImage, azure: float = 0.0, blue: float = 0.0, eosin: float = 0.0
    ) -> None:
        """Add stain: ``share`` (size, size) times the amounts given."""
        for dye, amount in ((AZURE, azure), (BLUE, blue), (EOSIN, eosin)):
            if amount:
                self.amounts[..., dye] += np.float32(amount) * share

    def clear(self, share: FloatImage) -> None:
        """Take away what lies there already, where ``share`` (size, size) is 1."""
        self.amounts *= (1 - share)[..., None]

    def drawn(self, body_um: FloatImage, nucleus: FloatImage) -> Drawn:
        """The finished cell, measured: ``body_um`` depth inside it, ``nucleus`` cover 0 to 1."""
        pixel = self.canvas.pitch_um**2
        area = float((body_um > 0).sum()) * pixel
        return Drawn(
            amounts=np.maximum(self.amounts, 0),
            radius_um=float(np.sqrt(area / np.pi)),
            area_um2=area,
            nucleus_um2=float((nucleus > 0.5).sum()) * pixel,
        )


def random_body(
    rng: np.random.Generator, diameter_um: float, waviness: float, elongation: float
) -> Outline:
    """The outline of a cell centred on the canvas.

    Args:
        rng: Source of chance.
        diameter_um: Mean diameter, um.
        waviness: Spread of the first harmonic as a share of the radius.
        elongation: Spread of the long axis by the short one, above 1.
    """
    return Outline(
        radius_um=diameter_um / 2,
        elongation=float(1 + min(abs(rng.normal(0, elongation)), 0.6)),
        turn_rad=float(rng.uniform(0, np.pi)),
        waves=waves(rng, waviness),
    )


def unite(first: FloatImage, second: FloatImage, round_um: float) -> FloatImage:
    """Depth inside either of two shapes, their meeting rounded over ``round_um``."""
    nearer = np.maximum(round_um - np.abs(first - second), 0) / round_um
    inside: FloatImage = np.maximum(first, second) + nearer * nearer * np.float32(round_um / 4)
    return inside


def chromatin(
    palette: Palette,
    inside_um: FloatImage,
    texture: FloatImage,
    amount: float,
    membrane: float,
    within: FloatImage,
) -> FloatImage:
    """Lay a nucleus over what is there, and return its cover.

    Args:
        palette: Where to lay it.
        inside_um: Depth inside the nucleus, um.
        texture: Chromatin relative to its mean (mean about 0).
        amount: Azure of the mean nucleus.
        membrane: Extra azure of the dark line at its edge, share of ``amount``.
        within: Cover of the cell, which a nucleus does not leave.
    """
    nucleus = cover(inside_um, 0.22) * within
    # A nucleus is a flattened ball: somewhat thinner towards the edge, which is then drawn dark.
    thick = 0.88 + 0.12 * np.clip(inside_um / 1.5, 0, 1)
    edge = membrane * rim(inside_um, 0.22, 0.22)
    dense = np.clip(thick * (1 + texture) + edge, 0.25, 2.2)
    palette.clear(0.8 * nucleus)
    palette.lay((nucleus * dense).astype(np.float32), azure=amount)
    return nucleus.astype(np.float32)
