"""Zips and folders of labelled pictures: ``LABEL/PICTURE`` with an optional ``index.csv``."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from convert.cell_index import INDEX, read_rows
from edge.camera.picture import read_content
from edge.closing import Closing
from edge.errors import DataMissing, PictureUnreadable, PictureUnusable

PICTURES: Final = {".webp", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp"}


def label_rows(place: Path) -> list[dict[str, str]]:
    """The pictures of a zip or folder: rows of its index, or made up from its names.

    Returns:
        A row each with at least ``file`` and ``label``; ``patient`` and ``um_per_px`` where the
        index tells them. Empty where there is no picture.

    Raises:
        DataMissing: It is not there, no zip, or its index is refused: see ``read_rows``.
    """
    if not place.exists():
        raise DataMissing(f"Cells {place} are not there.")
    names = names_in(place)
    try:
        index = _index(place)
    except (OSError, RuntimeError, zipfile.BadZipFile) as error:
        raise DataMissing(f"{INDEX} of {place} cannot be read: {error}.") from error
    if index is not None:
        return read_rows(index, place)
    return [{"file": name, "label": Path(name).parent.name} for name in pictures(names)]


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


def names_in(place: Path) -> list[str]:
    """Names in a zip, or of the files in a folder and its folders, by ``/``.

    Raises:
        DataMissing: It is no zip that can be read.
    """
    if place.is_dir():
        return sorted(p.relative_to(place).as_posix() for p in place.glob("*/*"))
    try:
        with zipfile.ZipFile(place) as archive:
            return archive.namelist()
    except (OSError, zipfile.BadZipFile) as error:
        raise DataMissing(f"{place} is no zip that can be read: {error}.") from error


def pictures(names: Sequence[str]) -> list[str]:
    """Those of the names that are ``LABEL/PICTURE``; a hidden file is no picture."""
    return [
        name
        for name in names
        if Path(name).suffix.lower() in PICTURES
        and len(Path(name).parts) == 2
        and not any(part.startswith(".") for part in Path(name).parts)
    ]


def _index(place: Path) -> bytes | None:
    """What its index holds; None where it has none."""
    if place.is_dir():
        return (place / INDEX).read_bytes() if (place / INDEX).is_file() else None
    with zipfile.ZipFile(place) as archive:
        return archive.read(INDEX) if INDEX in archive.namelist() else None
