"""``python -m bench.slides``: how the device's own verdict ends on every patient and healthy slide.

The calls are those of cross-validation, so all patients are judged, each by a network, a
calibration, a threshold and an operating point that never saw the patient (`bench/folds.py`); each
camera never trained on is judged by an operating point that rests on the others. The verdict's
settings, and the rules on the differential, are the shipped defaults; they were chosen by people
who had seen some of these patients (P36, P58, P35, P20 and P53 above all), and no fold undoes that.

Three kinds of slides, each in random orders:

- every patient's signed white cells, each cell once;
- healthy donors of a laboratory seen in training: 400 cells in a normal differential, each once;
- healthy blood of cameras never trained on, and patients without blasts: 400 cells drawn with
  replacement, for they have fewer: how a longer slide of the same cells would end.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.figures import RECIPE, ROOT
from bench.folds import RUNS, CalledCells, Fold, SlideEnd, examine, read_folds
from edge.judgement.verdict import Verdict

_LONG_SLIDE = 400
_BLAST_FREE = 0.01
_GROUPS = ((0.0, 0.01), (0.01, 0.02), (0.02, 0.05), (0.05, 0.10), (0.10, 0.20), (0.20, 1.01))


@dataclass(frozen=True)
class Row:
    """How the slides of one patient or source ended.

    Attributes:
        name: Of the patient or source.
        fold: Which judged it.
        signed_share: Of blasts, 0 to 1.
        cells: White cells there are.
        slides: Orders or draws looked at.
        verdicts: How many of them ended so.
        mean_cells: Seen on average until the end.
        reason: Of the commonest end, as the first such slide gave it.
    """

    name: str
    fold: int
    signed_share: float
    cells: int
    slides: int
    verdicts: dict[str, int]
    mean_cells: float
    reason: str

    def part(self, verdict: Verdict) -> float:
        """Part of the slides with this verdict."""
        return self.verdicts.get(verdict.value, 0) / self.slides


def row_of(cells: CalledCells, fold: int, ends: Sequence[SlideEnd]) -> Row:
    """Sum up the slides of one patient or source."""
    verdicts = Counter(end.verdict.value for end in ends)
    commonest = verdicts.most_common(1)[0][0]
    return Row(
        name=cells.name,
        fold=fold,
        signed_share=round(cells.signed_share, 4),
        cells=len(cells),
        slides=len(ends),
        verdicts=dict(sorted(verdicts.items())),
        mean_cells=round(float(np.mean([end.cells for end in ends])), 1),
        reason=next(end.reason for end in ends if end.verdict.value == commonest),
    )


def patients(folds: Iterable[Fold], orders: int, seed: int) -> list[Row]:
    """Every patient's own cells, in random orders."""
    rows = []
    for fold in folds:
        for cells in fold.patients:
            rng = _random(seed, fold.number, cells.name)
            ends = [examine(cells, rng.permutation(len(cells)), fold.rules) for _ in range(orders)]
            rows.append(row_of(cells, fold.number, ends))
    return sorted(rows, key=lambda row: (row.signed_share, row.name))


def healthy(folds: Sequence[Fold], draws: int, seed: int) -> list[Row]:
    """Healthy donors of a laboratory that was trained on, ``draws`` slides over all folds."""
    rows = []
    for place, fold in enumerate(folds):
        rng = _random(seed, fold.number, fold.healthy.name)
        own = draws // len(folds) + (place < draws % len(folds))
        ends = [examine(fold.healthy, fold.draw_normal(rng), fold.rules) for _ in range(own)]
        rows.append(row_of(fold.healthy, fold.number, ends))
    return rows


def longer(folds: Iterable[Fold], draws: int, seed: int) -> list[Row]:
    """400 cells drawn with replacement: cameras never trained on, and patients without blasts."""
    rows = []
    for fold in folds:
        free = [(cells, fold.rules) for cells in fold.patients if cells.signed_share < _BLAST_FREE]
        for cells, rules in (*fold.elsewhere, *free):
            rng = _random(seed, fold.number, cells.name, "longer")
            ends = [
                examine(cells, rng.integers(0, len(cells), _LONG_SLIDE), rules)
                for _ in range(draws)
            ]
            rows.append(row_of(cells, fold.number, ends))
    return rows


