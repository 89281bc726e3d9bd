"""Zips and folders of labelled pictures: ``LABEL/PICTURE`` with an optional ``index.csv``."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.camera.picture import read_content
from edge.closing import Closing
from edge.errors import DataMissing, PictureUnreadable, PictureUnusable

INDEX: Final = "index.csv"
PICTURES: Final = {".webp", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp"}


def label_rows(place: Path) -> list[dict[str, str]]:
    """The pictures of a zip or folder: rows of its index, or made up from its names.

    Returns:
        A row each with at least ``file`` and ``label``; ``patient`` and ``um_per_px`` where the
        index tells them. Empty where there is no picture.

    Raises:
        DataMissing: It is not there, no zip, or its index lacks a column.
    """
    if not place.exists():
        raise DataMissing(f"Cells {place} are not there.")
    rows = _folder_rows(place) if place.is_dir() else _zip_rows(place)
    for row in rows:
        if not row.get("file") or not row.get("label"):
            raise DataMissing(f"{INDEX} of {place} lacks the column file or label.")
    return rows


class PictureStores(Closing):
    """Pictures out of zips and folders, each zip opened once and closed with the block."""

    def __init__(self) -> None:
        self._archives: dict[Path, zipfile.ZipFile] = {}

    def close(self) -> None:
        """Close the zips."""
        for archive in self._archives.values():
            archive.close()

    def read(self, store: Path, file: str) -> NDArray[np.uint8]:
        """One picture as the device would read it, uint8 RGB, shape (height, width, 3).

        Raises:
            DataMissing: It cannot be read; names it.
        """
        try:
            return read_content(self._content(store, file), f"{file} of {store}")
        except (PictureUnreadable, PictureUnusable) as fault:
            raise DataMissing(fault.cause, fault.action) from fault
        except (OSError, KeyError, ValueError, RuntimeError, zipfile.BadZipFile) as error:
            raise DataMissing(f"{file} of {store} cannot be read: {error}.") from error

    def _content(self, store: Path, file: str) -> bytes:
        if store.is_dir():
            return (store / file).read_bytes()
        if store not in self._archives:
            self._archives[store] = zipfile.ZipFile(store)
        return self._archives[store].read(file)


def _zip_rows(path: Path) -> list[dict[str, str]]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            index = archive.read(INDEX) if INDEX in names else None
    except (OSError, zipfile.BadZipFile) as error:
        raise DataMissing(f"{path} is no zip that can be read: {error}.") from error
    return _index_rows(index) if index is not None else _name_rows(names)


def _folder_rows(path: Path) -> list[dict[str, str]]:
    index = path / INDEX
    if index.is_file():
        return _index_rows(index.read_bytes())
    return _name_rows(sorted(p.relative_to(path).as_posix() for p in path.glob("*/*")))


def _index_rows(index: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(index.decode("utf-8-sig", "replace"))))


def _name_rows(names: Sequence[str]) -> list[dict[str, str]]:
    """``LABEL/PICTURE`` says the label."""
    return [
        {"file": name, "label": Path(name).parent.name}
        for name in names
        if Path(name).suffix.lower() in PICTURES and len(Path(name).parts) == 2
    ]
