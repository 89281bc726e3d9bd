"""What the tests of the records share: cells, verdicts, clocks that can be moved."""

from __future__ import annotations

import dataclasses
import io
from datetime import UTC, datetime, timedelta

import numpy as np
from PIL import Image

from edge.records.clock import Reading
from edge.records.rows import CellRecord, Conditions, VerdictRecord

CELL = CellRecord(
    frame=3,
    place=1,
    x_um=12.5,
    y_um=-4.25,
    box=(100.0, 50.5, 60.0, 58.0),
    label="lymphocyte",
    blast=False,
    p_blast=0.02,
    abstained=False,
    reason=None,
    crop_webp=b"RIFF....WEBP",
)
UNSURE = dataclasses.replace(CELL, label="monocyte", blast=None, abstained=True, reason="unsure")
BLAST = dataclasses.replace(CELL, label="blast", blast=True, p_blast=0.97)
VERDICT = VerdictRecord(
    verdict="REVIEW",
    reason="One cell in three looks like a blast.",
    cells=3,
    blasts=1,
    abstained=1,
    blast_share=0.31,
    interval=(0.1, 0.6),
    frames=7,
)
CONDITIONS = Conditions(
    settings={"verdict": {"share_limit": 0.05, "coverage": 0.95}},
    bundle={
        "name": "leuko",
        "version": "1",
        "sha256": "ab" * 32,
        "labels": ["blast", "lymphocyte", "monocyte"],
        "blast_labels": ["blast"],
        "threshold": 0.05,
        "operating_point": {
            "sensitivity": {"a": 20.0, "b": 1.0},
            "false_blast_rate": {"a": 1.0, "b": 50.0},
        },
        "crop_um_per_px": 0.2,
        "crop_size_px": 128,
    },
    software="leukoscope 0",
)


class MovableClock:
    """A clock whose hands a test may move."""

    def __init__(self, now: datetime, boot: str = "boot-1", vouched_by: str = "network") -> None:
        self.now = now
        self.boot = boot
        self.since_boot_s = 60.0
        self.vouched_by = vouched_by

    def read(self) -> Reading:
        return Reading(self.now, self.boot, self.since_boot_s, self.vouched_by)

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now += timedelta(seconds=seconds)
        self.since_boot_s += seconds

    def set(self, now: datetime) -> None:
        """Somebody sets the clock; no time passes."""
        self.now = now

    def reboot(self, now: datetime, vouched_by: str = "") -> None:
        """Switched off and on; the clock comes up with this time."""
        self.now, self.since_boot_s, self.vouched_by = now, 20.0, vouched_by
        self.boot += "+"


def moment(month: int, day: int, hour: int = 12, year: int = 2027) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


def crop_of(grey: int, size: int = 128) -> bytes:
    """A WebP of one colour, as large as a cell's crop."""
    out = io.BytesIO()
    Image.fromarray(np.full((size, size, 3), grey, np.uint8)).save(out, "WEBP", quality=50)
    return out.getvalue()


def begin(store, slide="S-1", conditions=CONDITIONS, **more):
    return store.begin_examination(
        slide, "leuko 1", "ab" * 32, "phantom:healthy", conditions=conditions, **more
    )


def finished_examination(store, slide="S-1", cells=(CELL, BLAST, UNSURE), **more):
    number = begin(store, slide, **more)
    store.add_cells(number, list(cells))
    store.finish(number, VERDICT)
    return number
