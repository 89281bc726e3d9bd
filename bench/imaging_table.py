"""``python -m bench.imaging_table docs/imaging.md``: write the recorded figures into it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench import (
    blurred_cells,
    coach,
    coach_limits,
    flicker,
    marked,
    red_cell_ruler,
    red_stain,
    revisits,
    stage,
)
from bench.marked_text import between, rewrite_files

_TABLES = (
    *("marked", "coach", "blurred", "ruler", "revisits", "stage", "red_stain", "limits"),
    "flicker",
)


def table(name: str) -> str:
    """One table as Markdown."""
    makers = {
        "marked": _marked,
        "coach": _coach,
        "blurred": _blurred,
        "ruler": _ruler,
        "revisits": _revisits,
        "stage": _stage,
        "red_stain": _red_stain,
        "limits": _limits,
        "flicker": _flicker,
    }
    return "\n".join(makers[name]())


def _record(path: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return told


def _marked() -> list[str]:
    told = _record(marked.RECORD)
    lines = [
        "| seen | hit, missed, false | F1 | fields tuned on | others |",
        "|---|---|---|---|---|",
    ]
    for name, row in told.items():
        if isinstance(row, dict):
            counts = ", ".join(map(str, row["hit_missed_false"]))
            lines.append(
                f"| {name} | {counts} | {row['f1']:.3f} | {row['tuned_on']:.3f} | "
                f"{row['others']:.3f} |"
            )
    return lines


def _coach() -> list[str]:
    told = _record(coach.RECORD)
    alarms = ", ".join(f"{n} x {name}" for name, n in told["false_alarms"].items()) or "none"
    lines = ["| fault put on a real field | told |", "|---|---|"]
    lines.append(f"| none: false alarms | {alarms} ({told['fields']} fields) |")
    lines += [f"| {name} | {hits} |" for name, hits in told["hits"].items()]
    lines += [f"| {name} | {hits} |" for name, hits in told["in a row"].items()]
    for name in ("turn slowly, before the best", "back a little, beyond it"):
        lines.append(f"| {name} | {told[name]} |")
    return lines


def _blurred() -> list[str]:
    told = _record(blurred_cells.RECORD)
    sources = {name: row for name, row in told.items() if name in blurred_cells.SOURCES}
    worse = list(next(iter(sources.values()))["refused_when"])
    lines = [
        f"| cells of | refused as taken | {' | '.join(worse)} |",
        "|" + "---|" * (2 + len(worse)),
    ]
    for name, row in sources.items():
        shares = " | ".join(f"{row['refused_when'][each]:.0%}" for each in worse)
        lines.append(f"| {name} | {row['refused']} of {row['cells']} | {shares} |")
    lines += [
        "",
        "| rendered smears | judged | of smeared frames | unjudged |",
        "|---|---|---|---|",
    ]
    for name, row in told.items():
        if name.startswith("rendered_"):
            words = name.removeprefix("rendered_").replace("_", " ")
            counts = " | ".join(str(row[k]) for k in ("judged", "of_smeared_frames", "unjudged"))
            lines.append(f"| {words} | {counts} |")
    return lines


def _ruler() -> list[str]:
    told = _record(red_cell_ruler.RECORD)
    lines = ["| figure | value |", "|---|---|"]
    return lines + [f"| {name.replace('_', ' ')} | {value:g} |" for name, value in told.items()]


def _stage() -> list[str]:
    lines = ["| way | figure | value |", "|---|---|---|"]
    for way, row in _record(stage.RECORD).items():
        for name, value in row.items():
            lines.append(f"| {way} | {name.replace('_', ' ')} | {value:g} |")
    return lines


def _red_stain() -> list[str]:
    told = _record(red_stain.RECORD)
    ways = list(dict.fromkeys(name.partition(": ")[0] for name in told))
    figures = list(dict.fromkeys(name.partition(": ")[2] for name in told))
    lines = [f"| | {' | '.join(figures)} |", "|" + "---|" * (1 + len(figures))]
    for way in ways:
        values = " | ".join(f"{told[f'{way}: {figure}']:g}" for figure in figures)
        lines.append(f"| {way} | {values} |")
    return lines


def _limits() -> list[str]:
    told = _record(coach_limits.RECORD)
    names = list(next(iter(told.values())))
    lines = [f"| as they are | {' | '.join(names)} |", "|" + "---|" * (1 + len(names))]
    for source, row in told.items():
        lines.append(f"| {source} | {' | '.join(f'{row[name]:g}' for name in names)} |")
    return lines


def _flicker() -> list[str]:
    told = _record(flicker.RECORD)
    lines = ["| steady lamp | said to flicker |", "|---|---|"]
    lines += [f"| {name.replace('_', ' ')} | {hits} |" for name, hits in told["steady"].items()]
    for title in ("one frame", "rest, wandering"):
        table = told[title]
        counts = list(next(iter(table.values())))
        lines += ["", f"| {title}; bands a frame: | {' | '.join(counts)} |"]
        lines.append("|" + "---|" * (1 + len(counts)))
        for depth, row in table.items():
            lines.append(f"| depth {depth} | {' | '.join(row[count] for count in counts)} |")
    damage = told["cells found in rendered healthy fields"]
    lines += ["", f"| bands, unseen: depth | {' | '.join(damage)} |"]
    lines.append("|" + "---|" * (1 + len(damage)))
    lines.append(f"| white cells found in the same fields | {' | '.join(damage.values())} |")
    look, frame = (told[f"{what}, times reduce(4)"] for what in ("a look", "a frame of the loop"))
    lines += ["", f"Cost, in times of Pillow's `reduce(4)`: a look {look:g}, a frame {frame:g}."]
    return lines


def _revisits() -> list[str]:
    told = _record(revisits.RECORD)
    lines = ["| slides, and where the hand goes back | REVIEW | green |", "|---|---|---|"]
    lines += [
        f"| {name} | {row['review']:.2%} | {row['green']:.2%} |"
        for name, row in told.items()
        if isinstance(row, dict)
    ]
    return lines


def rewrite(text: str) -> str:
    """The document with its tables made anew.

    Raises:
        ValueError: The markers of a table are not there.
    """
    for name in _TABLES:
        text = between(text, f"<!-- begin {name} -->", f"<!-- end {name} -->", table(name))
    return text


if __name__ == "__main__":
    raise SystemExit(rewrite_files(rewrite))
