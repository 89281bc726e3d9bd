"""Which training runs an honest report needs, and who is held out in each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from edge.errors import UsageFault
from edge.imaging.crop import CropSpec
from train.cells import LabelledCell, Part, read_index, write_cell_list
from train.description import describe
from train.recipe import Recipe

_MARGIN: Final = 5 / 4
"""How much more of the cell's surroundings than the network sees: turned and shifted views need
no padding."""


@dataclass(frozen=True)
class Run:
    """One training run of a recipe.

    Attributes:
        name: Of its folder.
        fold: Patients held out.
        leave_out: A source held out whole besides, or None.
        degrade: Whether the network is asked under simulated degradations too.
    """

    name: str
    fold: int = 0
    leave_out: str | None = None
    degrade: bool = False


def cross_validation(recipe: Recipe) -> list[Run]:
    """The runs of an honest report: each fold held out once, and each source left out once."""
    folds = [Run(f"fold-{fold}", fold, degrade=fold == 0) for fold in range(recipe.split.folds)]
    others = [s.name for s in recipe.sources if s.leave_out]
    return folds + [Run(f"without-{name}", leave_out=name) for name in others]


def wide_spec(recipe: Recipe) -> CropSpec:
    """Geometry of the crops that views are made from."""
    return CropSpec(round(recipe.network.size_px * _MARGIN), recipe.network.um_per_px)


def coarse_recipe(recipe: Recipe) -> Recipe:
    """The recipe of the first, coarse part of the fit: as wide a view in fewer pixels."""
    fit, network = recipe.fit, recipe.network
    um_per_px = network.um_per_px * network.size_px / fit.coarse_size_px
    return replace(
        recipe,
        network=replace(network, size_px=fit.coarse_size_px, um_per_px=um_per_px),
        fit=replace(
            fit, epochs=fit.coarse_epochs, coarse_epochs=0, learning_rate=fit.coarse_learning_rate
        ),
    )


def read_cells(recipe: Recipe, folder: Path) -> list[LabelledCell]:
    """Every source's index.

    Raises:
        UsageFault: The recipe holds out a patient whom no source has: a name mistyped would be
            trained on.
    """
    cells = [cell for source in recipe.sources for cell in read_index(folder, source)]
    unknown = sorted(set(recipe.split.holdout_patients) - {cell.patient for cell in cells})
    if unknown:
        raise UsageFault(
            f"split.holdout_patients names {unknown[0]}, whom no source has.", "Mend the recipe."
        )
    return cells


def write_lists(
    recipe: Recipe, recipe_name: str, parts: dict[Part, list[LabelledCell]], out: Path
) -> Iterator[str]:
    """Write who is trained on, tuned on and held out, and what is said of the network
    (``float.json``), as ``python -m convert`` reads it.

    Yields:
        A line about each part.
    """
    out.mkdir(parents=True, exist_ok=True)
    for part, members in parts.items():
        write_cell_list(out / f"{part}.cells.json", members)
        patients = len({cell.patient for cell in members} - {""})
        yield f"{part}: {len(members)} cells, {patients} patients"
    told = describe(recipe, recipe_name, wide_spec(recipe).context_um, parts["train"])
    (out / "float.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
