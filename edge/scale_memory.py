"""Scales measured before, kept in the data folder: one file, written anew after an examination.

Only of cameras that look through the device's optics: pictures from files come from anywhere. A
scale belongs to a camera and the size of its frames. The file helps and is never needed: one that
cannot be read or written is told of, and the scale is measured as if nothing were remembered.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from edge.control_state import looks_through_optics, source_kind
from edge.errors import LeukoscopeError
from edge.imaging.objectives import Objective, with_examination
from edge.imaging.scale import ScaleEstimate
from edge.records.home import flush_folder

FILE_NAME: Final = "objectives.json"
_VERSION: Final = 1
_MOST_KINDS: Final = 16
"""Kinds of picture remembered: more cameras and sizes than a device ever has."""


class ScaleMemory:
    """The objectives of one data folder.

    Args:
        home: The data folder.

    Attributes:
        trouble: Why the file could not be read or written; empty where it could.
    """

    def __init__(self, home: Path) -> None:
        self._path = home / FILE_NAME
        self.trouble = ""
        self._kinds: dict[str, tuple[Objective, ...]] = {}
        try:
            self._kinds = _parsed(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            pass
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            self.trouble = (
                f"What was remembered of objectives ({FILE_NAME}) cannot be read and is begun "
                f"anew: {error}."
            )

    @property
    def kinds(self) -> Mapping[str, tuple[Objective, ...]]:
        """Objectives of each kind of picture, such as ``picamera 1920x1080``."""
        return self._kinds

    def known(self, kind: str | None) -> tuple[Objective, ...]:
        """Objectives of one kind of picture; none where it is not remembered."""
        return () if kind is None else self._kinds.get(kind, ())

    def add(self, kind: str | None, measured: ScaleEstimate) -> None:
        """Remember the scale of one more examination, durably.

        Args:
            kind: From ``kind_of_picture``; None remembers nothing.
            measured: The slide's own scale.
        """
        if kind is None:
            return
        today = f"{datetime.now(UTC):%Y-%m-%d}"
        newest = with_examination(self.known(kind), measured, today)
        others = {name: own for name, own in self._kinds.items() if name != kind}
        # The kind used last stands last; the first ones make room.
        kept = list(others.items())[-(_MOST_KINDS - 1) :]
        self._kinds = {**dict(kept), kind: newest}
        try:
            self._write()
        except (OSError, LeukoscopeError) as error:
            self.trouble = f"The scale of this objective could not be remembered: {error}."

    def _write(self) -> None:
        """All of it, flushed under another name first: a power cut leaves the old or the new."""
        told = {
            "version": _VERSION,
            "kinds": {name: [asdict(each) for each in own] for name, own in self._kinds.items()},
        }
        new = self._path.with_suffix(f".{os.getpid()}.new")
        try:
            with new.open("w", encoding="utf-8") as file:
                json.dump(told, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._path)
        finally:
            new.unlink(missing_ok=True)
        flush_folder(self._path.parent)


def kind_of_picture(source: str, width_px: int, height_px: int) -> str | None:
    """What a scale belongs to; None for pictures that this device's optics did not make."""
    if not looks_through_optics(source):
        return None
    return f"{source_kind(source)} {width_px}x{height_px}"


def _parsed(text: str) -> dict[str, tuple[Objective, ...]]:
    """The file's content.

    Raises:
        ValueError, TypeError, KeyError, AttributeError: It is not what ``ScaleMemory`` writes.
    """
    told = json.loads(text)
    if told["version"] != _VERSION:
        raise ValueError(f"version {told['version']} is not known")
    return {
        str(name): tuple(Objective(**each) for each in own) for name, own in told["kinds"].items()
    }
