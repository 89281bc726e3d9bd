"""``python -m bench.training_table docs/training.md``: write the figures of ablations and views."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from bench.marked_text import between, rewrite_files
from convert.operating_point import NORMAL_DIFFERENTIAL

ROOT: Final = Path(__file__).resolve().parents[1]
RECORD: Final = ROOT / "models" / "float" / "leukoscope-mnv2" / "ablations.json"
"""What ``python -m train ablate`` wrote."""

FULL_RECORD: Final = ROOT / "models" / "float" / "leukoscope-mnv2" / "full_length.json"
"""What it wrote of ``train/recipes/full_length.toml``."""

VIEWS_RECORD: Final = ROOT / "bench" / "views.json"
"""What ``python -m bench.views`` wrote."""

REPORT: Final = ROOT / "models" / "float" / "leukoscope-mnv2" / "report.json"
"""What ``make report`` wrote."""

_MARKS: Final = "<!-- begin {} -->", "<!-- end {} -->"
_HEAD: Final = (
    "| variant | million multiply-adds a call | AUC, fold 0 | found there | AUC, Munich unseen "
    "| found there | false blasts BCCD | Raabin |"
)
_KEYS: Final = (
    ("million_multiply_adds", ".1f"),
    ("auc_patients", ".4f"),
    ("sensitivity_patients", ".3f"),
    ("auc_munich", ".4f"),
    ("sensitivity_munich", ".3f"),
    ("false_blasts_bccd", ".1%"),
    ("false_blasts_raabin", ".1%"),
)

_FULL_HEAD: Final = (
    "| variant | million multiply-adds a cell | AUC | against mature cells | found "
    "| patients under 0.90 | AUC, Munich unseen | found there | false blasts Barcelona unseen "
    "| BCCD | Raabin |"
)
_FULL_KEYS: Final = (
    ("million_multiply_adds", ".0f"),
    ("auc_patients", ".4f"),
    ("auc_patients_mature", ".4f"),
    ("sensitivity_patients", ".3f"),
    ("patients_under_0.90", "d"),
    ("auc_munich", ".4f"),
    ("sensitivity_munich", ".3f"),
    ("false_blasts_barcelona", ".1%"),
    ("false_blasts_bccd", ".1%"),
    ("false_blasts_raabin", ".1%"),
)

_VIEWS_HEAD: Final = (
    "| views | AUC, fold 0 | found there | found, Munich's held-out pictures | false blasts "
    "Barcelona | BCCD | Raabin |"
)
_VIEWS_KEYS: Final = (
    ("auc_patients", ".4f"),
    ("sensitivity_jhu", ".3f"),
    ("sensitivity_munich", ".3f"),
    ("false_blasts_barcelona", ".1%"),
    ("false_blasts_bccd", ".1%"),
    ("false_blasts_raabin", ".1%"),
)


def table() -> str:
    """The ablations as Markdown."""
    return _rows(_HEAD, _read(RECORD)["variants"], "variant", _KEYS)


def full_length_table() -> str:
    """Larger networks through the whole cross-validation, as Markdown."""
    return _rows(_FULL_HEAD, _read(FULL_RECORD)["variants"], "variant", _FULL_KEYS)


def views_table() -> str:
    """What more views of a cell bring, as Markdown."""
    return _rows(_VIEWS_HEAD, _read(VIEWS_RECORD)["rows"], "views", _VIEWS_KEYS)


def _read(path: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return told


def _rows(
    head: str, rows: Sequence[dict[str, Any]], name: str, keys: Sequence[tuple[str, str]]
) -> str:
    """A table of one line a row: its name, and a figure for each key in the form given."""
    lines = [head, "|" + "---|" * (1 + len(keys))]
    for row in rows:
        figures = " | ".join(format(row[key], form) for key, form in keys)
        lines.append(f"| {row[name]} | {figures} |")
    return "\n".join(lines)


def left_out_table() -> str:
    """Which of a healthy laboratory's cells are flagged where it was left out of training."""
    rows = _read(REPORT)["left_out"]["barcelona"]["false_blasts_by_label"]
    lines = ["| signed as | cells | false blasts | mostly as |", "|---|---|---|---|"]
    for row in rows:
        called = (row["flagged_as"] or "-").replace("_", " ")
        name = row["label"].replace("_", " ")
        lines.append(f"| {name} | {row['cells']} | {row['false_blasts']:.1%} | {called} |")
    rates = {row["label"]: row["false_blasts"] for row in rows}
    whole = sum(part * rates[label] for label, part in NORMAL_DIFFERENTIAL.items())
    lines.append(f"| in the shares of a normal differential | | {whole:.1%} | |")
    return "\n".join(lines)


def rewrite(text: str) -> str:
    """The document with its tables made anew.

    Raises:
        ValueError: The markers are not there.
    """
    made_anew = {
        "ablations": table(),
        "full length": full_length_table(),
        "views": views_table(),
        "left out": left_out_table(),
    }
    for name, made in made_anew.items():
        begin, end = (mark.format(name) for mark in _MARKS)
        text = between(text, begin, end, made)
    return text


if __name__ == "__main__":
    raise SystemExit(rewrite_files(rewrite))
