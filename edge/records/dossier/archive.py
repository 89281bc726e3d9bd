"""A dossier as one file: a ZIP archive (PKWARE APPNOTE 6.3) with every form and the manifest.

It is written piece by piece, so that a phone begins to receive it while it is made and the device
never holds it twice.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from edge.errors import ManifestMissing
from edge.records.dossier.manifest import SUFFIX

ARCHIVE_SUFFIX = ".zip"

_MOST_FILES = 20
_MOST_BYTES = 200_000_000
"""More than this unpacked is no dossier of ours: an archive can be made to swell a thousandfold."""


class _Outlet(io.RawIOBase):
    """What the archive is written to: holds what was not taken yet."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: object) -> int:
        taken = bytes(piece)  # type: ignore[call-overload]
        self._pieces.append(taken)
        return len(taken)

    def take(self) -> bytes:
        """What was written since the last time."""
        taken, self._pieces = b"".join(self._pieces), []
        return taken


def archive_pieces(files: Mapping[str, bytes], made_at: datetime) -> Iterator[bytes]:
    """The archive, piece by piece.

    Args:
        files: Content by name.
        made_at: Time of all files in it, UTC.
    """
    outlet = _Outlet()
    # The format's times begin in 1980: a clock that was never set may say earlier.
    stamp = max(made_at.timetuple()[:6], (1980, 1, 1, 0, 0, 0))
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, stamp)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
            yield outlet.take()
    yield outlet.take()


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack an archive of a dossier into an empty folder.

    Returns:
        The manifest in it.

    Raises:
        ManifestMissing: It is damaged, holds no one manifest, or is none of ours.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = opened.infolist()
            names = [entry.filename for entry in entries]
            plain = all(Path(name).name == name and "\\" not in name for name in names)
            size = sum(entry.file_size for entry in entries)
            manifests = [name for name in names if name.endswith(SUFFIX)]
            few = len(set(names)) == len(names) <= _MOST_FILES and size <= _MOST_BYTES
            if not plain or not few or len(manifests) != 1:
                raise ManifestMissing(f"{archive} is no archive of a dossier.")
            for entry in entries:
                # Reads no more than it promises, and holds it against its checksum.
                (folder / entry.filename).write_bytes(opened.read(entry))
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError) as error:
        if isinstance(error, ManifestMissing):
            raise
        raise ManifestMissing(f"{archive} cannot be unpacked: {error}.") from error
    return folder / manifests[0]
