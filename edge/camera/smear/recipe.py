"""What each kind of phantom smear is made of; every default is written here once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from edge.camera.smear.optics import Optics
from edge.camera.smear.red_cells import RED_CELL_SPREAD, RED_CELL_UM
from edge.camera.smear.sensor import Sensor

REFERENCE_FIELD_UM2 = 1280 * 960 * 0.2**2
"""Densities are given for a field of 1280 x 960 pixels at 0.2 um/px: 49,152 um2."""

_HEALTHY = (
    ("neutrophil", 0.60),
    ("lymphocyte", 0.30),
    ("monocyte", 0.06),
    ("eosinophil", 0.03),
    ("basophil", 0.01),
)


@dataclass(frozen=True)
class SmearSettings:
    """One smear.

    Attributes:
        white_cells_per_field: Mean number in a reference field, 0 to 15.
        red_cells_per_field: Mean number in a reference field.
        platelets_per_field: Mean number in a reference field.
        smudges_per_field: Mean number in a reference field.
        differential: Kinds of white cells and their shares (made to sum to 1).
        red_cell_um: Mean diameter of red cells, um.
        red_cell_spread: Spread of that diameter as a share of it.
        red_overlap: Share of red cells that lie down without regard to others.
        red_companions: Mean number of red cells that lean against a white cell.
        stain_spread: How much stains differ from slide to slide; 1 is usual, 0 none.
        optics: The objective and its focus.
        sensor: Light and camera.
    """

    white_cells_per_field: float = 6.0
    red_cells_per_field: float = 200.0
    platelets_per_field: float = 12.0
    smudges_per_field: float = 0.15
    differential: tuple[tuple[str, float], ...] = _HEALTHY
    red_cell_um: float = RED_CELL_UM
    red_cell_spread: float = RED_CELL_SPREAD
    red_overlap: float = 0.12
    red_companions: float = 1.5
    stain_spread: float = 1.0
    optics: Optics = field(default_factory=Optics)
    sensor: Sensor = field(default_factory=Sensor)

    def __post_init__(self) -> None:
        if not 0 <= self.white_cells_per_field <= 15:
            raise ValueError("white_cells_per_field must lie in 0 to 15")
        if not 0 <= self.red_cells_per_field <= 5000 or not 0 <= self.platelets_per_field <= 500:
            raise ValueError("red cells must lie in 0 to 5000, platelets in 0 to 500 a field")
        if not 0 <= self.smudges_per_field <= 3:
            raise ValueError("smudges_per_field must lie in 0 to 3")
        if not 3 <= self.red_cell_um <= 15 or not 0 <= self.red_cell_spread <= 0.3:
            raise ValueError("red cells must be 3 to 15 um wide, their spread 0 to 0.3")
        if not 0 <= self.red_companions <= 6:
            raise ValueError("red_companions must lie in 0 to 6")
        if not 0 <= self.red_overlap <= 1 or not 0 <= self.stain_spread <= 3:
            raise ValueError("red_overlap must lie in 0 to 1, stain_spread in 0 to 3")
        if any(share < 0 for _, share in self.differential) or not any(
            share for _, share in self.differential
        ):
            raise ValueError("shares of the differential must not be negative, nor all zero")


def with_blasts(settings: SmearSettings, share: float) -> SmearSettings:
    """The smear with this share of blasts among its white cells, the others in proportion."""
    if not 0 <= share <= 1:
        raise ValueError("blast_share must lie in 0 to 1")
    others = [(kind, part) for kind, part in settings.differential if kind != "blast"]
    whole = sum(part for _, part in others) or 1.0
    mixed = (("blast", share), *((kind, part / whole * (1 - share)) for kind, part in others))
    return replace(settings, differential=mixed)


def _kinds() -> dict[str, SmearSettings]:
    healthy = SmearSettings()
    leukemic = with_blasts(replace(healthy, platelets_per_field=4, smudges_per_field=0.4), 0.5)
    return {
        "healthy": healthy,
        "leukemic": leukemic,
        "defocused": replace(healthy, optics=replace(healthy.optics, defocus_um=4.0)),
        "empty": replace(
            healthy,
            white_cells_per_field=0,
            smudges_per_field=0,
            red_cells_per_field=0.2,
            platelets_per_field=0.5,
        ),
        "crowded": replace(healthy, red_cells_per_field=3800, red_overlap=1.0),
        "dark": replace(healthy, sensor=replace(healthy.sensor, exposure=0.03)),
        "red_only": replace(healthy, white_cells_per_field=0.0, smudges_per_field=0.0),
    }


KINDS = _kinds()
"""Kinds of smear by name: healthy, leukemic, defocused, empty, crowded, dark, red_only."""
