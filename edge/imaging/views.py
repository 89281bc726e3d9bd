"""Of the views of a cell while the slide rests, the sharpest: that one is judged.

A frame just usable is followed by a better one as the hand settles and the focus is turned. A cell
waits for a few views, or until the hand moves on. One whose best view was too blurred is put back:
the next time the hand comes by, it is offered views again.

Nothing is judged twice. A later view does not replace a call that was counted: the sequential test
counts each cell once, and a hand goes back to cells that were flagged, which would then be the ones
with a second chance (``python -m bench.revisits``: false greens several times as many as promised).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.imaging.locate import Candidate
from edge.imaging.stage import Place

_NO_PIXELS: Final = np.zeros((0, 0, 3), dtype=np.uint8)

_STEP_UM: Final = 0.4
"""Distance over which grey levels are compared: what a 40x dry objective just resolves."""


@dataclass(frozen=True)
class View:
    """One sight of a charted cell.

    Attributes:
        cell: Its number in the chart.
        frame: Number of the frame.
        rgb: uint8 (height, width, 3), the frame.
        place: Where the frame lies on the slide.
        candidate: Where the cell lies in the frame.
        sharpness: From ``cell_sharpness``; compares views of one cell only.
    """

    cell: int
    frame: int
    rgb: NDArray[np.uint8]
    place: Place
    candidate: Candidate
    sharpness: float

    def moved_to(self, place: Place, um_per_px: float) -> Candidate | None:
        """Where the cell lies in a field at another place; None where that cannot be told."""
        if place.place != self.place.place:
            return None
        right = (self.place.x_um - place.x_um) / um_per_px
        down = (self.place.y_um - place.y_um) / um_per_px
        found = self.candidate
        nucleus = found.nucleus_px
        return replace(
            found,
            left_px=found.left_px + right,
            top_px=found.top_px + down,
            nucleus_px=None if nucleus is None else (nucleus[0] + right, nucleus[1] + down),
        )


def cell_sharpness(rgb: NDArray[np.uint8], candidate: Candidate, um_per_px: float) -> float:
    """How steep the grey levels of a cell are for their spread; 0 for an even patch.

    Args:
        rgb: uint8 (height, width, 3), the frame.
        candidate: The cell in it.
        um_per_px: Scale of the frame.

    Returns:
        Mean squared step over 0.4 um in both directions, in variances. Blur of any kind lowers it.
    """
    left, top = int(candidate.left_px), int(candidate.top_px)
    right = int(np.ceil(candidate.left_px + candidate.width_px))
    bottom = int(np.ceil(candidate.top_px + candidate.height_px))
    green = rgb[max(0, top) : bottom, max(0, left) : right, 1].astype(np.int64)
    step = max(1, round(_STEP_UM / um_per_px))
    if min(green.shape) <= step:
        return 0.0
    across, down = green[:, step:] - green[:, :-step], green[step:] - green[:-step]
    # Whole numbers, so that the same pixels have the same sharpness to the last digit.
    steep = sum(int(np.vdot(one, one)) / one.size for one in (across, down))
    mean = int(green.sum()) / green.size
    variance = int(np.vdot(green, green)) / green.size - mean**2
    return steep / max(variance, 1.0)


class Views:
    """Cells that wait for a sharper view.

    Args:
        most: Views after which a cell is judged though the slide still rests; 1 waits for none.
    """

    def __init__(self, most: int) -> None:
        if most < 1:
            raise ValueError("most must be at least 1")
        self._most = most
        self._best: dict[int, View] = {}
        self._seen: dict[int, int] = {}
        self._blurred: dict[int, View] = {}
        self._due: list[View] = []

    def __contains__(self, cell: int) -> bool:
        return cell in self._best or cell in self._blurred

    @property
    def waiting(self) -> list[View]:
        """The best view so far of each cell that waits; of one put back, where it was seen."""
        return [*self._best.values(), *self._blurred.values()]

    @property
    def blurred(self) -> int:
        """Cells put back and not seen since."""
        return len(self._blurred)

    def put_back(self, view: View) -> None:
        """The best view of a cell was too blurred: it is not judged, and wants better ones."""
        # A frame is some megabytes, and this one will not be looked at again.
        self._blurred[view.cell] = replace(view, rgb=_NO_PIXELS)

    def offer(self, view: View) -> None:
        """Take one more view of a cell that is new or waits."""
        self._blurred.pop(view.cell, None)
        best = self._best.get(view.cell)
        if best is None or view.sharpness > best.sharpness:
            self._best[view.cell] = view
        self._seen[view.cell] = self._seen.get(view.cell, 0) + 1

    def due(self, resting: bool, at_once: int | None = None) -> list[View]:
        """The best view of each cell that waits no longer, in order of first sight.

        Args:
            resting: Whether the slide rests still; if not, no cell waits on.
            at_once: So many are given; where far more are due, an eighth of them, so that they do
                not pile up. The others are given next. None gives all.
        """
        cells = [c for c in self._best if not resting or self._seen[c] >= self._most]
        for cell in cells:
            del self._seen[cell]
        self._due += [self._best.pop(cell) for cell in cells]
        count = len(self._due) if at_once is None else max(at_once, len(self._due) // 8)
        given, self._due = self._due[:count], self._due[count:]
        return given
