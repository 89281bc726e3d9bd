"""The database's tables, in one place.

Why crops lie in the database and not in files beside it: a cell and its picture become durable in
one transaction, with one flush of the card, and neither can exist without the other; at 4 kB
SQLite reads and writes blobs faster than a file system does files (sqlite.org/fasterthanfs.html).
They have a table of their own, so that listing cells does not page through pictures, and so that
old pictures can be dropped when the card fills while call, place and hash of each cell stay.

Nothing is ever updated: what is learned later (a verdict) is a row of its own. Triggers hold the
program to it; the chain of hashes finds whoever goes around them.
"""

from __future__ import annotations

APPLICATION_ID = 0x4C6B7363  # "Lksc": marks a SQLite file as ours, in its header.
SCHEMA_VERSION = 1

TABLES = """
CREATE TABLE examinations (
    id INTEGER PRIMARY KEY,
    slide TEXT NOT NULL,
    bundle_name TEXT NOT NULL,
    bundle_sha256 TEXT NOT NULL,
    source TEXT NOT NULL,
    um_per_px REAL,             -- as given; NULL when it is to be measured
    started_at TEXT NOT NULL,   -- UTC, ISO 8601
    runner TEXT NOT NULL        -- the process that examines: see runner.py
) STRICT;

CREATE TABLE cells (
    id INTEGER PRIMARY KEY,
    examination INTEGER NOT NULL REFERENCES examinations (id),
    frame INTEGER NOT NULL,
    place INTEGER NOT NULL,
    x_um REAL NOT NULL,         -- centre on the slide
    y_um REAL NOT NULL,
    left_px REAL NOT NULL,      -- box in the frame
    top_px REAL NOT NULL,
    width_px REAL NOT NULL,
    height_px REAL NOT NULL,
    label TEXT NOT NULL,
    blast INTEGER CHECK (blast IN (0, 1)),
    p_blast REAL NOT NULL CHECK (p_blast BETWEEN 0 AND 1),
    abstained INTEGER NOT NULL CHECK (abstained IN (0, 1)),
    reason TEXT,
    crop_sha256 TEXT NOT NULL,
    CHECK ((blast IS NULL) = abstained)
) STRICT;
CREATE INDEX cells_by_examination ON cells (examination);

CREATE TABLE crops (
    cell INTEGER PRIMARY KEY REFERENCES cells (id),
    webp BLOB NOT NULL
) STRICT;

CREATE TABLE verdicts (
    examination INTEGER PRIMARY KEY REFERENCES examinations (id),
    verdict TEXT NOT NULL CHECK (verdict IN ('NO_BLASTS_FOUND', 'REVIEW', 'CANNOT_JUDGE')),
    reason TEXT NOT NULL,
    cells INTEGER NOT NULL,
    blasts INTEGER NOT NULL,
    abstained INTEGER NOT NULL,
    blast_share REAL,
    interval_low REAL,
    interval_high REAL,
    cells_needed INTEGER,
    frames INTEGER NOT NULL,
    seconds REAL,
    um_per_px REAL,             -- as used, given or measured
    finished_at TEXT NOT NULL
) STRICT;

CREATE TABLE chain (
    seq INTEGER PRIMARY KEY,    -- 1, 2, 3, ... without gaps
    kind TEXT NOT NULL,         -- name of the table
    record INTEGER NOT NULL,    -- primary key there
    hash TEXT NOT NULL,
    UNIQUE (kind, record)
) STRICT;
"""

APPEND_ONLY = ("examinations", "cells", "verdicts", "chain")
"""Tables whose rows stay as they were written; crops may be deleted, but not changed."""


def statements() -> list[str]:
    """All statements that make an empty database into ours, without the pragmas."""
    made = [part.strip() for part in TABLES.split(";\n") if part.strip()]
    for table in (*APPEND_ONLY, "crops"):
        for action in ("UPDATE", "DELETE") if table in APPEND_ONLY else ("UPDATE",):
            made.append(
                f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    return made