def _random(seed: int, *words: object) -> np.random.Generator:
    """Random numbers that depend on seed and words only, not on what was drawn before."""
    text = " ".join(map(str, words)).encode()
    return np.random.default_rng([seed, *text])


def goals(found: Sequence[Row], drawn: Sequence[Row]) -> dict[str, Any]:
    """The goals of the verdict, and what was found."""
    many = [row for row in found if row.signed_share >= 0.20]
    some = [row for row in found if 0.10 <= row.signed_share < 0.20]
    not_few = [row for row in found if row.signed_share >= 0.02]
    slides = sum(row.slides for row in drawn)
    ends: Counter[str] = Counter()
    for row in drawn:
        ends.update(row.verdicts)
    return {
        "patients_with_20_percent": len(many),
        "of_those_review": _review(many),
        "patients_with_10_to_20_percent": len(some),
        "of_those_review_too": _review(some),
        "patients_with_2_percent": len(not_few),
        "of_those_ever_green": sum(row.part(Verdict.NO_BLASTS_FOUND) > 0 for row in not_few),
        "healthy_slides": slides,
        "healthy_green": ends[Verdict.NO_BLASTS_FOUND.value],
        "healthy_review": ends[Verdict.REVIEW.value],
    }


def _review(rows: Iterable[Row]) -> float:
    """How many patients end in REVIEW: a patient counts by the part of its orders that do."""
    return round(sum(row.part(Verdict.REVIEW) for row in rows), 2)


def grouped(rows: Sequence[Row]) -> list[str]:
    """One line for each group of signed shares."""
    lines = [
        f"{'signed blasts':>14} {'patients':>9} {'REVIEW':>8} {'green':>8} {'CANNOT_JUDGE':>13}"
    ]
    for low, high in _GROUPS:
        own = [row for row in rows if low <= row.signed_share < high]
        if own:
            parts = [float(np.mean([row.part(verdict) for row in own])) for verdict in _ENDS]
            lines.append(
                f"{f'{low:.0%} to {min(high, 1.0):.0%}':>14} {len(own):>9} "
                f"{parts[0]:>8.0%} {parts[1]:>8.0%} {parts[2]:>13.0%}"
            )
    return lines


_ENDS = (Verdict.REVIEW, Verdict.NO_BLASTS_FOUND, Verdict.CANNOT_JUDGE)


def line(row: Row) -> str:
    """One row for a person."""
    ends = ", ".join(f"{verdict} {count}" for verdict, count in row.verdicts.items())
    return (
        f"  {row.name:<9} fold {row.fold}  signed {row.signed_share:5.1%} of {row.cells:4d}  "
        f"{ends} (of {row.slides}; {row.mean_cells:.0f} cells on average)"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table and write it as JSON; exit status 0."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.slides",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--runs", type=Path, default=RUNS, help="folder of the training runs")
    parser.add_argument("--recipe", type=Path, default=RECIPE)
    parser.add_argument("--orders", type=int, default=20, help="of each patient's cells")
    parser.add_argument("--draws", type=int, default=100, help="healthy slides of 400 cells")
    parser.add_argument("--longer", type=int, default=20, help="longer slides, of each source")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=ROOT / "bench" / "slides.json")
    arguments = parser.parse_args(argv)
    folds = read_folds(arguments.runs, arguments.recipe)
    found = patients(folds, arguments.orders, arguments.seed)
    drawn = healthy(folds, arguments.draws, arguments.seed)
    long = longer(folds, arguments.longer, arguments.seed)
    for title, rows in (("patients", found), ("healthy", drawn), ("longer slides", long)):
        print(f"{title}:")
        print("\n".join(map(line, rows)))
    print("\n".join(grouped(found)))
    told = goals(found, drawn)
    print(json.dumps(told))
    everything = {
        "orders": arguments.orders,
        "seed": arguments.seed,
        "goals": told,
        "patients": [asdict(row) for row in found],
        "healthy": [asdict(row) for row in drawn],
        "longer": [asdict(row) for row in long],
    }
    arguments.out.write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
