"""What nuclei and red cells absorb in each laboratory, and the map from one stain to another.

All leukemia cells come from one laboratory: a network may learn its colours instead of its cells.
Each cell is therefore shown in the colours of other laboratories too. Two anchors describe a stain:
the optical density of nuclei (azure) and of red cells (haemoglobin and eosin). In optical density
dyes add up (Beer-Lambert), so the linear map that takes one pair of anchors to another changes the
stain and leaves the texture (colour deconvolution, Ruifrok and Johnston 2001, with measured
instead of tabulated vectors).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.imaging.background import WHITE_LEVEL
from edge.imaging.stain import densities, nuclear_stain
from train.cells import LabelledCell
from train.labels import NON_CELL_LABELS
from train.recipe import StainRecipe

Floats = NDArray[np.float64]

_NUCLEUS_STAIN: Final = 0.6
"""Nuclear stain from which a pixel is nucleus: see ``edge.imaging.stain``."""

_RED_CELL_STAIN: Final = 0.35
_RED_CELL_DENSITY: Final = (0.08, 0.12)
"""Red cells: little nuclear stain, more than this green and blue density."""

_CELL_RADIUS_UM: Final = 9.0
_SURROUNDINGS_UM: Final = 7.0
_LEAST_UM2: Final = 12.0
_FEWEST_CELLS: Final = 5
_GLASS = np.full(3, float(WHITE_LEVEL), dtype=np.float32)


@dataclass(frozen=True)
class StainBank:
    """The anchors of a training set.

    Attributes:
        own: float64, shape (cells, 2, 3): of each cell's patient, or of its source where that
            names none; nucleus and red cell, optical density of red, green and blue.
        sources: Of each source its distinct anchors, float64, shape (patients, 2, 3).
    """

    own: Floats
    sources: tuple[Floats, ...]


def stain_anchors(crop: NDArray[np.uint8], um_per_px: float) -> Floats:
    """Anchors of one crop.

    Args:
        crop: uint8, shape (size, size, 3), glass at ``WHITE_LEVEL``, cell in the middle.
        um_per_px: Its scale.

    Returns:
        float64, shape (2, 3): nucleus and red cell; nan where there is too little of one.
    """
    density = densities(crop, _GLASS)
    stain = nuclear_stain(density)
    middle = (np.arange(crop.shape[0]) - (crop.shape[0] - 1) / 2) * um_per_px
    from_middle_um = np.hypot(middle[:, None], middle[None, :])
    nucleus = (stain > _NUCLEUS_STAIN) & (from_middle_um < _CELL_RADIUS_UM)
    red_cell = (
        (stain < _RED_CELL_STAIN)
        & (density[1] > _RED_CELL_DENSITY[0])
        & (density[2] > _RED_CELL_DENSITY[1])
        & (from_middle_um > _SURROUNDINGS_UM)
    )
    anchors = np.full((2, 3), np.nan)
    for row, mask in enumerate((nucleus, red_cell)):
        if mask.sum() * um_per_px**2 >= _LEAST_UM2:
            anchors[row] = np.median(density[:, mask], axis=1)
    return anchors


def stain_bank(found: Floats, cells: Sequence[LabelledCell]) -> StainBank:
    """Anchors of each patient, or of each source that names none: medians over their cells.

    A patient with fewer than five measurable cells gets those of the source.

    Args:
        found: Anchors of each crop, as ``stain_anchors`` finds them, shape (cells, 2, 3).
        cells: Whose crops these are.
    """
    white = np.array([cell.label not in NON_CELL_LABELS for cell in cells])
    usable = white & np.isfinite(found).all(axis=(1, 2))
    by_source: dict[str, list[int]] = {}
    for index, cell in enumerate(cells):
        by_source.setdefault(cell.source, []).append(index)
    own = np.empty_like(found)
    distinct = []
    for members in by_source.values():
        whole = np.array(members)
        measured = whole[usable[whole]]
        # A source in which nothing could be measured keeps its own stain: nan maps to no map.
        typical = np.median(found[measured], axis=0) if len(measured) else np.full((2, 3), np.nan)
        patients: dict[str, list[int]] = {}
        for index in members:
            patients.setdefault(cells[index].patient, []).append(index)
        anchors = []
        for group in patients.values():
            known = [index for index in group if usable[index]]
            enough = len(known) >= _FEWEST_CELLS
            anchors.append(np.median(found[known], axis=0) if enough else typical)
            own[group] = anchors[-1]
        distinct.append(np.stack(anchors))
    return StainBank(own, tuple(distinct))


def draw_maps(
    own: Floats, bank: StainBank, recipe: StainRecipe, rng: np.random.Generator
) -> NDArray[np.float32]:
    """For each cell of a batch a random map of optical density to another laboratory's stain.

    Args:
        own: Anchors of the cells, shape (batch, 2, 3).
        bank: Stains to choose from: a source first, each as often, then one of its patients.
        recipe: How often, and how much beyond the stains that are known.
        rng: Source of chance.

    Returns:
        float32, shape (batch, 3, 3), to be multiplied from the right: ``density @ map``.
    """
    count = len(own)
    aim = np.empty_like(own)
    for index, source in enumerate(rng.integers(len(bank.sources), size=count)):
        stains = bank.sources[source]
        aim[index] = stains[rng.integers(len(stains))]
    part: Floats = rng.random((count, 1, 1))
    aim = own * (1 - part) + aim * part
    aim = aim * np.exp(rng.normal(0, recipe.strength, (count, 1, 1)))
    aim = aim * np.exp(rng.normal(0, recipe.hue, aim.shape))
    aim[:, 0] *= np.exp(rng.normal(0, recipe.contrast, (count, 1)))
    chosen = (rng.random(count) < recipe.share) & _apart(own) & _apart(aim)
    maps = np.repeat(np.eye(3, dtype=np.float32)[None], count, axis=0)
    maps[chosen] = _basis(aim[chosen]) @ np.linalg.inv(_basis(own[chosen]))
    return np.transpose(maps, (0, 2, 1))


def _apart(anchors: Floats) -> NDArray[np.bool_]:
    """Whether nucleus and red cell differ in hue enough to be told apart (3 degrees)."""
    lengths = np.linalg.norm(anchors, axis=2).prod(axis=1)
    across = np.linalg.norm(np.cross(anchors[:, 0], anchors[:, 1]), axis=1)
    return np.asarray(across > 0.05 * lengths, dtype=np.bool_)


def _basis(anchors: Floats) -> Floats:
    """Nucleus, red cell and what is neither as columns, shape (batch, 3, 3)."""
    nucleus, red_cell = anchors[:, 0], anchors[:, 1]
    neither = np.cross(nucleus, red_cell)
    neither *= np.linalg.norm(nucleus, axis=1, keepdims=True) / np.linalg.norm(
        neither, axis=1, keepdims=True
    )
    return np.stack([nucleus, red_cell, neither], axis=2)
