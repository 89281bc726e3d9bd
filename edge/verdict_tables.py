"""The verdict's tables, kept in the data folder from one start to the next.

They hang on the bundle's operating point and the settings only and take as long as dozens of
frames. The file is named after all they hang on, this program's own statistics among them, and
carries a hash of its content: what does not fit in any way is made anew, never used.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edge.judgement.operating_point import OperatingPoint
from edge.judgement.tables import compute_tables, remember_tables
from edge.judgement.verdict import VerdictSettings

FOLDER: Final = "cache"
_PATTERN: Final = "verdict-*.tables"
_KEPT: Final = 4
"""Files kept: bundles in use and to go back to, with a change of settings each."""


def ready_tables(home: Path, point: OperatingPoint, settings: VerdictSettings) -> bool:
    """Have the verdict's tables ready before the first cell; no fault of the disk stops it.

    Args:
        home: The data folder.
        point: Operating point of the bundle.
        settings: What the verdict must keep.

    Returns:
        Whether they came from the data folder; else they were computed, and are kept there now.
    """
    path = tables_path(home, point, settings)
    with contextlib.suppress(OSError, ValueError, EOFError, KeyError):
        remember_tables(_read(path), point, settings)
        return True
    tables = compute_tables(point, settings)
    with contextlib.suppress(OSError):
        _write(path, tables)
    return False


def tables_path(home: Path, point: OperatingPoint, settings: VerdictSettings) -> Path:
    """The file for a network and settings, as this version of the program computes them."""
    hangs_on = f"{point!r} {settings.plan!r} {settings.coverage!r} numpy {np.__version__}"
    name = hashlib.sha256(_code() + hangs_on.encode()).hexdigest()[:32]
    return home / FOLDER / f"verdict-{name}.tables"


def _code() -> bytes:
    """Hash of the statistics' source: a program that computes otherwise keeps other tables."""
    room = Path(__file__).parent / "judgement"
    found = hashlib.sha256()
    for path in sorted(room.glob("*.py")):
        found.update(path.name.encode() + b"\0" + path.read_bytes())
    return found.digest()


def _read(path: Path) -> dict[str, NDArray[Any]]:
    """The tables in a file.

    Raises:
        OSError: There is none.
        ValueError: It is damaged.
    """
    content = path.read_bytes()
    digest, body = content[:32], content[32:]
    if hashlib.sha256(body).digest() != digest:
        raise ValueError(f"{path.name} is damaged")
    with np.load(io.BytesIO(body), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def _write(path: Path, tables: dict[str, NDArray[Any]]) -> None:
    """All or nothing: a power cut leaves no half file under the name."""
    import tempfile  # only where tables are made: it brings four compressors with it

    body = io.BytesIO()
    np.savez(body, **tables)
    written = body.getvalue()
    path.parent.mkdir(exist_ok=True, mode=0o700)
    descriptor, name = tempfile.mkstemp(prefix=".incoming-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(hashlib.sha256(written).digest() + written)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
    others = sorted(path.parent.glob(_PATTERN), key=lambda other: other.stat().st_mtime)
    for old in others[:-_KEPT]:
        old.unlink(missing_ok=True)
