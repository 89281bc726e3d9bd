"""Labelled cells of every source, and their split by patient."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from edge.errors import DataMissing
from train.labels import BLAST_LABELS, NON_CELL_LABELS, network_label
from train.recipe import Recipe, SourceRecipe

Part = Literal["train", "tune", "holdout"]


@dataclass(frozen=True)
class LabelledCell:
    """One picture of one cell, not yet read.

    Attributes:
        zip: Name of the zip that holds it.
        file: Its name within the zip.
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
        DataMissing: The zip or its index is not there, or the index holds no cell.
    """
    path = folder / source.zip
    try:
        with zipfile.ZipFile(path) as archive, archive.open("index.csv") as raw:
            rows = list(csv.DictReader(io.TextIOWrapper(raw, encoding="utf-8")))
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise DataMissing(
            f"Cells of {source.name!r} cannot be read from {path}: {error}."
        ) from error
    if not rows:
        raise DataMissing(f"The index of {path} names no cell.")
    return [
        LabelledCell(
            zip=source.zip,
            file=row["file"],
            label=network_label(row["label"]),
            source_label=row["label"],
            patient=row["patient"],
            source=source.name,
            um_per_px=float(row["um_per_px"]),
        )
        for row in rows
    ]


def split_cells(cells: Sequence[LabelledCell], recipe: Recipe) -> dict[Part, list[LabelledCell]]:
    """Train, tune and holdout: by patient where known, else by a hash of the picture's name.

    Patients are ranked by a seeded hash within strata of few or many blasts, so that each part
    has both; the recipe's ``holdout_patients`` always go to the holdout.
    """
    parts: dict[Part, list[LabelledCell]] = {"train": [], "tune": [], "holdout": []}
    for source in recipe.sources:
        own = [cell for cell in cells if cell.source == source.name]
        patients = sorted({cell.patient for cell in own} - {""})
        where = _split_patients(own, patients, source.holdout_share, recipe)
        for cell in own:
            part = (
                where[cell.patient]
                if cell.patient
                else _split_file(cell, source.holdout_share, recipe)
            )
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


def _split_patients(
    cells: Sequence[LabelledCell], patients: Sequence[str], holdout_share: float, recipe: Recipe
) -> dict[str, Part]:
    by_patient = {p: [c for c in cells if c.patient == p] for p in patients}
    few = {p for p in patients if blast_share(by_patient[p]) < 0.01}
    where: dict[str, Part] = {}
    for stratum in (few, set(patients) - few):
        ranked = sorted(stratum, key=lambda p: _rank(p, recipe.seed))
        forced = [p for p in ranked if p in recipe.split.holdout_patients]
        free = [p for p in ranked if p not in recipe.split.holdout_patients]
        holdouts = max(0, round(holdout_share * len(ranked)) - len(forced))
        tunes = round(recipe.split.tune_share * len(ranked))
        for patient in forced + free[:holdouts]:
            where[patient] = "holdout"
        for patient in free[holdouts : holdouts + tunes]:
            where[patient] = "tune"
        for patient in free[holdouts + tunes :]:
            where[patient] = "train"
    return where


def _split_file(cell: LabelledCell, holdout_share: float, recipe: Recipe) -> Part:
    rank = _rank(cell.file.rsplit("/", 1)[-1], recipe.seed)
    if rank < holdout_share:
        return "holdout"
    return "tune" if rank < holdout_share + recipe.split.tune_share else "train"


def _rank(name: str, seed: int) -> float:
    """A number in [0, 1) fixed by name and seed, independent of order and machine."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
