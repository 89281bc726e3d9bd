"""``python -m bench.realtime_table bench/README.md``: write the recorded ratios into it."""

from __future__ import annotations

import json
from typing import Any

from bench.curves import RECORD as CURVES
from bench.marked_text import between, rewrite_files
from bench.realtime import RECORD

BEGIN = "<!-- begin realtime: python -m bench.realtime_table bench/README.md -->"
END = "<!-- end realtime -->"

_ROWS = (
    ("computing time of a frame without the interpreter, median, x `reduce(4)`", "frame_p50", 6.0),
    ("the same, mean", "frame_mean", 6.0),
    ("exposure to lamp at 15 frames a second, frame periods, median", "lamp_periods_p50", 2.0),
    ("the same, 95% of the frames", "lamp_periods_p95", 2.0),
    ("start to first call, computing, x `import numpy, PIL`", "start", 3.0),
    ("the very first start with a bundle (the verdict's tables are computed)", "first_start", None),
    (
        "our time for a unique cell over the alternative's, had it found all of ours",
        "against_alternative",
        0.1,
    ),
    ("the same, by the cells it did find", "against_found_by_alternative", None),
    ("the same, its interpreter kept", "against_kept_interpreter", None),
    ("peak memory of `screen`, MB", "screen_peak_mb", 160.0),
    ("peak memory of `serve`, somebody watching, MB", "serve_peak_mb", 220.0),
)


def table() -> str:
    """The goals and what was found, as Markdown."""
    record: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))
    wide, short = record["wide"], record["short"]
    lines = [
        "| figure | goal | wide fields, 1920x1080 | reached | rendered, 1280x960 |",
        "|---|---|---|---|---|",
    ]
    for what, key, goal in _ROWS:
        if key not in wide:  # recorded before it was measured
            continue
        reached = "" if goal is None else ("yes" if wide[key] <= goal else "**no**")
        told = "" if goal is None else f"at most {goal:g}"
        lines.append(f"| {what} | {told} | {wide[key]:g} | {reached} | {short.get(key, '')} |")
    loads = f"{wide['load_average']:g} and {short['load_average']:g}"
    lines += [
        "",
        f"Load averages while it was measured, on two cores: {loads}. Above two, times by the "
        "clock (exposure to lamp) tell of the other programs, and computing times are too high.",
    ]
    curves = json.loads(CURVES.read_text(encoding="utf-8"))
    by_cells = ", ".join(f"{n}: {row['locate']:g}" for n, row in curves["cells"].items())
    powers = curves["exponents"]
    lines += [
        "",
        f"Cost of `locate` over white cells in a field of 1920x1080, x `reduce(4)`: {by_cells}. "
        f"Exponents (1 linear, 2 quadratic): {powers['locate_over_cells']:g} over cells, "
        f"{powers['frame_over_pixels']:g} for a frame over pixels from 640x480 to 4056x3040, "
        f"{powers['chart_over_cells']:g} for the chart over 200 to 20,000 cells counted before.",
    ]
    return "\n".join(lines)


def rewrite(text: str) -> str:
    """The document with its table made anew.

    Raises:
        ValueError: The markers are not there.
    """
    return between(text, BEGIN, END, table())


if __name__ == "__main__":
    raise SystemExit(rewrite_files(rewrite))
