"""The list that proves a dossier: the hash of every file, and where the chain of records stood."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from edge.errors import ManifestMissing

SUFFIX = ".manifest.json"
FORM = "leukoscope-manifest-1"


@dataclass(frozen=True)
class Manifest:
    """What was exported together.

    Attributes:
        examination: Number of the examination.
        slide: Its slide.
        made_at: When, UTC, ISO 8601.
        clock: How far that time can be trusted; one sentence.
        chain_seq: Place of the last record in the chain then.
        chain_hash: Its hash.
        files: SHA-256 of each file by its name.
    """

    examination: int
    slide: str
    made_at: str
    clock: str
    chain_seq: int
    chain_hash: str
    files: dict[str, str]

    def as_bytes(self) -> bytes:
        """As JSON in UTF-8."""
        told = {"form": FORM, **asdict(self)}
        return json.dumps(told, ensure_ascii=False, indent=1).encode() + b"\n"


def sha256(content: bytes) -> str:
    """Hash of a file's bytes, 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def read_manifest(path: Path) -> Manifest:
    """A manifest as it lies in a folder.

    Raises:
        ManifestMissing: The file cannot be read, or is none.
    """
    try:
        told = json.loads(path.read_bytes())
        form = told.pop("form")
        if form != FORM:
            raise ValueError(f"its form is {form!a}")
        manifest = Manifest(**told)
        sound = all(isinstance(v, str) for v in manifest.files.values())
        if not sound or not isinstance(manifest.examination, int):
            raise ValueError("its values are of other types")
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ManifestMissing(f"{path} is no manifest of a dossier: {error}.") from error
    return manifest


def manifest_beside(path: Path) -> tuple[Path, Manifest]:
    """The manifest in the folder of a file that lists the file.

    Raises:
        ManifestMissing: There is none.
    """
    for candidate in sorted(path.parent.glob(f"*{SUFFIX}")):
        manifest = read_manifest(candidate)
        if path.name in manifest.files:
            return candidate, manifest
    raise ManifestMissing(f"No manifest beside {path} lists it.")
