"""The records as plain typed data: what goes into the store and what comes out of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, StrEnum
from typing import Any

from edge.records.clock import ClockTrust

FINAL_VERDICTS = ("NO_BLASTS_FOUND", "REVIEW", "CANNOT_JUDGE")


@dataclass(frozen=True)
class CellRecord:
    """One counted cell.

    Attributes:
        frame: Number of the frame it was cut from.
        place: Number of the place on the slide; positions of different places do not compare.
        x_um: Centre on the slide, micrometres, within its place.
        y_um: The same, downwards.
        box: Left, top, width, height in pixels of the frame.
        label: The network's label.
        blast: Whether it was flagged; None when the network abstained.
        p_blast: Calibrated probability of a blast, 0-1.
        abstained: The network did not want to judge it.
        reason: Why it abstained; None where it did not.
        crop_webp: Its picture, see crops.py.
    """

    frame: int
    place: int
    x_um: float
    y_um: float
    box: tuple[float, float, float, float]
    label: str
    blast: bool | None
    p_blast: float
    abstained: bool
    reason: str | None
    crop_webp: bytes

    def __post_init__(self) -> None:
        numbers = (self.x_um, self.y_um, *self.box, self.p_blast)
        if len(self.box) != 4 or not all(math.isfinite(number) for number in numbers):
            raise ValueError(f"a cell's position, box and p_blast are finite numbers: {numbers}")
        if not 0 <= self.p_blast <= 1:
            raise ValueError(f"p_blast is 0 to 1, not {self.p_blast}")
        if bool(self.abstained) is not (self.blast is None):
            raise ValueError("a cell is abstained exactly when blast is None")


@dataclass(frozen=True)
class VerdictRecord:
    """How an examination ended.

    Attributes:
        verdict: NO_BLASTS_FOUND, REVIEW or CANNOT_JUDGE.
        reason: Why, one sentence.
        cells: White cells counted, abstained ones among them.
        blasts: Those flagged.
        abstained: Those not judged.
        blast_share: Corrected share of blasts, 0-1; None where there is none.
        interval: Its lower and upper end; None where there is none.
        frames: Frames looked at.
        cells_needed: Further cells to a verdict; None where no one can tell.
        seconds: Time it took.
        um_per_px: Scale as used, given or measured; None when it could not be measured.
        finished_at: When, with its time zone; None for now.
    """

    verdict: str
    reason: str
    cells: int
    blasts: int
    abstained: int
    blast_share: float | None
    interval: tuple[float, float] | None
    frames: int
    cells_needed: int | None = None
    seconds: float | None = None
    um_per_px: float | None = None
    finished_at: datetime | None = None

    def __post_init__(self) -> None:
        if isinstance(self.verdict, Enum):
            object.__setattr__(self, "verdict", str(self.verdict.value))
        if self.verdict not in FINAL_VERDICTS:
            raise ValueError(f"an examination ends in one of {FINAL_VERDICTS}, not {self.verdict}")
        numbers = (self.blast_share, *(self.interval or ()), self.seconds, self.um_per_px)
        if not all(number is None or math.isfinite(number) for number in numbers):
            raise ValueError(f"a verdict's numbers are finite: {numbers}")


@dataclass(frozen=True)
class StoredCell:
    """A cell as read back.

    Attributes:
        number: Its number in the store.
        record: What was recorded; ``crop_webp`` is empty when the picture was dropped or not asked
            for.
    """

    number: int
    record: CellRecord


class State(StrEnum):
    """How far an examination got."""

    RUNNING = "RUNNING"
    INTERRUPTED = "INTERRUPTED"
    FINISHED = "FINISHED"


class Signoff(StrEnum):
    """Whether a trained person stands behind the reviewed result."""

    UNSIGNED = "UNSIGNED"
    SIGNED = "SIGNED"
    AMENDED = "AMENDED"
    """Signed anew after a change."""
    CHANGED = "CHANGED"
    """Reviewed or noted upon after it was signed; not signed anew yet."""


@dataclass(frozen=True)
class Conditions:
    """What an examination was judged by, as recorded at its start.

    Attributes:
        settings: Section, key and value of all settings.
        bundle: Name, version, sha256, labels, blast_labels, threshold, abstention,
            operating_point, crop_um_per_px and crop_size_px of the model.
        software: Name and version of this program.
    """

    settings: dict[str, Any]
    bundle: dict[str, Any]
    software: str


@dataclass(frozen=True)
class Examination:
    """One examination as listed.

    Attributes:
        number: Its number in the store.
        slide: Identifier of the slide.
        bundle_name: Name and version of the model.
        bundle_sha256: Hash of the bundle.
        source: Where the frames came from.
        um_per_px: Scale as used, or as given for one that is not finished; None when unknown.
        started_at: When, UTC.
        state: RUNNING, INTERRUPTED (by a power cut, a crash, a fault) or FINISHED.
        cells: White cells recorded.
        blasts: Those flagged.
        abstained: Those not judged.
        verdict: How it ended; None unless FINISHED.
        clock: How far its times can be trusted; None where that was not recorded yet.
        reviewed: Cells that a person has called.
        signoff: Whether a person stands behind it.
        signed_by: Who signed last; empty for nobody.
    """

    number: int
    slide: str
    bundle_name: str
    bundle_sha256: str
    source: str
    um_per_px: float | None
    started_at: datetime
    state: State
    cells: int
    blasts: int
    abstained: int
    verdict: VerdictRecord | None
    clock: ClockTrust | None = None
    reviewed: int = 0
    signoff: Signoff = Signoff.UNSIGNED
    signed_by: str = ""


@dataclass(frozen=True)
class ChainReport:
    """What a walk along the chain of hashes found.

    Attributes:
        records: Records that are as they were written, counted from the first.
        head: Hash of the last of them; written down elsewhere, it proves that none was cut off.
        altered: The first record that is not as it was written, in words; None when all are.
        deleted_pictures: Pictures that retention deleted, each deletion on record.
    """

    records: int
    head: str
    altered: str | None
    deleted_pictures: int = 0

    @property
    def whole(self) -> bool:
        """Whether nothing was altered."""
        return self.altered is None


def utc_text(moment: datetime) -> str:
    """A moment as UTC, ISO 8601 with milliseconds.

    Raises:
        ValueError: It has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment to record needs its time zone")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
