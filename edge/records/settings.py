"""How long pictures are kept."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RecordSettings:
    """When pictures of cells and fields are deleted; verdicts, calls and audit never are.

    Attributes:
        picture_days: Pictures of a signed examination older than this are deleted; 0 keeps them
            as long as there is room. Only where the clock was set, then and now.
        free_mb: While less than this is free, the oldest pictures of signed examinations make
            room; 0 deletes none for that reason.
    """

    picture_days: int = 0
    free_mb: int = 1000

    def __post_init__(self) -> None:
        if not 0 <= self.picture_days <= 36_500:
            raise ValueError("picture_days must be 0 to 36500")
        if not 0 <= self.free_mb <= 1_000_000:
            raise ValueError("free_mb must be 0 to 1000000")
