"""Labelled cells of every source, and their split by patient."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from convert.stores import label_rows
from edge.errors import DataMissing, UsageFault
from edge.imaging.crop import UM_PER_PX_MAX, UM_PER_PX_MIN
from train.labels import BLAST_LABELS, NON_CELL_LABELS, network_label
from train.recipe import Recipe, SourceRecipe

Part = Literal["train", "tune", "holdout"]


@dataclass(frozen=True)
class LabelledCell:
    """One picture of one cell, not yet read.

    Attributes:
        zip: Name of the zip or folder that holds it.
        file: Its name in there.
        label: The network's label.
        source_label: The source's own label.
        patient: Patient within the source, empty where the source does not tell.
        source: Name of the laboratory.
        um_per_px: Scale of the picture.
    """

    zip: str
    file: str
    label: str
    source_label: str
    patient: str
    source: str
    um_per_px: float


def read_index(folder: Path, source: SourceRecipe) -> list[LabelledCell]:
    """All cells of a source, in the order of its index.

    Raises:
        DataMissing: The zip or folder is not there, holds no cell, or tells no scale.
    """
    path = folder / source.zip
    rows = label_rows(path)
    if not rows:
        raise DataMissing(f"{path} holds no labelled cell of {source.name!r}.")
    return [
        LabelledCell(
            zip=source.zip,
            file=row["file"],
            label=network_label(row["label"]),
            source_label=row["label"],
            patient=row.get("patient") or "",
            source=source.name,
            um_per_px=_scale(row, source),
        )
        for row in rows
    ]


def _scale(row: dict[str, str], source: SourceRecipe) -> float:
    """Scale of one picture: its own, or its source's."""
    told = row.get("um_per_px") or source.um_per_px
    try:
        um_per_px = float(told) if told else math.nan
    except ValueError:
        um_per_px = math.nan
    if not UM_PER_PX_MIN <= um_per_px <= UM_PER_PX_MAX:
        raise DataMissing(
            f"{row['file']} of {source.zip} has no scale.",
            "Give um_per_px in the recipe's source, or a column um_per_px in index.csv.",
        )
    return um_per_px


def split_cells(
    cells: Sequence[LabelledCell], recipe: Recipe, fold: int = 0, leave_out: str | None = None
) -> dict[Part, list[LabelledCell]]:
    """Train, tune and holdout: by patient where known, else by a hash of the picture's name.

    Patients are dealt to ``recipe.split.folds`` folds by a seeded hash, within strata of few or
    many blasts, so that each fold has both; the recipe's ``holdout_patients`` are in fold 0. One
    fold is the holdout; of the others a share is kept for tuning.

    Args:
        cells: Of all sources.
        recipe: Sources, folds and seed.
        fold: The fold that is held out, 0 to folds - 1.
        leave_out: A source held out whole besides.

    Raises:
        UsageFault: There is no such fold or source.
    """
    if not 0 <= fold < recipe.split.folds:
        raise UsageFault(f"There is no fold {fold}.", f"Name 0 to {recipe.split.folds - 1}.")
    names = [source.name for source in recipe.sources]
    if leave_out is not None and leave_out not in names:
        raise UsageFault(f"There is no source {leave_out!r}.", f"Name one of {', '.join(names)}.")
    parts: dict[Part, list[LabelledCell]] = {"train": [], "tune": [], "holdout": []}
    for name in names:
        own = [cell for cell in cells if cell.source == name]
        if name == leave_out:
            parts["holdout"] += own
            continue
        where = _part_of_patients(own, recipe, fold)
        for cell in own:
            part = where[cell.patient] if cell.patient else _part_of_file(cell, recipe, fold)
            parts[part].append(cell)
    return parts


def blast_share(cells: Iterable[LabelledCell]) -> float:
    """Share of signed blasts among the evaluable white cells; 0 where there is none."""
    evaluable = [cell for cell in cells if cell.label not in NON_CELL_LABELS]
    blasts = sum(cell.label in BLAST_LABELS for cell in evaluable)
    return blasts / len(evaluable) if evaluable else 0.0


def write_cell_list(path: Path, cells: Sequence[LabelledCell]) -> None:
    """A ``.cells.json`` list, as ``python -m convert`` reads it."""
    lines = ",\n".join(json.dumps(asdict(cell), sort_keys=True) for cell in cells)
    path.write_text('{"cells": [\n' + lines + "\n]}\n", encoding="utf-8")


def _part_of_patients(cells: Sequence[LabelledCell], recipe: Recipe, fold: int) -> dict[str, Part]:
    by_patient: dict[str, list[LabelledCell]] = {}
    for cell in cells:
        if cell.patient:
            by_patient.setdefault(cell.patient, []).append(cell)
    few = {p for p, own in by_patient.items() if blast_share(own) < 0.01}
    where: dict[str, Part] = {}
    for stratum in (few, set(by_patient) - few):
        folds = _deal(stratum, recipe)
        where |= dict.fromkeys(folds[fold], "holdout")
        free = [p for number, own in enumerate(folds) if number != fold for p in own]
        free.sort(key=lambda p: _rank(f"tune/{p}", recipe.seed))
        tunes = round(recipe.split.tune_share * len(stratum))
        where |= dict.fromkeys(free[:tunes], "tune")
        where |= dict.fromkeys(free[tunes:], "train")
    return where


def _deal(patients: Iterable[str], recipe: Recipe) -> list[list[str]]:
    """Patients into folds of equal size, as far as they go, in an order fixed by the seed."""
    ranked = sorted(patients, key=lambda p: _rank(p, recipe.seed))
    forced = [p for p in ranked if p in recipe.split.holdout_patients]
    folds = [forced, *([] for _ in range(recipe.split.folds - 1))]
    for patient in ranked:
        if patient not in forced:
            min(folds, key=len).append(patient)
    return folds


def _part_of_file(cell: LabelledCell, recipe: Recipe, fold: int) -> Part:
    """A source that names no patients: by picture, which may share a patient with training."""
    name = cell.file.rsplit("/", 1)[-1]
    if int(_rank(name, recipe.seed) * recipe.split.folds) == fold:
        return "holdout"
    return "tune" if _rank(f"tune/{name}", recipe.seed) < recipe.split.tune_share else "train"


def _rank(name: str, seed: int) -> float:
    """A number in [0, 1) fixed by name and seed, independent of order and machine."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
