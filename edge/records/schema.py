"""The database's tables, in one place, version by version.

Why crops lie in the database and not in files beside it: a cell and its picture become durable in
one transaction, with one flush of the card, and neither can exist without the other; at 4 kB
SQLite reads and writes blobs faster than a file system does files (sqlite.org/fasterthanfs.html).
They have a table of their own, so that listing cells does not page through pictures, and so that
old pictures can be dropped when the card fills while call, place and hash of each cell stay.

Nothing is ever updated: what is learned later (a verdict, a review, a signature) is a row of its
own. Triggers hold the program to it; the chain of hashes finds whoever goes around them. The one
row that moves is the chain's head, without which records cut off at the end would not show.

A table that version 1 made is never given another column: its rows are hashed whole, so that a
new column would make every record of the old program look altered.
"""

from __future__ import annotations

APPLICATION_ID = 0x4C6B7363  # "Lksc": marks a SQLite file as ours, in its header.

VERSION_1 = """
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

VERSION_2 = """
CREATE TABLE conditions (       -- what an examination was judged by
    examination INTEGER PRIMARY KEY REFERENCES examinations (id),
    settings TEXT NOT NULL,     -- JSON: section, key, value
    bundle TEXT NOT NULL,       -- JSON: labels, threshold, operating point, scale of crops
    software TEXT NOT NULL,
    clock TEXT NOT NULL         -- SET, UNCONFIRMED or NOT_SET: see clock.py
) STRICT;

CREATE TABLE reviews (          -- a person's call for a cell; the newest counts
    id INTEGER PRIMARY KEY,
    cell INTEGER NOT NULL REFERENCES cells (id),
    label TEXT NOT NULL,
    blast INTEGER CHECK (blast IN (0, 1)),
    note TEXT NOT NULL,
    reviewer TEXT NOT NULL,
    replaces INTEGER REFERENCES reviews (id),
    at TEXT NOT NULL
) STRICT;
CREATE INDEX reviews_by_cell ON reviews (cell);

CREATE TABLE notes (            -- a person's words on a whole examination
    id INTEGER PRIMARY KEY,
    examination INTEGER NOT NULL REFERENCES examinations (id),
    text TEXT NOT NULL,
    author TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;
CREATE INDEX notes_by_examination ON notes (examination);

CREATE TABLE signatures (
    id INTEGER PRIMARY KEY,
    examination INTEGER NOT NULL REFERENCES examinations (id),
    signer TEXT NOT NULL,
    comment TEXT NOT NULL,
    last_review INTEGER NOT NULL,   -- newest review that it covers; 0 for none
    last_note INTEGER NOT NULL,     -- newest note that it covers; 0 for none
    result TEXT NOT NULL,           -- JSON: counts, share and differential as signed
    at TEXT NOT NULL
) STRICT;
CREATE INDEX signatures_by_examination ON signatures (examination);

CREATE TABLE events (           -- the audit: see audit.py
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    examination INTEGER REFERENCES examinations (id),
    details TEXT NOT NULL,      -- JSON
    at TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_kind ON events (kind);

CREATE TABLE fields (           -- pictures of whole fields, kept beside the cells found in them
    id INTEGER PRIMARY KEY,
    examination INTEGER NOT NULL REFERENCES examinations (id),
    frame INTEGER NOT NULL,
    frame_width_px INTEGER NOT NULL,
    frame_height_px INTEGER NOT NULL,
    jpeg_sha256 TEXT NOT NULL,
    UNIQUE (examination, frame)
) STRICT;

CREATE TABLE field_pictures (
    field INTEGER PRIMARY KEY REFERENCES fields (id),
    jpeg BLOB NOT NULL
) STRICT;

CREATE TABLE deletions (        -- pictures deleted on purpose: see retention.py
    id INTEGER PRIMARY KEY,
    examination INTEGER NOT NULL REFERENCES examinations (id),
    what TEXT NOT NULL CHECK (what IN ('crops', 'fields')),
    pictures INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    reason TEXT NOT NULL,
    actor TEXT NOT NULL,
    at TEXT NOT NULL,
    UNIQUE (examination, what)
) STRICT;

CREATE TABLE chain_head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    seq INTEGER NOT NULL,
    hash TEXT NOT NULL
) STRICT;
CREATE INDEX examinations_by_slide ON examinations (slide);
"""

CHAINED = {
    "examinations": "id",
    "cells": "id",
    "verdicts": "examination",
    "conditions": "examination",
    "reviews": "id",
    "notes": "id",
    "signatures": "id",
    "events": "id",
    "fields": "id",
    "deletions": "id",
}
"""Every table whose rows are in the chain, with its primary key."""

PICTURES = {"crops": "cell", "field_pictures": "field"}
"""Tables of pictures, each with its key: not changed, and deleted only after a row says so."""

_HEAD = """
INSERT INTO chain_head (one, seq, hash)
    SELECT 1, seq, hash FROM chain ORDER BY seq DESC LIMIT 1
"""

_DELETABLE = {
    "crops": "SELECT 1 FROM deletions d JOIN cells c ON c.examination = d.examination "
    "WHERE c.id = OLD.cell AND d.what = 'crops'",
    "field_pictures": "SELECT 1 FROM deletions d JOIN fields f ON f.examination = d.examination "
    "WHERE f.id = OLD.field AND d.what = 'fields'",
}


def _split(script: str) -> list[str]:
    return [part.strip() for part in script.split(";\n") if part.strip()]


def _kept_as_written(tables: tuple[str, ...]) -> list[str]:
    return [
        f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for table in tables
        for action in ("UPDATE", "DELETE")
    ]


def _pictures_kept() -> list[str]:
    deleted = [
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} WHEN NOT EXISTS ({reason}) "
        f"BEGIN SELECT RAISE(ABORT, '{table} are deleted by retention only'); END"
        for table, reason in _DELETABLE.items()
    ]
    return [
        *deleted,
        "CREATE TRIGGER field_pictures_no_update BEFORE UPDATE ON field_pictures "
        "BEGIN SELECT RAISE(ABORT, 'field_pictures is append-only'); END",
    ]


_UPGRADES: dict[int, list[str]] = {
    1: [
        *_split(VERSION_1),
        *_kept_as_written(("examinations", "cells", "verdicts", "chain")),
        "CREATE TRIGGER crops_no_update BEFORE UPDATE ON crops "
        "BEGIN SELECT RAISE(ABORT, 'crops is append-only'); END",
    ],
    2: [
        *_split(VERSION_2),
        *_kept_as_written(
            ("conditions", "reviews", "notes", "signatures", "events", "fields", "deletions")
        ),
        *_pictures_kept(),
        _HEAD,
    ],
}

SCHEMA_VERSION = max(_UPGRADES)


def statements(since: int = 0) -> list[str]:
    """Statements that bring a database of a version to this one; 0 for an empty one.

    Without the pragmas that mark it.
    """
    return [line for version in sorted(_UPGRADES) if version > since for line in _UPGRADES[version]]


def temporary_tables(since: int) -> list[str]:
    """The tables that an older database lacks, empty and in memory only: enough to read it."""
    tables = [
        line.replace("CREATE TABLE", "CREATE TEMP TABLE")
        for version, script in ((1, VERSION_1), (2, VERSION_2))
        if version > since
        for line in _split(script)
        if line.startswith("CREATE TABLE")
    ]
    return [*tables, _HEAD]
