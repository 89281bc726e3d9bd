"""What is known of a rendered examination."""

from __future__ import annotations

from dataclasses import dataclass

from edge.camera.smear.optics import Optics
from edge.camera.smear.stain import Stain
from edge.camera.smear.white_cells import WHITE_CELLS


@dataclass(frozen=True)
class TrueCell:
    """A white cell or smudge on the slide.

    Attributes:
        kind: As in ``white_cells.WHITE_CELLS`` and ``ARTEFACTS``.
        x_um: Its centre, right of the slide's origin.
        y_um: Its centre, below the slide's origin.
        diameter_um: Diameter of the circle of its area.
    """

    kind: str
    x_um: float
    y_um: float
    diameter_um: float

    @property
    def label(self) -> str:
        """Its label among the network's."""
        return self.kind if self.kind in WHITE_CELLS else "artefact"

    @property
    def white_cell(self) -> bool:
        """Whether it is a white cell to be counted."""
        return self.kind in WHITE_CELLS

    @property
    def blast(self) -> bool:
        """Whether it is a blast."""
        return self.kind == "blast"


@dataclass(frozen=True)
class TrueFrame:
    """Where one frame looked.

    Attributes:
        x_um: Left edge of the field on the slide, at the middle of the exposure.
        y_um: Top edge of it.
        smear_um: How far the slide moved during the exposure.
    """

    x_um: float
    y_um: float
    smear_um: float


@dataclass(frozen=True)
class Truth:
    """All that is known of one examination.

    Attributes:
        cells: Every white cell and smudge that lies wholly in at least one frame.
        frames: One for each frame, in order.
        um_per_px: True scale.
        red_cell_um: Mean diameter of the red cells.
        stain: Stain of the slide.
        optics: Objective and focus.
        tint: Colour of the light: linear signal of the glass, red, green, blue.
    """

    cells: tuple[TrueCell, ...]
    frames: tuple[TrueFrame, ...]
    um_per_px: float
    red_cell_um: float
    stain: Stain
    optics: Optics
    tint: tuple[float, float, float]

    @property
    def white_cells(self) -> tuple[TrueCell, ...]:
        """The cells that are to be counted."""
        return tuple(cell for cell in self.cells if cell.white_cell)

    @property
    def blast_share(self) -> float:
        """Blasts among the white cells; 0 where there are none."""
        counted = self.white_cells
        return sum(cell.blast for cell in counted) / len(counted) if counted else 0.0
