"""Examinations looked for by slide, verdict, date and signature, page by page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from edge.errors import UsageFault
from edge.records.database import Database
from edge.records.reading import read_examinations
from edge.records.rows import FINAL_VERDICTS, Examination, utc_text

UNFINISHED = "UNFINISHED"
"""Looked for in place of a verdict: examinations without one."""

PAGE_MOST = 500


@dataclass(frozen=True)
class Search:
    """What is looked for; everything left out finds all.

    Attributes:
        slide: A part of the slide's identifier; capital and small ASCII letters are alike.
        verdict: One of the three verdicts, or UNFINISHED.
        since: First day of the start, in the time zone of ``utc_offset``.
        until: Last day of the start, included.
        unsigned: Only examinations that nobody has signed.
        utc_offset: Of the days, from UTC.

    Raises:
        UsageFault: The verdict is none, or the days are the wrong way round.
    """

    slide: str = ""
    verdict: str = ""
    since: date | None = None
    until: date | None = None
    unsigned: bool = False
    utc_offset: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        known = (*FINAL_VERDICTS, UNFINISHED)
        if self.verdict and self.verdict not in known:
            raise UsageFault(
                f"{self.verdict[:40]!a} is no verdict.", f"Use one of {', '.join(known)}."
            )
        if self.since and self.until and self.since > self.until:
            raise UsageFault(f"{self.since} is after {self.until}.", "Give the earlier day first.")


@dataclass(frozen=True)
class Found:
    """One page of what was found, the newest first.

    Attributes:
        examinations: Of this page.
        total: On all pages.
        page: This page, from 1.
        pages: How many there are, at least 1.
    """

    examinations: list[Examination]
    total: int
    page: int
    pages: int


def search(
    database: Database, wanted: Search | None = None, page: int = 1, size: int = 50
) -> Found:
    """One page of the examinations that are looked for, the newest first.

    A page beyond the last is the last one.

    Args:
        database: The records.
        wanted: What is looked for; None finds all.
        page: From 1.
        size: Examinations on a page, 1 to 500.
    """
    where, values = _where(wanted or Search())
    size = min(max(1, size), PAGE_MOST)
    with database.snapshot():
        count = database.first(
            "SELECT count(*) FROM examinations e LEFT JOIN verdicts v ON v.examination = e.id "
            + where,
            *values,
        )
        total = 0 if count is None else int(count[0])
        pages = max(1, -(-total // size))
        page = min(max(1, page), pages)
        rest = f"{where} ORDER BY e.id DESC LIMIT ? OFFSET ?"
        found = read_examinations(database, rest, *values, size, (page - 1) * size)
    return Found(found, total, page, pages)


def examinations_of(database: Database, slide: str) -> list[Examination]:
    """Every examination of exactly this slide, the oldest first: was its number used before?"""
    with database.snapshot():
        return read_examinations(database, "WHERE e.slide = ? ORDER BY e.id", slide)


def _where(wanted: Search) -> tuple[str, list[str]]:
    conditions, values = ["1"], []
    if wanted.slide:
        conditions.append("e.slide LIKE ? ESCAPE '\\'")
        values.append(f"%{_escaped(wanted.slide)}%")
    if wanted.verdict == UNFINISHED:
        conditions.append("v.verdict IS NULL")
    elif wanted.verdict:
        conditions.append("v.verdict = ?")
        values.append(wanted.verdict)
    if wanted.since:
        conditions.append("e.started_at >= ?")
        values.append(_midnight(wanted.since, wanted.utc_offset))
    if wanted.until:
        conditions.append("e.started_at < ?")
        values.append(_midnight(wanted.until + timedelta(days=1), wanted.utc_offset))
    if wanted.unsigned:
        conditions.append("NOT EXISTS (SELECT 1 FROM signatures s WHERE s.examination = e.id)")
    return "WHERE " + " AND ".join(conditions), values


def _escaped(text: str) -> str:
    """A text that LIKE takes for itself."""
    return "".join(f"\\{c}" if c in "\\%_" else c for c in text)


def _midnight(day: date, offset: timedelta) -> str:
    """Begin of a local day, as times are recorded: UTC texts sort as the moments they name."""
    return utc_text(datetime.combine(day, time(), UTC) - offset)
