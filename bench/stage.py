"""``python -m bench.stage``: how well fields are followed and cells counted once, on known ways.

``wide``: real wide fields under the model of a hand, at hand speed up to a third of the field a
frame. ``phantom``: rendered smears with revisits, whose every cell is known too. A frame is lost
where the slide rests and no place is proven, or where a place is begun on ground that hangs
together.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np

from bench.figures import data_folder
from bench.follow import follow
from edge.camera.hand import HandSettings
from edge.camera.pan import PanCamera
from edge.camera.phantom import PhantomCamera, PhantomSettings
from edge.camera.smear.recipe import KINDS
from edge.imaging.chart import Chart

WIDE_UM_PER_PX = 0.2
FAST = HandSettings(peak_step=0.33)
SAME_CELL_UM = 6.0


def wide(folder: Path, fields: int) -> dict[str, object]:
    """Errors over some of the lent wide fields, taken evenly from the list."""
    errors: list[float] = []
    lost = at_rest = 0
    with (
        zipfile.ZipFile(folder / "jhu_wide_fields.zip") as archive,
        tempfile.TemporaryDirectory(prefix="leukoscope-bench-") as scratch,
    ):
        names = sorted(n for n in archive.namelist() if n.endswith(".webp"))
        for seed, name in enumerate(names[:: max(1, len(names) // fields)][:fields]):
            picture = Path(archive.extract(name, scratch))
            camera = PanCamera(picture, hand=FAST)
            for seen in follow(camera, WIDE_UM_PER_PX, Chart(), count=False):
                number = seen.frame.number
                truth = np.array(camera.true_offset_px(number)) * WIDE_UM_PER_PX
                if number == 0:
                    origin = truth
                resting = camera.true_smear_px(number) < 1
                at_rest += resting
                lost += seen.place.place != 0 or (resting and not seen.place.countable)
                if seen.place.countable and seen.place.place == 0:
                    found = np.array([seen.place.x_um, seen.place.y_um])
                    errors.append(float(np.hypot(*(found - (truth - origin)))))
            print(f"  {seed + 1} {picture.name}: {camera.length} frames", flush=True)
    return {
        "fields": fields,
        "frames_placed": len(errors),
        "frames_at_rest": at_rest,
        "lost": lost,
        "median_error_um": round(float(np.median(errors)), 3),
        "error_95_um": round(float(np.percentile(errors, 95)), 3),
        "greatest_error_um": round(max(errors), 3),
    }


def phantoms(kinds: list[str], seeds: int) -> dict[str, object]:
    """Errors and counts over rendered smears; every hand looks back now and then."""
    total: Counter[str] = Counter()
    errors: list[float] = []
    for kind in kinds:
        for seed in range(seeds):
            settings = PhantomSettings(
                viewport_px=(640, 480),
                seed=seed + 1,
                least_white_cells=30,
                least_fields=12,
                most_fields=16,
            )
            hand = HandSettings(
                peak_step=0.33, exposure_share=0.03, look_back=0.3, pause_frames=(2, 3)
            )
            camera = PhantomCamera(kind, KINDS[kind], settings, hand)
            counts, own = _count_one(camera)
            errors += own
            total.update(counts)
            print(f"  {kind} {seed}: {dict(counts)}", flush=True)
    return {
        "smears": len(kinds) * seeds,
        **total,
        "counted_over_truth": round(total["counted"] / max(1, total["findable"]), 4),
        "doubles_share": round(total["double"] / max(1, total["counted"]), 4),
        "median_error_um": round(float(np.median(errors)), 3),
        "greatest_error_um": round(max(errors), 3),
    }


def _count_one(camera: PhantomCamera) -> tuple[Counter[str], list[float]]:
    """One smear: counted cells against those that ``locate`` found at least once at all."""
    truth, chart = camera.truth, Chart()
    cells = np.array([(cell.x_um, cell.y_um) for cell in truth.cells])
    origin = np.array([truth.frames[0].x_um, truth.frames[0].y_um])
    counted: Counter[int] = Counter()
    findable: set[int] = set()
    errors, lost, false = [], 0, 0
    for seen in follow(camera, truth.um_per_px, chart):
        true = truth.frames[seen.frame.number]
        corner = np.array([true.x_um, true.y_um])
        lost += seen.place.place != 0
        if seen.place.countable and seen.place.place == 0:
            found = np.array([seen.place.x_um, seen.place.y_um])
            errors.append(float(np.hypot(*(found - (corner - origin)))))
        for i, cell in enumerate(seen.cells or ()):
            at = corner + np.array(cell.centre_px) * truth.um_per_px
            away = np.hypot(*(cells - at).T)
            nearest = int(np.argmin(away))
            real = away[nearest] <= SAME_CELL_UM
            findable |= {nearest} if real else set()
            if i in seen.new:
                counted[nearest] += bool(real)
                false += not real
    told = Counter(
        cells=len(truth.cells),
        findable=len(findable),
        counted=sum(counted.values()),
        double=sum(n - 1 for n in counted.values() if n > 1),
        false=false,
        lost_frames=lost,
        frames=camera.length,
    )
    return told, errors


def main() -> None:
    """Print the figures asked for, one JSON object each."""
    parser = argparse.ArgumentParser(prog="python -m bench.stage", description=__doc__)
    parser.add_argument("what", nargs="*", default=["wide", "phantom"])
    parser.add_argument("--fields", type=int, default=6)
    parser.add_argument("--seeds", type=int, default=2)
    arguments = parser.parse_args()
    if "wide" in arguments.what:
        print(json.dumps({"wide": wide(data_folder(), arguments.fields)}))
    if "phantom" in arguments.what:
        print(json.dumps({"phantom": phantoms(["healthy", "leukemic"], arguments.seeds)}))


if __name__ == "__main__":
    main()
