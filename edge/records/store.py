"""The store of examinations and cells.

Once a method has returned, what it recorded survives a power cut. One store serves one thread;
other threads and processes open their own, and may read and write the same records meanwhile.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime

from edge.errors import RecordMissing, StoreDamaged
from edge.records.chain import Value
from edge.records.crops import encode_crop
from edge.records.database import DEVICE, FILE_NAME, Database, plain_text
from edge.records.reading import read_cell, read_examinations
from edge.records.rows import (
    CellRecord,
    ChainReport,
    Conditions,
    Examination,
    Signoff,
    State,
    StoredCell,
    VerdictRecord,
    utc_text,
)
from edge.records.slide import checked_slide
from edge.records.verification import verify

__all__ = [
    "FILE_NAME",
    "CellRecord",
    "ChainReport",
    "Conditions",
    "Examination",
    "Signoff",
    "State",
    "Store",
    "StoredCell",
    "VerdictRecord",
    "encode_crop",
]


class Store(Database):
    """Records of one data folder; made by `Store.open` or `Store.open_to_read`."""

    def begin_examination(
        self,
        slide: str,
        bundle_name: str,
        bundle_sha256: str,
        source: str,
        um_per_px: float | None = None,
        started_at: datetime | None = None,
        conditions: Conditions | None = None,
    ) -> int:
        """Record that an examination begins.

        Settings or a bundle other than those of the examination before are put into the audit.

        Args:
            slide: Identifier of the slide, 1-64 printable characters.
            bundle_name: Name and version of the model.
            bundle_sha256: Hash of its bundle.
            source: What the camera was called.
            um_per_px: Scale if it was given; None to be measured.
            started_at: When, with its time zone; None for now.
            conditions: What it will be judged by, for the dossier; None when not known.

        Returns:
            The number of the examination.

        Raises:
            UsageFault: The slide's identifier cannot be one.
            DiskFull, StoreUnwritable: It could not be recorded.
        """
        row: dict[str, Value] = {
            "slide": checked_slide(slide),
            "bundle_name": plain_text(bundle_name),
            "bundle_sha256": plain_text(bundle_sha256),
            "source": plain_text(source),
            "um_per_px": None if um_per_px is None else float(um_per_px),
        }
        with self.transaction():
            row["started_at"] = utc_text(started_at) if started_at else self.stamp()
            row["runner"] = self.runner
            if conditions is None:
                return self.append("examinations", row)
            self._note_changes(conditions, str(row["started_at"]))
            number = self.append("examinations", row)
            self.append("conditions", self._conditions_row(number, conditions))
            return number

    def add_cells(self, examination: int, cells: Sequence[CellRecord]) -> list[int]:
        """Record cells, all or none of them, durably once this returns.

        Returns:
            Their numbers, in order.

        Raises:
            RecordMissing: There is no such examination.
            ValueError: It is finished.
            DiskFull, StoreUnwritable: They could not be recorded; earlier ones are kept.
        """
        if not cells:
            return []
        with self.transaction():
            self._check_unfinished(examination)
            return [self._add_cell(examination, cell) for cell in cells]

    def finish(self, examination: int, verdict: VerdictRecord) -> None:
        """Record how an examination ended.

        Raises:
            RecordMissing: There is no such examination.
            ValueError: It is finished already.
            DiskFull, StoreUnwritable: It could not be recorded.
        """
        low, high = verdict.interval if verdict.interval is not None else (None, None)
        row: dict[str, Value] = {
            "examination": examination,
            "verdict": verdict.verdict,
            "reason": plain_text(verdict.reason),
            "cells": int(verdict.cells),
            "blasts": int(verdict.blasts),
            "abstained": int(verdict.abstained),
            "blast_share": _real(verdict.blast_share),
            "interval_low": _real(low),
            "interval_high": _real(high),
            "cells_needed": None if verdict.cells_needed is None else int(verdict.cells_needed),
            "frames": int(verdict.frames),
            "seconds": _real(verdict.seconds),
            "um_per_px": _real(verdict.um_per_px),
        }
        with self.transaction():
            self._check_unfinished(examination)
            at = verdict.finished_at
            row["finished_at"] = utc_text(at) if at else self.stamp()
            self.append("verdicts", row)

    def examinations(self) -> list[Examination]:
        """All examinations, the oldest first."""
        with self.snapshot():
            return read_examinations(self, "ORDER BY e.id")

    def examination(self, number: int) -> Examination:
        """One examination.

        Raises:
            RecordMissing: There is none of that number.
        """
        with self.snapshot():
            found = read_examinations(self, "WHERE e.id = ?", number)
        if not found:
            raise RecordMissing(f"There is no examination {number} on record.")
        return found[0]

    def conditions(self, examination: int) -> Conditions | None:
        """What an examination was judged by; None where that was not recorded."""
        with self.snapshot():
            row = self.first("SELECT * FROM conditions WHERE examination = ?", examination)
        if row is None:
            return None
        return Conditions(json.loads(row["settings"]), json.loads(row["bundle"]), row["software"])

    def cells(self, examination: int, crops: bool = True, after: int = 0) -> list[StoredCell]:
        """The cells of an examination in order of counting.

        Args:
            examination: Its number.
            crops: Whether to read the pictures as well.
            after: Only cells of a higher number: what is new since the last look.
        """
        picture = "p.webp" if crops else "NULL"
        with self.snapshot():
            rows = self.all(
                f"SELECT c.*, {picture} AS webp FROM cells c LEFT JOIN crops p ON p.cell = c.id "
                "WHERE c.examination = ? AND c.id > ? ORDER BY c.id",
                examination,
                after,
            )
        return [read_cell(row) for row in rows]

    def cell(self, number: int) -> tuple[int, StoredCell]:
        """One cell with its picture, and the number of its examination.

        Raises:
            RecordMissing: There is none of that number.
        """
        with self.snapshot():
            row = self.first(
                "SELECT c.*, p.webp FROM cells c LEFT JOIN crops p ON p.cell = c.id WHERE c.id = ?",
                number,
            )
        if row is None:
            raise RecordMissing(f"There is no cell {number} on record.")
        return row["examination"], read_cell(row)

    def verify_chain(self) -> int:
        """Prove that all records are as they were written.

        Returns:
            How many there are.

        Raises:
            StoreDamaged: One is not; the fault names the first.
        """
        report = self.inspect_chain()
        if report.altered is not None:
            raise StoreDamaged(
                f"The records {self.path} were changed: {report.altered}; "
                f"the {report.records} records before it are whole."
            )
        return report.records

    def inspect_chain(self) -> ChainReport:
        """Walk along all records and name the first that is not as it was written."""
        with self.snapshot():
            return verify(self.connection)

    def _add_cell(self, examination: int, cell: CellRecord) -> int:
        left, top, width, height = cell.box
        number = self.append(
            "cells",
            {
                "examination": examination,
                "frame": int(cell.frame),
                "place": int(cell.place),
                "x_um": _real(cell.x_um),
                "y_um": _real(cell.y_um),
                "left_px": _real(left),
                "top_px": _real(top),
                "width_px": _real(width),
                "height_px": _real(height),
                "label": plain_text(cell.label),
                "blast": None if cell.blast is None else int(cell.blast),
                "p_blast": _real(cell.p_blast),
                "abstained": int(cell.abstained),
                "reason": None if cell.reason is None else plain_text(cell.reason),
                "crop_sha256": hashlib.sha256(cell.crop_webp).hexdigest(),
            },
        )
        self.connection.execute(
            "INSERT INTO crops (cell, webp) VALUES (?, ?)", (number, cell.crop_webp)
        )
        return number

    def _conditions_row(self, examination: int, conditions: Conditions) -> dict[str, Value]:
        return {
            "examination": examination,
            "settings": _json(conditions.settings),
            "bundle": _json(conditions.bundle),
            "software": plain_text(conditions.software),
            "clock": self.clock_trust().value,
        }

    def _note_changes(self, conditions: Conditions, at: str) -> None:
        """Put into the audit what is judged by otherwise than in the examination before."""
        last = self.first(
            "SELECT settings, bundle, software FROM conditions ORDER BY examination DESC LIMIT 1"
        )
        if last is None:
            return
        before, now = json.loads(last["settings"]), json.loads(_json(conditions.settings))
        changed = {
            f"{section}.{key}": [before.get(section, {}).get(key), now.get(section, {}).get(key)]
            for section in sorted({*before, *now})
            for key in sorted({*before.get(section, {}), *now.get(section, {})})
            if before.get(section, {}).get(key) != now.get(section, {}).get(key)
        }
        if changed:
            self.append_event("SETTING", DEVICE, changed, at=at)
        if last["bundle"] != _json(conditions.bundle):
            named = [json.loads(last["bundle"]), conditions.bundle]
            details = {
                key: [bundle.get(key) for bundle in named] for key in ("name", "version", "sha256")
            }
            self.append_event("BUNDLE", DEVICE, details, at=at)
        if last["software"] != conditions.software:
            details = {"software": [last["software"], conditions.software]}
            self.append_event("SOFTWARE", DEVICE, details, at=at)

    def _check_unfinished(self, examination: int) -> None:
        row = self.first(
            "SELECT v.verdict FROM examinations e LEFT JOIN verdicts v ON v.examination = e.id "
            "WHERE e.id = ?",
            examination,
        )
        if row is None:
            raise RecordMissing(f"There is no examination {examination} on record.")
        if row["verdict"] is not None:
            raise ValueError(f"examination {examination} is finished already")


def _json(values: object) -> str:
    return plain_text(json.dumps(values, sort_keys=True, allow_nan=False, ensure_ascii=False))


def _real(number: float | None) -> float | None:
    return None if number is None else float(number)
