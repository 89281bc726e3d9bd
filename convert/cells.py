"""Labelled cells for calibration and holdout: lists, zips or folders, prepared as the device does.

Three forms are read:

- ``NAME.cells.json``, a list written by ``python -m train``; its zips lie in LEUKOSCOPE_DATA, in
  ``../shared/data`` beside the checkout, or beside the list;
- a zip of ``LABEL/PICTURE`` with an optional ``index.csv`` (file, label, patient, um_per_px,
  source);
- a folder of the same.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from convert.description import NetworkDescription
from convert.stores import PictureStores, label_rows, names_in, pictures
from edge.errors import ConversionRefused, DataMissing
from edge.imaging.crop import CropSpec, crop_cell
from edge.inference.fields import parse_object

Progress = Callable[[str, int, int], None]

_GREY: Final = 4
"""Levels that channels of a grey picture may be apart, by its compression."""


@dataclass(frozen=True)
class Cell:
    """One labelled picture of one cell, not yet read.

    Attributes:
        store: The zip or folder that holds it.
        file: Its name in there.
        label: The network's label.
        patient: Patient within the source; empty where the source does not tell.
        source: Name of the source.
        um_per_px: Scale of the picture.
        source_told: Whether somebody named the source; else it is the name of its store, and says
            nothing of where its patients are from.
    """

    store: Path
    file: str
    label: str
    patient: str
    source: str
    um_per_px: float
    source_told: bool = True


@dataclass(frozen=True)
class CellSet:
    """Cells with their crops.

    Attributes:
        cells: As listed.
        crops: uint8, shape (cells, size, size, 3), as the device would crop them.
        label_index: int64, shape (cells,), into the network's labels.
        is_white: bool, shape (cells,): signed as a white cell.
        is_blast: bool, shape (cells,): signed as a blast.
    """

    cells: tuple[Cell, ...]
    crops: NDArray[np.uint8]
    label_index: NDArray[np.int64]
    is_white: NDArray[np.bool_]
    is_blast: NDArray[np.bool_]

    @property
    def groups(self) -> list[tuple[str, str]]:
        """(source, patient) of each cell; the patient is empty where the source does not tell."""
        return [(cell.source, cell.patient) for cell in self.cells]

    def __len__(self) -> int:
        return len(self.cells)


def list_cells(
    place: Path, network: NetworkDescription, um_per_px: float | None = None
) -> list[Cell]:
    """The cells of a list, zip or folder.

    Args:
        place: See the module.
        network: Its labels, and the synonyms that sources may use for them.
        um_per_px: Scale of pictures whose index does not tell one.

    Raises:
        DataMissing: There are none, or a label or a scale is missing or unknown.
    """
    if place.is_file() and place.suffix == ".json":
        cells = _from_list(place, network)
    else:
        cells = _from_rows(place, label_rows(place), network, um_per_px)
    if not cells:
        raise DataMissing(f"{place} holds no labelled cells.")
    return cells


def pictures_left_out(place: Path, cells: Sequence[Cell]) -> list[str]:
    """Pictures of a zip or folder that its index does not name; a list names what it wants."""
    if place.suffix == ".json":
        return []
    named = {cell.file for cell in cells}
    return [name for name in pictures(names_in(place)) if name not in named]


def read_cells(cells: Sequence[Cell], network: NetworkDescription, progress: Progress) -> CellSet:
    """Crops of all cells.

    Raises:
        DataMissing: A picture cannot be read; names it.
    """
    spec = _crop_spec(network)
    crops = np.empty((len(cells), spec.size_px, spec.size_px, 3), dtype=np.uint8)
    with PictureStores() as stores:
        for index, cell in enumerate(cells):
            rgb = stores.read(cell.store, cell.file)
            # The cell stands in the middle of its picture.
            centre = (rgb.shape[1] / 2, rgb.shape[0] / 2)
            crops[index] = crop_cell(rgb, centre, cell.um_per_px, spec)
            progress("cells read", index + 1, len(cells))
    label_index = np.array([network.labels.index(cell.label) for cell in cells])
    return CellSet(
        cells=tuple(cells),
        crops=crops,
        label_index=label_index,
        is_white=np.array([cell.label not in network.non_cell_labels for cell in cells]),
        is_blast=np.array([cell.label in network.blast_labels for cell in cells]),
    )


def _crop_spec(network: NetworkDescription) -> CropSpec:
    """The crop's geometry; a preparation that the device would not obey is refused."""
    parameters = dict(network.colour["parameters"])
    plain = CropSpec(network.size_px, network.um_per_px)
    spec = replace(plain, context_um=parameters.pop("context_um", plain.context_um))
    if parameters:
        raise ConversionRefused(f"input.colour.parameters: {min(parameters)} is not known.")
    return spec


def refuse_one_kind(cells: Sequence[Cell], network: NetworkDescription, where: str) -> None:
    """Ranges, threshold and figures need blasts and white cells that are none.

    Raises:
        DataMissing: One of the two is not there; says which.
    """
    white = [cell.label for cell in cells if cell.label not in network.non_cell_labels]
    blasts = sum(label in network.blast_labels for label in white)
    if not blasts or blasts == len(white):
        lacking = "blasts" if not blasts else "white cells that are no blasts"
        raise DataMissing(
            f"{where} holds {len(cells)} cells and no {lacking}.", "Give cells of both kinds."
        )


