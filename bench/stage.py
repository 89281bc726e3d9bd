"""``python -m bench.stage``: how well fields are followed and cells counted once, on known ways.

``wide``: real wide fields under the model of a hand, at hand speed up to a third of the field a
frame. ``loop``: two hundred fields over real wide fields and straight back to the first; how far
off is it then? ``leap``: real fields that share two fifths only with the one before. ``phantom``:
rendered smears with revisits, whose every cell is known too. A frame is lost where the slide rests
and no place is proven, or where a place is begun on ground that hangs together. What is measured is
written to ``bench/stage.json``; what is not asked for stays there as it was.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.coach import fields as lent_fields
from bench.figures import data_folder
from bench.follow import follow
from edge.camera.hand import HandSettings, walk
from edge.camera.pan import PanCamera
from edge.camera.phantom import PhantomCamera, PhantomSettings
from edge.camera.smear.recipe import KINDS
from edge.imaging.chart import Chart
from edge.imaging.stage import Stage

WIDE_UM_PER_PX = 0.2
FAST = HandSettings(peak_step=0.33)
SAME_CELL_UM = 6.0
RECORD = Path(__file__).with_suffix(".json")

_WINDOW_PX = (640, 480)
_LOOP_FIELDS = 200
_LEAP = 0.6
"""Step from one field to the next, shares of its width and height."""

Corner = tuple[int, int]
Rgb = NDArray[np.uint8]


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


def loops(folder: Path, pictures: int) -> dict[str, object]:
    """How far off the first field is when it is seen again after two hundred."""
    ends, lost = [], 0
    for seed, rgb in enumerate(_wides(folder, pictures)):
        size_px = rgb.shape[1], rgb.shape[0]
        hand = HandSettings(pause_frames=(1, 1), tremor_px=0.4)
        poses = list(islice(walk(size_px, _WINDOW_PX, hand, seed), _LOOP_FIELDS))
        corners = [(round(pose.x_px), round(pose.y_px)) for pose in poses]
        corners += _straight(corners[-1], corners[0], 24)
        errors, missed = _followed(rgb, corners)
        ends.append(errors[-1])
        lost += missed
    return {"loops": len(ends), "lost": lost, "greatest_error_at_the_end_um": round(max(ends), 3)}


def leaps(folder: Path, pictures: int) -> dict[str, object]:
    """Fields row by row, each three fifths of a field further than the one before."""
    errors, lost, fields = [], 0, 0
    for rgb in _wides(folder, pictures):
        step_x, step_y = (round(_LEAP * side) for side in _WINDOW_PX)
        columns = range(0, rgb.shape[1] - _WINDOW_PX[0], step_x)
        corners: list[Corner] = []
        for turn, y in enumerate(range(0, rgb.shape[0] - _WINDOW_PX[1], step_y)):
            corners += [(x, y) for x in (columns if turn % 2 == 0 else reversed(columns))]
        found, missed = _followed(rgb, corners)
        errors += found
        lost += missed
        fields += len(corners)
    return {
        "fields": fields,
        "lost": lost,
        "median_error_um": round(float(np.median(errors)), 3),
        "greatest_error_um": round(max(errors), 3),
    }


def _wides(folder: Path, pictures: int) -> Iterator[Rgb]:
    return lent_fields(folder, "jhu_wide_fields", pictures, (100_000, 100_000))


def _straight(start: Corner, end: Corner, steps: int) -> list[Corner]:
    way = np.linspace(start, end, steps + 1)[1:]
    return [(round(float(x)), round(float(y))) for x, y in way]


def _followed(rgb: Rgb, corners: Sequence[Corner]) -> tuple[list[float], int]:
    """Errors of the proven fields, um, and how many were not proven or begun anew."""
    stage, rng = Stage(WIDE_UM_PER_PX), np.random.default_rng(0)
    errors, lost = [], 0
    for x, y in corners:
        window = rgb[y : y + _WINDOW_PX[1], x : x + _WINDOW_PX[0]]
        grain = rng.normal(0, 2.0, window.shape)
        place = stage.locate_field(np.clip(window + grain, 0, 255).astype(np.uint8))
        if place.place != 0 or not place.countable:
            lost += 1
            continue
        truth = np.subtract((x, y), corners[0]) * WIDE_UM_PER_PX
        errors.append(float(np.hypot(*((place.x_um, place.y_um) - truth))))
    return errors, lost


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
    """Print the figures asked for and write them to ``bench/stage.json``."""
    parser = argparse.ArgumentParser(prog="python -m bench.stage", description=__doc__)
    parser.add_argument("what", nargs="*", default=["wide", "loop", "leap", "phantom"])
    parser.add_argument("--fields", type=int, default=6)
    parser.add_argument("--seeds", type=int, default=2)
    arguments = parser.parse_args()
    told = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    makers = {
        "wide": lambda: wide(data_folder(), arguments.fields),
        "loop": lambda: loops(data_folder(), arguments.fields),
        "leap": lambda: leaps(data_folder(), arguments.fields),
        "phantom": lambda: phantoms(["healthy", "leukemic"], arguments.seeds),
    }
    for name in arguments.what:
        told[name] = makers[name]()
        print(json.dumps({name: told[name]}), flush=True)
        RECORD.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
