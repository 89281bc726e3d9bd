"""What a dossier tells, as plain data: collected once, written in every form from the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from edge.records.audit import AuditEntry
from edge.records.clock import ClockTrust
from edge.records.result import ReviewedResult
from edge.records.reviews import Note, PersonCall, Signature
from edge.records.rows import Conditions, Examination, StoredCell, utc_text

RESEARCH_USE = "Screening aid for research use, not a diagnosis."
_UNKNOWN_CLOCK = "Whether the clock was set was not recorded."


@dataclass(frozen=True)
class Dossier:
    """All that is told of one examination.

    Attributes:
        examination: The machine's result, how it ended, the scale, the trust in its times.
        cells: Counted cells with their pictures, in order of counting.
        calls: The person's call that counts, by the cell's number.
        reviewed: The result with those calls in it.
        conditions: What it was judged by; None where that was not recorded.
        notes: Persons' words, the oldest first.
        signatures: The oldest first.
        audit: What belongs to this examination, the oldest first.
        control: State of the control slide, one sentence.
        chain_seq: Place of the last record in the chain when this was collected.
        chain_hash: Its hash.
        made_at: When this was collected, UTC.
        made_clock: How far that time can be trusted.
    """

    examination: Examination
    cells: tuple[StoredCell, ...]
    calls: dict[int, PersonCall]
    reviewed: ReviewedResult
    conditions: Conditions | None
    notes: tuple[Note, ...]
    signatures: tuple[Signature, ...]
    audit: tuple[AuditEntry, ...]
    control: str
    chain_seq: int
    chain_hash: str
    made_at: datetime
    made_clock: ClockTrust

    @property
    def times_hold(self) -> bool:
        """Whether the times of the examination may be taken as true."""
        return self.examination.clock is ClockTrust.SET

    @property
    def clock_words(self) -> str:
        """How far the examination's times can be trusted, one sentence."""
        clock = self.examination.clock
        return _UNKNOWN_CLOCK if clock is None else clock.words

    @property
    def crop_um_per_px(self) -> float | None:
        """Scale of the stored pictures; None where it was not recorded."""
        bundle = {} if self.conditions is None else self.conditions.bundle
        scale = bundle.get("crop_um_per_px")
        return None if scale is None else float(scale)


def suspicion_first(dossier: Dossier) -> list[StoredCell]:
    """The cells, the most suspicious by the network first."""
    return sorted(dossier.cells, key=lambda cell: (-cell.record.p_blast, cell.number))


def time_text(moment: datetime | None) -> str:
    """A time in UTC as ISO 8601; empty for none."""
    return "" if moment is None else utc_text(moment)