def refuse_overlap(calibration: Sequence[Cell], holdout: Sequence[Cell]) -> None:
    """A figure measured on a patient, or a picture, that set the ranges is worth nothing.

    Where the sources are not told, equal names of patients are the same patient.

    Raises:
        DataMissing: A patient or a picture is in both; names one.
    """
    shared = sorted(_pictures(calibration) & _pictures(holdout))
    if shared:
        raise DataMissing(
            f"{len(shared)} of the pictures are in calibration and holdout, such as "
            f"{' '.join(shared[0])}.",
            "Split the cells by patient.",
        )
    patients = _shared_patients(calibration, holdout)
    if patients:
        raise DataMissing(
            f"{len(patients)} of the patients are in calibration and holdout, such as "
            f"{patients[0]}.",
            "Split the cells by patient. If two laboratories only number their patients alike, "
            "name the laboratories in a column 'source' of index.csv.",
        )


def refuse_same_pictures(calibration: CellSet, holdout: CellSet) -> None:
    """The same picture under another name, or in another folder, is the same picture.

    Raises:
        DataMissing: A crop is in both sets, pixel by pixel; names its files.
    """
    pairs = zip(calibration.crops, calibration.cells, strict=True)
    met = {hashlib.sha256(crop).digest(): cell for crop, cell in pairs}
    shared = [
        (met[digest], cell)
        for crop, cell in zip(holdout.crops, holdout.cells, strict=True)
        if (digest := hashlib.sha256(crop).digest()) in met
    ]
    if shared:
        first, second = shared[0]
        raise DataMissing(
            f"{len(shared)} pictures of the holdout are in calibration too under another name, "
            f"such as {second.file} of {second.store.name} and {first.file} of "
            f"{first.store.name}.",
            "Leave each picture in one of the two sets.",
        )


def refuse_colourless(cells: CellSet, where: str) -> None:
    """A stain is judged by its colours, and the device answers no grey picture.

    Raises:
        DataMissing: More than half of the pictures are grey.
    """
    grey = sum(int(np.ptp(crop, axis=-1).max()) <= _GREY for crop in cells.crops)
    if grey > len(cells) / 2:
        raise DataMissing(
            f"{grey} of the {len(cells)} pictures of {where} have no colour.",
            "Give them as the camera took them, in colour.",
        )


def _shared_patients(calibration: Sequence[Cell], holdout: Sequence[Cell]) -> list[str]:
    """Patients of both, by name; capitals do not make another person."""
    first, second = _patients(calibration), _patients(holdout)
    shared = {
        name
        for name in set(first) & set(second)
        if None in first[name] | second[name] or first[name] & second[name]
    }
    return sorted({cell.patient for cell in holdout if cell.patient.casefold() in shared})


def _patients(cells: Sequence[Cell]) -> dict[str, set[str | None]]:
    """The sources of each patient; None for one that nobody named."""
    found: dict[str, set[str | None]] = {}
    for cell in cells:
        if cell.patient:
            source = cell.source if cell.source_told else None
            found.setdefault(cell.patient.casefold(), set()).add(source)
    return found


def _pictures(cells: Sequence[Cell]) -> set[tuple[str, ...]]:
    return {(str(cell.store.resolve()), cell.file) for cell in cells}


def _from_list(path: Path, network: NetworkDescription) -> list[Cell]:
    """Cells of a ``.cells.json``."""
    try:
        entries = parse_object(path.read_bytes(), path.name, DataMissing).sections("cells")
    except OSError as error:
        raise DataMissing(f"{path} cannot be read: {error.strerror}.") from error
    stores = {name: _find_store(name, path) for name in {entry.text("zip") for entry in entries}}
    return [
        Cell(
            store=stores[entry.text("zip")],
            file=entry.text("file"),
            label=network_label(entry.text("label"), network, path.name),
            patient=str(entry.values.get("patient") or ""),
            source=entry.text("source"),
            um_per_px=entry.number("um_per_px", 0.02, 1.0),
        )
        for entry in entries
    ]


def _find_store(name: str, listed_in: Path) -> Path:
    """Where a zip named in a list lies."""
    checkout = Path(__file__).resolve().parent.parent
    folders = [checkout.parent / "shared" / "data", listed_in.parent]
    if "LEUKOSCOPE_DATA" in os.environ:
        folders.insert(0, Path(os.environ["LEUKOSCOPE_DATA"]))
    for folder in folders:
        if (folder / name).exists():
            return folder / name
    raise DataMissing(
        f"{name}, named in {listed_in.name}, is not in {' or '.join(map(str, folders))}.",
        "Set LEUKOSCOPE_DATA to the folder that holds it.",
    )


def _from_rows(
    place: Path,
    rows: Sequence[dict[str, str]],
    network: NetworkDescription,
    um_per_px: float | None,
) -> list[Cell]:
    cells = []
    for row in rows:
        cells.append(
            Cell(
                store=place,
                file=row["file"],
                label=network_label(row["label"], network, place.name),
                patient=row.get("patient") or "",
                source=row.get("source") or place.stem,
                um_per_px=_scale(row, um_per_px, place),
                source_told=bool(row.get("source")),
            )
        )
    return cells


def _scale(row: dict[str, str], given: float | None, place: Path) -> float:
    """Scale of one picture."""
    told = row.get("um_per_px")
    try:
        scale = float(told) if told else given
    except ValueError:
        scale = None
    if scale is None or not 0.02 <= scale <= 1.0:
        what = f"the scale {told!r}, which is no microscope's" if told else "no scale"
        raise DataMissing(
            f"{row['file']} of {place} has {what}.",
            "Give --cells-um-per-px, or a column um_per_px in index.csv, from 0.02 to 1.0.",
        )
    return scale


def network_label(label: str, network: NetworkDescription, where: str) -> str:
    """The network's label for a source's."""
    meant = network.synonyms.get(label, label)
    if meant not in network.labels:
        raise DataMissing(
            f"Label {label!r} in {where} is none of the network's ({', '.join(network.labels)}).",
            "Name it under synonyms in the network's description.",
        )
    return meant
