"""The list of examinations, for ``leukoscope slides``: a table for people, rows for programs."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

from edge.records.rows import Examination, State

HEADINGS = ("no.", "slide", "started (UTC)", "verdict", "cells", "blasts", "abstained")
_RIGHT = {0, 4, 5, 6}


def format_table(examinations: Sequence[Examination]) -> str:
    """Examinations as a table, one line each, in the order given.

    One that did not end is named by its state: an interrupted examination has no verdict.
    """
    if not examinations:
        return "No examinations are recorded yet."
    lines = [HEADINGS, *(_cells(examination) for examination in examinations)]
    widths = [max(_width(line[i]) for line in lines) for i in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(_padded(line[i], widths[i], i in _RIGHT) for i in range(len(line))).rstrip()
        for line in lines
    )


def rows(examinations: Sequence[Examination]) -> list[dict[str, Any]]:
    """Examinations as plain values, ready for ``json.dumps``; verdict is null unless finished."""
    return [_json_row(examination) for examination in examinations]


def _json_row(examination: Examination) -> dict[str, Any]:
    ended = examination.verdict
    finished_at = None if ended is None else ended.finished_at
    return {
        "examination": examination.number,
        "slide": examination.slide,
        "state": examination.state.value,
        "verdict": None if ended is None else ended.verdict,
        "reason": None if ended is None else ended.reason,
        "cells": examination.cells,
        "blasts": examination.blasts,
        "abstained": examination.abstained,
        "blast_share": None if ended is None else ended.blast_share,
        "interval": None if ended is None or ended.interval is None else list(ended.interval),
        "cells_needed": None if ended is None else ended.cells_needed,
        "frames": None if ended is None else ended.frames,
        "seconds": None if ended is None else ended.seconds,
        "um_per_px": examination.um_per_px,
        "source": examination.source,
        "bundle": examination.bundle_name,
        "bundle_sha256": examination.bundle_sha256,
        "started_at": examination.started_at.isoformat(timespec="milliseconds"),
        "finished_at": None if finished_at is None else finished_at.isoformat("T", "milliseconds"),
    }


def _cells(examination: Examination) -> tuple[str, ...]:
    ended = examination.verdict
    return (
        str(examination.number),
        examination.slide,
        examination.started_at.strftime("%Y-%m-%d %H:%M:%S"),
        ended.verdict if ended is not None else _state(examination.state),
        str(examination.cells),
        str(examination.blasts),
        str(examination.abstained),
    )


def _state(state: State) -> str:
    return f"({state.value.lower()})"


def _width(text: str) -> int:
    """Columns that a text takes in a terminal: wide letters two, combining marks none."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def _padded(text: str, width: int, right: bool) -> str:
    blanks = " " * (width - _width(text))
    return blanks + text if right else text + blanks
