"""A folder of pictures as a camera: each one a field of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edge.camera.frame import Frame
from edge.camera.picture import PICTURE_SUFFIXES, check_picture, read_picture
from edge.closing import Closing
from edge.errors import NoPictures

FRAME_INTERVAL_S = 1.0
"""Pictures in a folder have no clock; one a second keeps their times apart and repeatable."""


class ReplayCamera(Closing):
    """Pictures of one folder in name order, read one at a time.

    Files with other endings, hidden files and folders inside it are left alone. Headers of all
    pictures are looked at first, so that a wrong folder is refused before anything is counted.

    Raises:
        NoPictures: The folder does not exist or holds no picture.
        PictureUnreadable: A file with a picture's ending is none, or (from ``frames``) is damaged.
        PictureUnusable: A picture is too small, too large, or of an unknown kind.
    """

    continuous = False

    def __init__(self, folder: Path) -> None:
        self.pictures = _pictures_in(folder)
        for path in self.pictures:
            check_picture(path)
        self._closed = False

    def frames(self) -> Iterator[Frame]:
        """Each picture once; a damaged one stops the replay and is named."""
        for number, path in enumerate(self.pictures):
            if self._closed:
                return
            yield Frame(read_picture(path), number * FRAME_INTERVAL_S, number, path.name)

    def close(self) -> None:
        """Give no more pictures."""
        self._closed = True


def _pictures_in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise NoPictures(f"{folder} {what}.")
    try:
        pictures = sorted(
            path
            for path in folder.iterdir()
            if path.suffix.lower() in PICTURE_SUFFIXES
            and not path.name.startswith(".")
            and path.is_file()
        )
    except OSError as error:
        raise NoPictures(f"{folder} cannot be read ({error}).") from error
    if not pictures:
        raise NoPictures(f"{folder} holds no picture.")
    return pictures
