"""Writing a bundle: whole, at once, and the same bytes for the same input."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.signing import sign
from edge.errors import ConversionRefused
from edge.inference.bundle import DESCRIPTION_FILE, Bundle, load_bundle
from edge.inference.signature import SIGNATURE_FILE


def golden_file(crops: NDArray[np.uint8], outputs: NDArray[np.int8]) -> bytes:
    """Bytes of ``golden.npz``; numpy stamps its members with a fixed date."""
    content = io.BytesIO()
    np.savez_compressed(content, crops=crops, outputs=outputs)
    return content.getvalue()


def description_file(told: dict[str, Any], files: dict[str, bytes]) -> bytes:
    """Bytes of ``bundle.json`` with the hashes of the other files."""
    hashes = {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)}
    whole = told | {"files": hashes}
    return (json.dumps(whole, indent=1, allow_nan=False) + "\n").encode()


def check_target(folder: Path) -> None:
    """Nothing that is no bundle is ever replaced.

    Raises:
        ConversionRefused: The folder holds something else, or cannot be made.
    """
    empty = folder.is_dir() and not any(folder.iterdir())
    if folder.exists() and not empty and not (folder / DESCRIPTION_FILE).is_file():
        raise ConversionRefused(
            f"{folder} is there and is no bundle.", "Name a new folder with --out."
        )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_writable(folder, error.strerror) from error
    if not os.access(folder.parent, os.W_OK | os.X_OK):
        raise _not_writable(folder, "its folder is read-only")


def _not_writable(folder: Path, why: str | None) -> ConversionRefused:
    return ConversionRefused(
        f"{folder} cannot be written: {why or 'unknown reason'}.",
        "Name a place with --out that can be written and has room; nothing was written.",
    )


def write_bundle(
    folder: Path,
    told: dict[str, Any],
    files: dict[str, bytes],
    prove: Callable[[Bundle], None],
    key: Any = None,
) -> Bundle:
    """Write a bundle beside its place, prove it there, and put it in its place by one rename.

    Args:
        folder: Its place.
        told: ``bundle.json`` without hashes.
        files: All other files.
        prove: Called with the bundle as the device reads it; what it raises stops the writing.
        key: Private key that signs it, as ``read_key`` gives one; None leaves it unsigned.

    Raises:
        ConversionRefused: It cannot be written.
        BundleRefused: What was written would be refused by the device.
    """
    check_target(folder)
    try:
        with _beside(folder) as fresh:
            description = description_file(told, files)
            whole = files | {DESCRIPTION_FILE: description}
            if key is not None:
                whole[SIGNATURE_FILE] = sign(description, key)
            for name, content in whole.items():
                _write_durably(fresh / name, content)
            bundle = load_bundle(fresh)
            prove(bundle)
            fresh.chmod(0o755)
            _replace(folder, fresh)
    except OSError as error:
        raise _not_writable(folder, error.strerror) from error
    return bundle


@contextlib.contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """A hidden folder on the same file system; gone afterwards unless it was renamed.

    Its name tells whose it is, so that what a killed run left is swept up by the next.
    """
    _sweep(folder)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}.{os.getpid()}.", dir=folder.parent))
    try:
        yield fresh
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """Remove what runs that are no more have left beside this folder."""
    for left in folder.parent.glob(f".{folder.name}.*.*"):
        process = left.name.split(".")[-2]
        if process.isdecimal() and not Path(f"/proc/{process}").exists():
            shutil.rmtree(left, ignore_errors=True)


def _write_durably(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    path.chmod(0o644)


def _replace(folder: Path, fresh: Path) -> None:
    """Rename; a bundle already there is set aside first and removed last."""
    if not folder.exists():
        fresh.rename(folder)
        return
    with _beside(folder) as aside:
        folder.rename(aside / "old")
        try:
            fresh.rename(folder)
        except OSError:
            (aside / "old").rename(folder)
            raise
