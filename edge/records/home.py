"""The one folder that holds all state: database, settings, exports."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path

from edge.errors import DiskFull, LeukoscopeError, StoreUnwritable

FOLDER = "leukoscope"


def data_home(named: Path | None = None, environ: Mapping[str, str] | None = None) -> Path:
    """Where state is kept: the folder named, ``LEUKOSCOPE_HOME``, or the user's data folder.

    The boot service sets ``LEUKOSCOPE_HOME`` to ``/var/lib/leukoscope``. The user's data folder is
    ``XDG_DATA_HOME`` or ``~/.local/share`` (XDG base directory specification: a relative
    ``XDG_DATA_HOME`` is to be ignored). Nothing is created.

    Args:
        named: The folder that a person named, if any.
        environ: The environment; this process's own if left out.

    Raises:
        StoreUnwritable: Nothing is set and the user has no home.
    """
    known = os.environ if environ is None else environ
    if named is not None or known.get("LEUKOSCOPE_HOME"):
        return Path(named or known["LEUKOSCOPE_HOME"]).expanduser().absolute()
    base = Path(known.get("XDG_DATA_HOME", ""))
    if base.is_absolute():
        return base / FOLDER
    try:
        home = Path(known["HOME"]) if known.get("HOME") else Path.home()
    except RuntimeError as error:
        raise StoreUnwritable("This user has no home folder to keep records in.") from error
    return home / ".local" / "share" / FOLDER


def prepare_home(home: Path) -> Path:
    """Make the folder if it is not there yet, readable by its owner only.

    Raises:
        StoreUnwritable: It cannot be made, or something else has its name.
        DiskFull: There is no space for it.
    """
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise folder_fault(home, error) from error
    return home


def folder_fault(path: Path, error: OSError) -> LeukoscopeError:
    """The fault that an error of the operating system on a path amounts to."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(f"There is no space left for {path}.")
    why = error.strerror or str(error)
    return StoreUnwritable(f"The data folder {path} cannot be written: {why}.")


def flush_folder(folder: Path) -> None:
    """Make the names of new, renamed and removed files in a folder durable.

    Raises:
        StoreUnwritable, DiskFull: The card failed.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise folder_fault(folder, error) from error
