"""``python -m bench.coach``: does the coach see a fault, and is it silent where there is none?

Faults of graded strength are put on real fields. Each is shown for as many frames as a person
would see in a second (with a little noise of its own in each), after good ones. Hit: the advice
named is given at the end. False alarm: any advice on the fields as they are.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.coach_moves import DIRT_SHARES, SPEEDS, advice_on, dirty, hurried
from bench.figures import data_folder
from bench.shifts import Shift, blur, crowded, light, side_light, smear, stain, thin
from edge.imaging.coach import Advice, Coach, Sight
from edge.imaging.evenness import evenness_of
from edge.imaging.quality import assess
from edge.imaging.red_cells import red_stain

Rgb = NDArray[np.uint8]

FRAMES = 12
FIELD_PX = (960, 720)

SOURCES = {  # um/px as measured or given, see tests/edge/imaging/test_quality.py
    "jhu_wide_fields": 0.2,
    "bccd_fields": 0.08,
    "raabin_phone": 0.06,
    "chula_red_cells": 0.1905,
}

RECORD = Path(__file__).with_suffix(".json")

FAULTS: dict[str, tuple[Advice, Shift]] = {
    "defocus 0.6 um": (Advice.OUT_OF_FOCUS, blur(0.6)),
    "defocus 1.0 um": (Advice.OUT_OF_FOCUS, blur(1.0)),
    "defocus 2.0 um": (Advice.OUT_OF_FOCUS, blur(2.0)),
    "light 0.3 times": (Advice.TOO_DARK, light(0.3, 0.3, 0.3)),
    "light 0.2 times": (Advice.TOO_DARK, light(0.2, 0.2, 0.2)),
    "light 0.1 times": (Advice.TOO_DARK, light(0.1, 0.1, 0.1)),
    "light 1.2 times": (Advice.SATURATED, light(1.2, 1.2, 1.2)),
    "light 1.5 times": (Advice.SATURATED, light(1.5, 1.5, 1.5)),
    "light 2 times": (Advice.SATURATED, light(2.0, 2.0, 2.0)),
    "one side 0.7": (Advice.UNEVEN_LIGHT, side_light(0.7)),
    "one side 0.5": (Advice.UNEVEN_LIGHT, side_light(0.5)),
    "one side 0.3": (Advice.UNEVEN_LIGHT, side_light(0.3)),
    "smear 2 um": (Advice.MOVING, smear(2.0)),
    "smear 4 um": (Advice.MOVING, smear(4.0)),
    "smear 8 um": (Advice.MOVING, smear(8.0)),
    "stain 0.5 times": (Advice.PALE_STAIN, stain(0.5)),
    "stain 0.3 times": (Advice.PALE_STAIN, stain(0.3)),
    "stain 0.2 times": (Advice.PALE_STAIN, stain(0.2)),
    "crowded, 2 layers": (Advice.TOO_CROWDED, crowded(2)),
    "crowded, 4 layers": (Advice.TOO_CROWDED, crowded(4)),
    "crowded, 8 layers": (Advice.TOO_CROWDED, crowded(8)),
    "thin, cells on a tenth": (Advice.TOO_THIN, thin(0.1)),
    "thin, cells on a 25th": (Advice.TOO_THIN, thin(0.04)),
    "thin, cells on a 100th": (Advice.TOO_THIN, thin(0.01)),
}


_PLACES = (Advice.TOO_CROWDED, Advice.TOO_THIN, Advice.PALE_STAIN)
"""What another part of the smear, or another slide, shows."""

_ACCEPTED = {
    # It was sharp a moment ago: to turn back is the right word.
    Advice.OUT_OF_FOCUS: (Advice.OUT_OF_FOCUS, Advice.FOCUS_BACK),
    # Both send the hand back into the smear.
    Advice.TOO_THIN: (Advice.TOO_THIN, Advice.TOO_EMPTY),
}


def fields(
    folder: Path, source: str, count: int, size_px: tuple[int, int] = FIELD_PX
) -> Iterator[Rgb]:
    """Fields of one source, evenly from its list, at most ``size_px`` large, from their middle."""
    with zipfile.ZipFile(folder / f"{source}.zip") as archive:
        names = sorted(n for n in archive.namelist() if n.endswith((".webp", ".jpg", ".png")))
        for name in names[:: max(1, len(names) // count)][:count]:
            with Image.open(io.BytesIO(archive.read(name))) as opened:
                picture = opened.convert("RGB")
            left = max(0, (picture.width - size_px[0]) // 2)
            top = max(0, (picture.height - size_px[1]) // 2)
            right, bottom = left + size_px[0], top + size_px[1]
            box = (left, top, min(picture.width, right), min(picture.height, bottom))
            yield np.asarray(picture.crop(box))


def sight_of(rgb: Rgb, um_per_px: float) -> Sight:
    """What the loop would tell the coach of a field at rest."""
    quality = assess(rgb, um_per_px)
    red = red_stain(rgb)
    return Sight(
        quality.trouble,
        quality.measures,
        evenness_of(rgb),
        red_density=red.density if red else math.nan,
        same_field=True,
    )


def told(good: Sight, then: Sight, elsewhere: bool = False) -> Advice | None:
    """The advice after some good frames and a second of another kind.

    Args:
        good: As the field is.
        then: What is seen afterwards.
        elsewhere: The hand moved on in between.
    """
    coach = Coach()
    first = replace(then, same_field=not elsewhere)
    for sight in (good, good, good, first, *[then] * (FRAMES - 1)):
        coach.see(sight)
    return coach.advice


def focus_turned(make: Callable[[float], Sight]) -> list[Advice | None]:
    """A hand turns the focus from far before its best to beyond; the advice frame by frame."""
    coach = Coach()
    way = np.concatenate([np.linspace(2.4, 0.0, 9), np.linspace(0.3, 2.4, 8)])
    return [coach.see(make(float(sigma))) for sigma in way]


def measure(folder: Path, each: int) -> dict[str, object]:
    """Hits and false alarms over all sources."""
    hits = {name: [0, 0] for name in FAULTS}
    alarms: dict[str, int] = {}
    shown = turned = 0
    right = {"before": 0, "beyond": 0}
    for source, um_per_px in SOURCES.items():
        for rgb in fields(folder, source, each):
            good = sight_of(rgb, um_per_px)
            shown += 1
            if (alarm := told(good, good)) is not None:
                alarms[alarm.value] = alarms.get(alarm.value, 0) + 1
                continue
            for name, (advice, shift) in FAULTS.items():
                said = told(good, sight_of(shift(rgb, um_per_px)[0], um_per_px), advice in _PLACES)
                hits[name][0] += said in _ACCEPTED.get(advice, (advice,))
                hits[name][1] += 1
            turning = focus_turned(partial(_defocused, rgb, um_per_px))
            turned += 1
            right["before"] += set(turning[2:6]) == {Advice.OUT_OF_FOCUS}
            right["beyond"] += turning[-1] is Advice.FOCUS_BACK
        print(f"  {source}: {shown} fields so far", flush=True)
    return {
        "fields": shown,
        "false_alarms": alarms,
        "hits": {name: f"{n} of {of}" for name, (n, of) in hits.items()},
        "turn slowly, before the best": f"{right['before']} of {turned}",
        "back a little, beyond it": f"{right['beyond']} of {turned}",
    }


def _defocused(rgb: Rgb, um_per_px: float, sigma_um: float) -> Sight:
    quality = assess(blur(sigma_um)(rgb, um_per_px)[0] if sigma_um else rgb, um_per_px)
    return Sight(quality.trouble, quality.measures, same_field=True)


def moves(folder: Path, count: int) -> dict[str, str]:
    """Hits of what only frames in a row show, over wide fields."""
    hits: dict[str, int] = {}
    wides = list(fields(folder, "jhu_wide_fields", count, (2400, 2400)))
    for number, wide in enumerate(wides):
        for share in DIRT_SHARES:
            name = f"dirt on {share:.0%}" if share else "false alarms of dirt, clean"
            said = advice_on(dirty(wide, share, number))
            hits[name] = hits.get(name, 0) + (Advice.DIRT in said)
        for speed in SPEEDS:
            name = f"{speed:g} fields a frame"
            said = advice_on(hurried(wide, speed))
            hits[name] = hits.get(name, 0) + bool(said & {Advice.SLOWER, Advice.MOVING})
    return {name: f"{n} of {len(wides)}" for name, n in hits.items()}


def main() -> None:
    """Print the figures as JSON and write them to ``bench/coach.json``."""
    parser = argparse.ArgumentParser(prog="python -m bench.coach", description=__doc__)
    parser.add_argument("--each", type=int, default=5, help="fields of each source")
    parser.add_argument("--out", type=Path, default=RECORD)
    arguments = parser.parse_args()
    found = measure(data_folder(), arguments.each)
    found["in a row"] = moves(data_folder(), arguments.each)
    text = json.dumps(found, indent=1)
    print(text)
    arguments.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
