"""How large a pixel is on the slide, worked out from the optics before anything is measured.

With a camera in place of the eyepiece (C-mount tube with a reduction lens):

    um/px = pixel size x binning / (objective x reduction)

With a camera and its own lens behind an eyepiece, which together form a relay:

    reduction = eyepiece magnification x focal length of the lens / 250 mm

(250 mm is the near distance that an eyepiece's magnification is defined for). Both hold for an
objective on the tube it was made for. The picture itself tells better: imaging/scale.py measures
the scale from red cells; this tells which parts to buy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

NEAR_DISTANCE_MM = 250.0
GREEN_LIGHT_UM = 0.55


@dataclass(frozen=True)
class Sensor:
    """A camera's sensor, from its data sheet.

    Attributes:
        name: What it is sold as, and the chip.
        pixel_um: Pitch of its pixels, micrometres.
        width_px: Pixels across.
        height_px: Pixels down.
    """

    name: str
    pixel_um: float
    width_px: int
    height_px: int


@dataclass(frozen=True)
class Objective:
    """A microscope's objective: magnification and numerical aperture, both engraved on it."""

    magnification: float
    aperture: float

    @property
    def resolution_um(self) -> float:
        """Smallest distance it resolves in green light, micrometres (Rayleigh: 0.61 λ / NA)."""
        return 0.61 * GREEN_LIGHT_UM / self.aperture


@dataclass(frozen=True)
class Optics:
    """A sensor behind an objective.

    Attributes:
        sensor: The camera's.
        objective: The microscope's.
        reduction: Magnification between the objective's picture and the sensor, such as 0.5.
        binning: Pixels of the sensor combined along each side, 1 or 2.
    """

    sensor: Sensor
    objective: Objective
    reduction: float
    binning: int = 1

    def __post_init__(self) -> None:
        if not (self.reduction > 0 and self.binning >= 1 and self.objective.magnification > 0):
            raise ValueError("magnifications and binning are above 0")

    @property
    def um_per_px(self) -> float:
        """Micrometres on the slide for each pixel of the picture."""
        magnification = self.objective.magnification * self.reduction
        return self.sensor.pixel_um * self.binning / magnification

    @property
    def field_um(self) -> tuple[float, float]:
        """Width and height of the field on the slide, micrometres."""
        width_px = self.sensor.width_px // self.binning
        height_px = self.sensor.height_px // self.binning
        return width_px * self.um_per_px, height_px * self.um_per_px

    def um_per_px_at(self, width_px: int) -> float:
        """Micrometres per pixel when the whole field is given out this many pixels wide."""
        return self.field_um[0] / width_px

    @property
    def circle_mm(self) -> float:
        """Diameter that the sensor needs of the objective's picture; at most the field number."""
        diagonal_px = math.hypot(self.sensor.width_px, self.sensor.height_px)
        return diagonal_px * self.sensor.pixel_um / self.reduction / 1000

    @property
    def keeps_detail(self) -> bool:
        """Whether at least two pixels fall on what the objective resolves (Nyquist)."""
        return 2 * self.um_per_px <= self.objective.resolution_um


def eyepiece_reduction(eyepiece_magnification: float, lens_mm: float) -> float:
    """Reduction of a camera with a lens of that focal length looking into an eyepiece."""
    if not (eyepiece_magnification > 0 and lens_mm > 0):
        raise ValueError("an eyepiece's magnification and a lens's focal length are above 0")
    return eyepiece_magnification * lens_mm / NEAR_DISTANCE_MM


HQ_CAMERA = Sensor("Raspberry Pi HQ Camera (IMX477)", 1.55, 4056, 3040)
GLOBAL_SHUTTER_CAMERA = Sensor("Raspberry Pi Global Shutter Camera (IMX296)", 3.45, 1456, 1088)
DRY_40X = Objective(40, 0.65)
OIL_100X = Objective(100, 1.25)

LAYOUTS: tuple[tuple[str, Optics], ...] = (
    ("C-mount, 0.5x reduction lens", Optics(HQ_CAMERA, DRY_40X, 0.5, 2)),
    ("C-mount, 0.5x reduction lens", Optics(HQ_CAMERA, DRY_40X, 0.5)),
    ("C-mount, 0.5x reduction lens", Optics(HQ_CAMERA, OIL_100X, 0.5, 2)),
    ("16 mm lens behind a 10x eyepiece", Optics(HQ_CAMERA, DRY_40X, eyepiece_reduction(10, 16), 2)),
    (
        "16 mm lens behind a 10x eyepiece",
        Optics(HQ_CAMERA, OIL_100X, eyepiece_reduction(10, 16), 2),
    ),
    ("C-mount, 0.5x reduction lens", Optics(GLOBAL_SHUTTER_CAMERA, DRY_40X, 0.5)),
    ("C-mount, 0.5x reduction lens", Optics(GLOBAL_SHUTTER_CAMERA, OIL_100X, 0.5)),
)
"""The layouts that hardware.md lists, the recommended one first."""
