"""``python -m bench.blurred_cells``: which cells are too blurred to be judged?

Of real cells as they were taken none should be refused; of the same cells smeared by a motion or
out of focus all. Cells are those that ``locate`` finds: the one in the middle of single pictures,
all of fields. Then rendered smears under a hand are examined, once with the limit and once without:
how many of the judged cells stem from frames that were smeared, and how many cells go unjudged.
"""

from __future__ import annotations

import argparse
import io
import json
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.figures import data_folder
from bench.shifts import blur, smear
from edge.camera.phantom import PhantomCamera, PhantomSettings
from edge.camera.smear.recipe import KINDS
from edge.imaging.cell_blur import cell_blur_um
from edge.imaging.locate import Candidate, locate
from edge.imaging.quality import QualitySettings, assess
from edge.inference.classifier import Classifier
from edge.inference.shelf import open_classifier
from edge.records.store import Store
from edge.screening import Screening
from edge.settings import Settings
from edge.signals.panel import NoLamps

Rgb = NDArray[np.uint8]

RECORD = Path(__file__).with_suffix(".json")

SOURCES = {  # um/px as given or measured, and pictures looked at
    "barcelona_normal": (0.2, 400),
    "jhu_acute_leukemia": (0.2, 400),
    "munich_aml": (0.1414, 200),
    "bccd_fields": (0.0815, 292),
    "raabin_phone": (0.075, 250),
    "jhu_wide_fields": (0.2, 43),
}
SMEARS_UM = (1.0, 2.0, 3.0, 4.0, 6.0)
BLURS_UM = (0.5, 0.8, 1.2)
SMEARED_UM = 1.5
"""Motion during the exposure from which a rendered frame counts as smeared."""

_DEGRADED_EACH = 60
_WIDE_PX = (960, 720)


def pictures(folder: Path, source: str, count: int) -> Iterator[Rgb]:
    """Pictures of a source, drawn at random; of wide fields a part from the middle."""
    with zipfile.ZipFile(folder / f"{source}.zip") as archive:
        names = sorted(n for n in archive.namelist() if n.endswith((".webp", ".jpg", ".png")))
        drawn = np.random.default_rng(0).permutation(len(names))[:count]
        for name in (names[i] for i in sorted(drawn)):
            with Image.open(io.BytesIO(archive.read(name))) as opened:
                rgb = np.asarray(opened.convert("RGB"))
            if source == "jhu_wide_fields":
                top, left = (rgb.shape[0] - _WIDE_PX[1]) // 2, (rgb.shape[1] - _WIDE_PX[0]) // 2
                rgb = rgb[top : top + _WIDE_PX[1], left : left + _WIDE_PX[0]]
            yield rgb


def cells_of(rgb: Rgb, um_per_px: float) -> list[Candidate]:
    """All whole cells of a field; of a picture of one cell the one in its middle."""
    cells = locate(rgb, um_per_px)
    height, width = rgb.shape[:2]
    if max(height, width) > 250 or not cells:
        return cells

    def away(cell: Candidate) -> float:
        return float(np.hypot(cell.centre_px[0] - width / 2, cell.centre_px[1] - height / 2))

    return [min(cells, key=away)]


def of_source(folder: Path, source: str) -> dict[str, object]:
    """Widths of the cells' edges as they are, and the share refused when they are degraded."""
    um_per_px, count = SOURCES[source]
    limits = QualitySettings()
    as_taken: list[float] = []
    refused: dict[str, list[bool]] = {}
    for number, rgb in enumerate(pictures(folder, source, count)):
        cells = cells_of(rgb, um_per_px)
        if not assess(rgb, um_per_px).usable:
            continue
        as_taken += [cell_blur_um(rgb, cell, um_per_px) for cell in cells]
        if number >= _DEGRADED_EACH:
            continue
        for name, worse, moved_px in _degraded(rgb, um_per_px):
            for cell in cells:
                there = replace(cell, left_px=cell.left_px - moved_px)
                wide = cell_blur_um(worse, there, um_per_px) > limits.max_cell_blur_um
                refused.setdefault(name, []).append(wide)
    widths = np.array(as_taken)
    known = widths[np.isfinite(widths)]
    return {
        "cells": len(as_taken),
        "unknown": int(np.isnan(widths).sum()),
        "refused": int((known > limits.max_cell_blur_um).sum()),
        "blur_um": {f"{q:g}%": round(float(np.percentile(known, q)), 3) for q in (50, 95, 99, 100)},
        "refused_when": {name: round(float(np.mean(own)), 3) for name, own in refused.items()},
    }


def _degraded(rgb: Rgb, um_per_px: float) -> Iterator[tuple[str, Rgb, float]]:
    """Name, picture, and how far cells moved to the left in it, pixels."""
    for length_um in SMEARS_UM:
        moved = max(2, round(length_um / um_per_px)) / 2
        yield f"smear {length_um:g} um", smear(length_um)(rgb, um_per_px)[0], moved
    for sigma_um in BLURS_UM:
        yield f"defocus {sigma_um:g} um", blur(sigma_um)(rgb, um_per_px)[0], 0.0


def rendered(classifier: Classifier, kind: str, seeds: int, limit_um: float) -> dict[str, int]:
    """Cells judged on rendered smears, those of smeared frames, and those left unjudged."""
    quality = replace(QualitySettings(), max_cell_blur_um=limit_um)
    settings = replace(Settings(), quality=quality)
    told = {"judged": 0, "of_smeared_frames": 0, "unjudged": 0}
    for seed in range(seeds):
        camera = PhantomCamera(kind, KINDS[kind], PhantomSettings(seed=seed + 50))
        with (
            tempfile.TemporaryDirectory(prefix="leukoscope-bench-") as home,
            camera,
            Store.open(Path(home)) as store,
        ):
            loop = Screening(
                camera, classifier, store, NoLamps(), settings, "bench", f"phantom:{kind}",
                0.2, until_verdict=False,
            )  # fmt: skip
            cells = [cell for step in loop.steps() for cell in step.cells]
            assert loop.outcome is not None
            smears_um = [camera.truth.frames[cell.frame].smear_um for cell in cells]
        told["judged"] += len(cells)
        told["of_smeared_frames"] += sum(length > SMEARED_UM for length in smears_um)
        told["unjudged"] += loop.outcome.blurred
    return told


def main() -> None:
    """Print the figures and write ``bench/blurred_cells.json``."""
    parser = argparse.ArgumentParser(prog="python -m bench.blurred_cells", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1, help="rendered smears of each kind")
    parser.add_argument("--kinds", nargs="*", default=["healthy"], help="kinds of rendered smears")
    parser.add_argument("--out", type=Path, default=RECORD)
    arguments = parser.parse_args()
    limit_um = QualitySettings().max_cell_blur_um
    told: dict[str, object] = {"limit_um": limit_um}

    def note(name: str, found: object) -> None:
        told[name] = found
        print(f"  {name}: {json.dumps(found)}", flush=True)
        arguments.out.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")

    for source in SOURCES:
        note(source, of_source(data_folder(), source))
    classifier = open_classifier(None, 2)
    for kind in arguments.kinds:
        for name, limit in (("with", limit_um), ("without", 1e6)):
            found = rendered(classifier, kind, arguments.seeds, limit)
            note(f"rendered_{kind}_{name}_limit", found)


if __name__ == "__main__":
    main()
