"""``python -m bench.known_ground``: is any cell lost where ground is not searched a second time?

The same ways of a hand over the wide fields of ``bench.realtime`` (needs the lent data), once as
the loop goes and once with every field searched whole. Cells are matched by where they truly lie.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.loops import loop_over
from bench.realtime import FIELDS, WIDE_UM_PER_PX, as_png
from edge.camera.pan import PanCamera, PanSettings
from edge.imaging.looks import Looks
from edge.imaging.stage import Place
from edge.inference.classifier import Classifier
from edge.inference.shelf import open_classifier

_SAME_CELL_UM: Final = 5.0


@dataclass(frozen=True)
class Judged:
    """A cell, by where its nucleus lies in the wide picture, um.

    Attributes:
        x_um, y_um: Where.
        nucleus_um2: Area of its nucleus.
        answer: What the network said; abstained ones too.
    """

    x_um: float
    y_um: float
    nucleus_um2: float
    answer: str


class _WholeLooks(Looks):
    """Fields that are searched whole."""

    def known(
        self, place: Place, sharpness: float, width_um: float, height_um: float
    ) -> list[tuple[float, float]]:
        return []


def judged(picture: Path, seed: int, classifier: Classifier, whole: bool) -> list[Judged]:
    """Cells judged on one way over a picture."""
    cells: list[Judged] = []
    with (
        PanCamera(picture, PanSettings(viewport_px=(1920, 1080), seed=seed)) as camera,
        loop_over(camera, f"pan:{picture}", WIDE_UM_PER_PX, classifier) as loop,
    ):
        if whole:
            loop._looks = _WholeLooks()
        for step in loop.steps():
            for cell in step.cells:
                left, top = camera.true_offset_px(cell.frame)
                x, y = cell.candidate.anchor_px
                where_um = (left + x) * WIDE_UM_PER_PX, (top + y) * WIDE_UM_PER_PX
                area_um2 = cell.candidate.nucleus_area_um2
                cells.append(Judged(*where_um, area_um2, cell.call.label))
    return cells


def only_in(some: Sequence[Judged], others: Sequence[Judged]) -> list[Judged]:
    """Those of some that none of the others is."""

    def near(cell: Judged) -> bool:
        return any(
            math.hypot(cell.x_um - other.x_um, cell.y_um - other.y_um) < _SAME_CELL_UM
            for other in others
        )

    return [cell for cell in some if not near(cell)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare over every field and way."""
    parser = argparse.ArgumentParser(description="Ground searched once, and every field whole.")
    parser.add_argument("--seeds", type=int, default=4)
    told = parser.parse_args(arguments)
    classifier = open_classifier(threads=1)
    with tempfile.TemporaryDirectory(prefix="leukoscope-bench-") as scratch:
        for name in FIELDS:
            picture = as_png(name, Path(scratch))
            for seed in range(told.seeds):
                once, whole = (judged(picture, seed, classifier, each) for each in (False, True))
                lost, won = only_in(whole, once), only_in(once, whole)
                print(
                    f"{name}, way {seed}: {len(once)} cells, searched whole {len(whole)}; only "
                    f"whole {_listed(lost)}, only so {_listed(won)}",
                    flush=True,
                )
    return 0


def _listed(cells: Sequence[Judged]) -> str:
    said = ", ".join(f"{cell.nucleus_um2:.1f} um2 {cell.answer}" for cell in cells)
    return f"{len(cells)}{f' ({said})' if said else ''}"


if __name__ == "__main__":
    raise SystemExit(main())
