"""Whether a file that left the device is unchanged, and what that is worth where it is asked."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import is_zipfile

from edge.errors import ExportAltered, ManifestMissing, UsageFault
from edge.records.audit import EventKind, event_details
from edge.records.dossier.archive import ARCHIVE_SUFFIX, unpack
from edge.records.dossier.manifest import SUFFIX, manifest_beside, read_manifest, sha256
from edge.records.store import FILE_NAME, Store

_WEAK = (
    "Whoever changed the file could have changed the manifest as well: only the records of the "
    "device that made it, or a hash written down elsewhere, prove more."
)


def prove_file(path: Path, home: Path) -> list[str]:
    """Prove that a file of a dossier, or a manifest with all it lists, is as it was exported.

    An archive is proved by the manifest in it.

    Args:
        path: The file.
        home: The data folder whose audit may know of it.

    Returns:
        What is proved, and what is not; sentences.

    Raises:
        UsageFault: There is no such file.
        ExportAltered: It, the manifest or the records were changed; the cause names which.
        ManifestMissing: Neither a manifest beside it nor the records know of it.
        StoreDamaged: The records at hand were changed.
    """
    if path.suffix.lower() == ARCHIVE_SUFFIX and is_zipfile(path):
        with TemporaryDirectory(prefix="leukoscope-") as folder:
            return prove_file(unpack(path, Path(folder)), home)
    hashed = _hash_of(path)
    manifest: Path | None = path
    if path.name.endswith(SUFFIX):
        said = _whole_manifest(path)
    else:
        said, manifest = _listed(path, hashed)
    known = _known_exports(home)
    if known is None:
        return _weak(said, path, "No records of a device are at hand here.")
    event = _event_of(known, path.name, hashed)
    if event is None:
        _refuse_known_names(known, path)
        return _weak(said, path, "The records at hand know of no such export.")
    number, details = event
    if manifest is not None:
        _check_manifest(manifest, details)
    return [
        *said,
        f"The audit of this device holds its hash (event {number}), and its chain is whole.",
    ]


def _weak(said: list[str], path: Path, why: str) -> list[str]:
    if not said:
        raise ManifestMissing(f"No manifest beside {path} lists it. {why}")
    return [*said, f"{why} {_WEAK}"]


def _hash_of(path: Path) -> str:
    try:
        return sha256(path.read_bytes())
    except OSError as error:
        why = error.strerror or str(error)
        raise UsageFault(f"{path} cannot be read: {why}.", "Name a file of a dossier.") from error


def _listed(path: Path, hashed: str) -> tuple[list[str], Path | None]:
    """What the manifest beside a file proves; nothing where there is none."""
    try:
        beside, manifest = manifest_beside(path)
    except ManifestMissing:
        return [], None
    if manifest.files[path.name] != hashed:
        raise ExportAltered(f"{path} is not as it was exported: {beside.name} has another hash.")
    return [f"{path.name} is as {beside.name} lists it."], beside


def _whole_manifest(path: Path) -> list[str]:
    said = []
    for name, hashed in read_manifest(path).files.items():
        if Path(name).name != name:
            raise ExportAltered(f"{path} lists {name[:80]!a}, which is no file's name.")
        if not (path.parent / name).is_file():
            raise ExportAltered(f"{name}, which {path.name} lists, is not beside it.")
        if _hash_of(path.parent / name) != hashed:
            raise ExportAltered(f"{name} is not as it was exported: {path.name} has another hash.")
        said.append(f"{name} is as {path.name} lists it.")
    return said


def _known_exports(home: Path) -> list[tuple[int, dict[str, Any]]] | None:
    """Exports in the audit at hand, of a chain that is whole; None where there are no records."""
    if not (home / FILE_NAME).exists():
        return None
    with Store.open_to_read(home) as store:
        store.verify_chain()
        return event_details(store, EventKind.EXPORT)


def _hashes(details: dict[str, Any]) -> dict[str, str]:
    return {**details.get("files", {}), **details.get("manifest", {})}


def _event_of(
    known: list[tuple[int, dict[str, Any]]], name: str, hashed: str
) -> tuple[int, dict[str, Any]] | None:
    """The export that made these bytes; a file may have been given another name since."""
    same = [event for event in known if hashed in _hashes(event[1]).values()]
    named = [event for event in same if _hashes(event[1]).get(name) == hashed]
    found = named or same
    return found[0] if found else None


def _refuse_known_names(known: list[tuple[int, dict[str, Any]]], path: Path) -> None:
    for number, details in known:
        if path.name in _hashes(details):
            raise ExportAltered(
                f"{path} is not as it was exported: the audit has another hash (event {number})."
            )


def _check_manifest(manifest: Path, details: dict[str, Any]) -> None:
    if _hash_of(manifest) not in details.get("manifest", {}).values():
        raise ExportAltered(f"{manifest} is not as it was exported: the audit has another hash.")
