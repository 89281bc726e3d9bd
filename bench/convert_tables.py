"""``python -m bench.convert_tables docs/convert.md``: write the converter's figures into it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from bench.marked_text import between, rewrite_files

_HERE: Final = Path(__file__).resolve().parent
ZOO: Final = _HERE / "convert_zoo.json"
COST: Final = _HERE / "convert_cost.json"

BEGIN: Final = "<!-- begin measured: python -m bench.convert_tables docs/convert.md -->"
END: Final = "<!-- end measured -->"

_OUTCOMES: Final = {
    "bundle": "bundle",
    "refused": "refused by name",
    "gate": "not proven: no bundle",
    "failed": "**failed**",
}
_GOAL: Final = 1.3
_WAYS: Final = {
    "bare": "TensorFlow's converter as its guide shows",
    "frozen": "the same, given the network our way",
    "ours": "ours, to the first rung of the ladder",
}


def tables() -> str:
    """Cost and zoo, as Markdown."""
    return "\n".join([*_cost(_read(COST)), "", *_zoo(_read(ZOO))])


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _held(ratio: float) -> str:
    return "is" if ratio <= _GOAL else "is **not**"


def _cost(found: dict[str, Any]) -> list[str]:
    clock = found["ours"]["seconds"] / found["bare"]["seconds"]
    lines = [
        f"Our own network to int8 with {found['cells']} cells, turns side by side: "
        f"{found['turns']} (`python -m bench.convert_cost`):",
        "",
        "| | computing, s | peak memory, MiB |",
        "|---|---|---|",
    ]
    for name, words in _WAYS.items():
        row = found[name]
        lines.append(f"| {words} | {row['cpu_s']:.1f} | {row['peak_mib']:.0f} |")
    lines += [
        f"| **ours over TensorFlow's** (goal: at most 1.3) | {found['time_ratio']:.2f} | "
        f"{found['memory_ratio']:.2f} |",
        "",
        f"By the clock ours takes {clock:.2f} times as long as TensorFlow's. Computing time "
        f"{_held(found['time_ratio'])} within the goal, peak memory "
        f"{_held(found['memory_ratio'])}. Ours prepares two ways to int8 and takes the better one. "
        f"Handed the network our way, the bare converter is quicker too; ours takes "
        f"{found['time_ratio_to_frozen']:.2f} times as long as that.",
    ]
    return lines


def _zoo(found: dict[str, Any]) -> list[str]:
    lines = [
        f"{found['networks']} small networks of many families, each trained for some steps on "
        f"drawn cells (`python -m bench.convert_zoo`): {found['bundle']} bundles that "
        f"`leukoscope classify` then used, {found['refused']} refused by name, {found['gate']} "
        f"not proven, {found['failed']} failed. The gate's limits are wider than the defaults: "
        f"three patients with blasts and drawn cells judge the way, not the network.",
        "",
        "| network | file | outcome | by which rung, or why not |",
        "|---|---|---|---|",
    ]
    for row in found["rows"]:
        words = row["words"].partition("; AUC")[0].replace("|", "\\|")
        lines.append(
            f"| {row['network']} | {row['source']} | {_OUTCOMES[row['outcome']]} | {words} |"
        )
    return lines


def rewrite(text: str) -> str:
    """The document with its tables made anew.

    Raises:
        ValueError: The markers are not there.
    """
    return between(text, BEGIN, END, tables())


if __name__ == "__main__":
    raise SystemExit(rewrite_files(rewrite))
