"""Rows of the tables as plain typed data: examinations and cells as they are read back."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from edge.records.clock import ClockTrust
from edge.records.database import Database, open_runners
from edge.records.rows import CellRecord, Examination, Signoff, State, StoredCell, VerdictRecord
from edge.records.runner import is_alive, new_runner

_EXAMINATIONS = """
SELECT e.*, v.verdict, v.reason, v.cells, v.blasts, v.abstained, v.blast_share,
    v.interval_low, v.interval_high, v.cells_needed, v.frames, v.seconds,
    v.um_per_px AS used_um_per_px, v.finished_at, o.clock,
    e.id = (SELECT max(id) FROM examinations n WHERE n.runner = e.runner) AS newest
FROM examinations e
LEFT JOIN verdicts v ON v.examination = e.id
LEFT JOIN conditions o ON o.examination = e.id
"""


def read_examinations(database: Database, ending: str, *values: str | int) -> list[Examination]:
    """Examinations that a WHERE, ORDER BY and LIMIT ask for; inside a snapshot.

    Args:
        database: The records.
        ending: The rest of the query; ``e`` is the table of examinations, ``v`` of verdicts.
        values: For its question marks.
    """
    rows = database.all(_EXAMINATIONS + ending, *values)
    return [_examination(database, row) for row in rows]


def read_cell(row: sqlite3.Row) -> StoredCell:
    """A row of ``cells`` with a column ``webp``."""
    record = CellRecord(
        frame=row["frame"],
        place=row["place"],
        x_um=row["x_um"],
        y_um=row["y_um"],
        box=(row["left_px"], row["top_px"], row["width_px"], row["height_px"]),
        label=row["label"],
        blast=None if row["blast"] is None else bool(row["blast"]),
        p_blast=row["p_blast"],
        abstained=bool(row["abstained"]),
        reason=row["reason"],
        crop_webp=row["webp"] or b"",
    )
    return StoredCell(row["id"], record)


def newest_review(database: Database, examination: int) -> int:
    """Number of the newest review of any cell of an examination; 0 for none."""
    row = database.first(
        "SELECT coalesce(max(r.id), 0) FROM reviews r JOIN cells c ON c.id = r.cell "
        "WHERE c.examination = ?",
        examination,
    )
    return 0 if row is None else int(row[0])


def newest_note(database: Database, examination: int) -> int:
    """Number of the newest note on an examination; 0 for none."""
    row = database.first(
        "SELECT coalesce(max(id), 0) FROM notes WHERE examination = ?", examination
    )
    return 0 if row is None else int(row[0])


def signoff(database: Database, examination: int) -> tuple[Signoff, str]:
    """Whether an examination is signed, and who signed last."""
    row = database.first(
        "SELECT *, (SELECT count(*) FROM signatures WHERE examination = s.examination) AS times "
        "FROM signatures s WHERE examination = ? ORDER BY id DESC LIMIT 1",
        examination,
    )
    if row is None:
        return Signoff.UNSIGNED, ""
    covered = (row["last_review"], row["last_note"])
    if covered != (newest_review(database, examination), newest_note(database, examination)):
        return Signoff.CHANGED, row["signer"]
    return (Signoff.SIGNED if row["times"] == 1 else Signoff.AMENDED), row["signer"]


def _examination(database: Database, row: sqlite3.Row) -> Examination:
    verdict = None if row["verdict"] is None else _verdict(row)
    if verdict is not None:
        state = State.FINISHED
        counts = (verdict.cells, verdict.blasts, verdict.abstained)
    else:
        state = State.RUNNING if _is_running(row) else State.INTERRUPTED
        counts = _counts(database, row["id"])
    used = row["used_um_per_px"]
    signed, signer = signoff(database, row["id"])
    return Examination(
        number=row["id"],
        slide=row["slide"],
        bundle_name=row["bundle_name"],
        bundle_sha256=row["bundle_sha256"],
        source=row["source"],
        um_per_px=row["um_per_px"] if used is None else used,
        started_at=datetime.fromisoformat(row["started_at"]),
        state=state,
        cells=counts[0],
        blasts=counts[1],
        abstained=counts[2],
        verdict=verdict,
        clock=None if row["clock"] is None else ClockTrust(row["clock"]),
        reviewed=_reviewed(database, row["id"]),
        signoff=signed,
        signed_by=signer,
    )


def _counts(database: Database, examination: int) -> tuple[int, int, int]:
    """Cells, blasts and abstentions recorded so far."""
    row = database.first(
        "SELECT count(*), coalesce(sum(blast), 0), coalesce(sum(abstained), 0) "
        "FROM cells WHERE examination = ?",
        examination,
    )
    assert row is not None
    return int(row[0]), int(row[1]), int(row[2])


def _reviewed(database: Database, examination: int) -> int:
    row = database.first(
        "SELECT count(DISTINCT r.cell) FROM reviews r JOIN cells c ON c.id = r.cell "
        "WHERE c.examination = ?",
        examination,
    )
    return 0 if row is None else int(row[0])


def _is_running(row: sqlite3.Row) -> bool:
    """Whether somebody still works on an unfinished examination; a store has one at a time."""
    runner = str(row["runner"])
    if not row["newest"]:
        return False
    own = runner.split("/")[:3] == new_runner().split("/")[:3]
    return runner in open_runners if own else is_alive(runner)


def _verdict(row: sqlite3.Row) -> VerdictRecord:
    low, high = row["interval_low"], row["interval_high"]
    return VerdictRecord(
        verdict=row["verdict"],
        reason=row["reason"],
        cells=row["cells"],
        blasts=row["blasts"],
        abstained=row["abstained"],
        blast_share=row["blast_share"],
        interval=None if low is None or high is None else (low, high),
        frames=row["frames"],
        cells_needed=row["cells_needed"],
        seconds=row["seconds"],
        um_per_px=row["used_um_per_px"],
        finished_at=datetime.fromisoformat(row["finished_at"]),
    )
