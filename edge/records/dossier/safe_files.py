"""Files that are whole or not there: written aside, brought to the medium, renamed at the end."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from edge.errors import ExportFull, ExportUnwritable, LeukoscopeError

_ASIDE = ".part"


@contextmanager
def files_aside(folder: Path, files: Mapping[str, bytes]) -> Iterator[None]:
    """Write files under temporary names; what is done inside comes before their final names.

    Whatever fails, inside or here, no half file is left under a final name.

    Args:
        folder: Where to; it must be there.
        files: Content by final name.

    Raises:
        ExportFull: There is no space.
        ExportUnwritable: The folder is not there (any more), or cannot be written.
    """
    made: list[Path] = []
    try:
        for name, content in files.items():
            made.append(folder / (name + _ASIDE))
            _write(made[-1], content)
        yield
        for aside in list(made):
            final = aside.with_name(aside.name.removesuffix(_ASIDE))
            aside.replace(final)
            made[made.index(aside)] = final
        _sync_folder(folder)
    except BaseException as error:
        for path in made:
            with suppress(OSError):
                path.unlink()
        if isinstance(error, OSError) and not isinstance(error, LeukoscopeError):
            raise _fault(folder, error) from error
        raise


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError as error:
        # Some file systems of sticks know no such thing.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)


def _fault(folder: Path, error: OSError) -> LeukoscopeError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return ExportFull(f"There is no space left in {folder}; nothing was exported.")
    why = error.strerror or str(error)
    return ExportUnwritable(f"{folder} cannot be written: {why}; nothing was exported.")
