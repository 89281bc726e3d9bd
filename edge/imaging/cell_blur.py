"""How blurred one cell is, in micrometres: a frame in focus may hold cells that are not.

A frame is measured as a whole, by its sharpest edges. A cell may lie higher than its neighbours, or
the slide may have begun to move while the frame was exposed. Motion blurs the edges that it crosses
and leaves the others sharp, so the most blurred direction of a cell counts.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.imaging.locate import Candidate
from edge.imaging.reduction import reduced_green
from edge.imaging.sharpness import calm, measure_edges, slope_noise

_WORK_UM: Final = 0.25
"""Coarsest scale to which a cell is reduced for this, um/px."""

_AROUND_UM: Final = 3.5
"""Margin around the cell's box: profiles across its edges reach 2 um outwards."""


def cell_blur_um(rgb: NDArray[np.uint8], candidate: Candidate, um_per_px: float) -> float:
    """Standard deviation of the blur of a cell's edges, in the two directions where it is widest.

    Args:
        rgb: uint8 (height, width, 3), the frame.
        candidate: The cell in it.
        um_per_px: Scale of the frame.

    Returns:
        Micrometres; nan where too few edges are seen to tell.
    """
    around = _AROUND_UM / um_per_px
    top, left = int(candidate.top_px - around), int(candidate.left_px - around)
    bottom = int(candidate.top_px + candidate.height_px + around)
    right = int(candidate.left_px + candidate.width_px + around)
    factor = max(1, int(_WORK_UM / um_per_px))
    patch = rgb[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
    if min(patch.shape[:2]) < 3 * factor:
        return float("nan")
    green = reduced_green(patch, factor)
    scale = um_per_px * factor
    edges = measure_edges(calm(green[None], scale), scale, slope_noise(green[None], scale))
    known = np.sort(edges.across_um[np.isfinite(edges.across_um)])
    return float(known[-2:].mean()) if known.size else float("nan")
