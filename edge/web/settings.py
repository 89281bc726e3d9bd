"""The page's own settings."""

from __future__ import annotations

import re
from dataclasses import dataclass

_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


@dataclass(frozen=True)
class PageSettings:
    """How the page is offered, and to whom.

    Attributes:
        port: TCP port; 0 for any that is free.
        address: Address to listen at once a PIN is set; before that it is this machine only.
        names: Names besides this machine's own by which browsers may call it, such as
            ``leukoscope.clinic``. Numeric addresses are always allowed.
        pictures_per_s: Most live pictures encoded in a second; viewers share them.
        picture_width_px: Live pictures are reduced by a whole number to at most this width.
        jpeg_quality: Of live pictures and fields, 1 to 95.
        viewers: Most live pages waiting for a picture at once; more are asked to try again.
        session_idle_s: A session unused for so long has ended.
        session_s: The longest a session lasts, used or not.
        upload_bytes: Largest photograph or dossier that may be sent to the device.
        verdict_s: How long the lamps show a verdict before they say ready again.
    """

    port: int = 8080
    address: str = "0.0.0.0"
    names: str = ""
    pictures_per_s: float = 10.0
    picture_width_px: int = 800
    jpeg_quality: int = 70
    viewers: int = 12
    session_idle_s: float = 1800.0
    session_s: float = 28_800.0
    upload_bytes: int = 16_000_000
    verdict_s: float = 600.0

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ValueError("port must be 0 to 65535")
        if not 0.2 <= self.pictures_per_s <= 30:
            raise ValueError("pictures_per_s must be 0.2 to 30")
        if not 160 <= self.picture_width_px <= 4096:
            raise ValueError("picture_width_px must be 160 to 4096")
        if not 1 <= self.jpeg_quality <= 95:
            raise ValueError("jpeg_quality must be 1 to 95")
        if not 1 <= self.viewers <= 100:
            raise ValueError("viewers must be 1 to 100")
        if not 60 <= self.session_idle_s <= self.session_s <= 86_400:
            raise ValueError("session_idle_s must be at least 60, and session_s up to 86400")
        if not 100_000 <= self.upload_bytes <= 100_000_000:
            raise ValueError("upload_bytes must be 100000 to 100000000")
        if not 1 <= self.verdict_s <= 86_400:
            raise ValueError("verdict_s must be 1 to 86400")
        for name in self.host_names():
            if not _HOST_NAME.fullmatch(name):
                raise ValueError(f"names: {name!r} is no host name")

    def host_names(self) -> tuple[str, ...]:
        """The names in ``names``, which are separated by blanks or commas."""
        return tuple(self.names.replace(",", " ").split())
