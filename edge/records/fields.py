"""Pictures of whole fields, kept beside the cells counted in them: a reviewer sees the neighbours.

They are made and written by a thread of their own. The loop only leaves a reference; a field that
comes while two others wait is let go, for a missing picture costs a reviewer little, and a loop
that waits costs everybody.
"""

from __future__ import annotations

import hashlib
import io
import logging
import queue
import threading
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edge.closing import Closing
from edge.errors import LeukoscopeError
from edge.records.database import Database

_WIDTH_PX = 800
_QUALITY = 70
_WAITING = 2
_CLOSING_S = 10.0

_log = logging.getLogger("leukoscope.fields")


@dataclass(frozen=True)
class FieldPicture:
    """A field as kept.

    Attributes:
        frame: Number of the frame in its examination.
        frame_width_px: Width of the frame as the camera gave it; boxes of cells are in its pixels.
        frame_height_px: Its height.
        jpeg: The picture, reduced.
    """

    frame: int
    frame_width_px: int
    frame_height_px: int
    jpeg: bytes


def add_field(database: Database, examination: int, field: FieldPicture) -> bool:
    """Record a field's picture; False when that frame has one already.

    Raises:
        DiskFull, StoreUnwritable: It could not be recorded.
    """
    with database.transaction():
        if _number(database, examination, field.frame) is not None:
            return False
        number = database.append(
            "fields",
            {
                "examination": examination,
                "frame": field.frame,
                "frame_width_px": field.frame_width_px,
                "frame_height_px": field.frame_height_px,
                "jpeg_sha256": hashlib.sha256(field.jpeg).hexdigest(),
            },
        )
        database.connection.execute(
            "INSERT INTO field_pictures (field, jpeg) VALUES (?, ?)", (number, field.jpeg)
        )
    return True


def field_of_frame(database: Database, examination: int, frame: int) -> FieldPicture | None:
    """The picture of a frame; None where none was kept, or it was deleted."""
    with database.snapshot():
        row = database.first(
            "SELECT f.*, p.jpeg FROM fields f JOIN field_pictures p ON p.field = f.id "
            "WHERE f.examination = ? AND f.frame = ?",
            examination,
            frame,
        )
    if row is None:
        return None
    return FieldPicture(row["frame"], row["frame_width_px"], row["frame_height_px"], row["jpeg"])


def reduced_jpeg(rgb: NDArray[np.uint8]) -> bytes:
    """A frame as a JPEG of at most 800 pixels' width, some 25 to 45 kB.

    Args:
        rgb: uint8, shape (height, width, 3).
    """
    factor = max(1, ceil(rgb.shape[1] / _WIDTH_PX))
    picture = Image.fromarray(rgb)
    out = io.BytesIO()
    (picture.reduce(factor) if factor > 1 else picture).save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


class FieldKeeper(Closing):
    """Keeps fields that are offered, in a thread and with records of its own.

    Args:
        home: The data folder.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._waiting: queue.Queue[tuple[int, int, NDArray[np.uint8]] | None] = queue.Queue(
            _WAITING
        )
        self._thread = threading.Thread(target=self._run, name="fields", daemon=True)
        self._thread.start()

    def offer(self, examination: int, frame: int, rgb: NDArray[np.uint8]) -> bool:
        """Have a field kept; False when the thread is too busy. Never waits.

        Args:
            examination: Its number.
            frame: Number of the frame.
            rgb: uint8, shape (height, width, 3); not to be changed afterwards.
        """
        try:
            self._waiting.put_nowait((examination, frame, rgb))
        except queue.Full:
            return False
        return True

    def close(self) -> None:
        """Keep what waits, then end the thread; more than one call does no harm."""
        if self._thread.is_alive():
            self._waiting.put(None)
            self._thread.join(_CLOSING_S)

    def _run(self) -> None:
        while (offered := self._waiting.get()) is not None:
            examination, frame, rgb = offered
            height, width = rgb.shape[:2]
            picture = FieldPicture(frame, width, height, reduced_jpeg(rgb))
            try:
                with Database.open(self._home) as database:
                    add_field(database, examination, picture)
            except LeukoscopeError as fault:
                # The loop meets the same fault at its next cell, and says so to the person.
                _log.warning("%s", fault)


def _number(database: Database, examination: int, frame: int) -> int | None:
    row = database.first(
        "SELECT id FROM fields WHERE examination = ? AND frame = ?", examination, frame
    )
    return None if row is None else int(row["id"])
