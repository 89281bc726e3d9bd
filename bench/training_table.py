"""``python -m bench.training_table docs/training.md``: write the ablations' figures into it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from bench.marked_text import between, rewrite_files

ROOT: Final = Path(__file__).resolve().parents[1]
RECORD: Final = ROOT / "models" / "float" / "leukoscope-mnv2" / "ablations.json"
"""What ``python -m train ablate`` wrote."""

_BEGIN: Final = "<!-- begin ablations -->"
_END: Final = "<!-- end ablations -->"
_HEAD: Final = (
    "| variant | AUC, fold 0 | found there | AUC, Munich unseen | found there "
    "| false blasts BCCD | Raabin |"
)
_KEYS: Final = (
    ("auc_patients", ".4f"),
    ("sensitivity_patients", ".3f"),
    ("auc_munich", ".4f"),
    ("sensitivity_munich", ".3f"),
    ("false_blasts_bccd", ".1%"),
    ("false_blasts_raabin", ".1%"),
)


def table() -> str:
    """The ablations as Markdown."""
    told: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))
    lines = [_HEAD, "|" + "---|" * (1 + len(_KEYS))]
    for row in told["variants"]:
        figures = " | ".join(format(row[key], form) for key, form in _KEYS)
        lines.append(f"| {row['variant']} | {figures} |")
    return "\n".join(lines)


def rewrite(text: str) -> str:
    """The document with its table made anew.

    Raises:
        ValueError: The markers are not there.
    """
    return between(text, _BEGIN, _END, table())


if __name__ == "__main__":
    raise SystemExit(rewrite_files(rewrite))
