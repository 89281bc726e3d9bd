"""``python -m bench.flicker``: is a flickering lamp found, and never where there is none?

Bands of a lamp on the mains (``bench.shifts.bands``) are laid over wide fields of 43 slides, cut to
1920x1080, and over rendered smears; each grade with phases drawn anew. What a steady lamp shows is
looked at as it is, with shading, thick and thin parts, pale stain, blur and JPEG put on, and while
the slide is moved. The last table says what bands cost where nobody sees them: the cells that the
finder takes out of a healthy smear.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.coach import fields
from bench.figures import data_folder
from bench.realtime import FIELDS, WIDE_UM_PER_PX, as_png
from bench.record import show_and_keep
from bench.shifts import (
    Shift,
    bands,
    blur,
    crowded,
    jpeg,
    noise,
    side_light,
    stain,
    thin,
    vignetting,
)
from edge.camera.source import open_camera
from edge.imaging.flicker import LampWatch, bands_of
from edge.imaging.locate import locate
from edge.inference.shelf import open_classifier
from edge.settings import Settings
from edge.signals.panel import NoLamps
from edge.speed.loop import Bench, measure_loop

Rgb = NDArray[np.uint8]

RECORD = Path(__file__).with_suffix(".json")

DEPTHS: Final = (0.03, 0.05, 0.1, 0.2, 0.3)
COUNTS: Final = (0.5, 1.0, 1.5, 2.0, 3.3, 5.0, 8.0)
FRAMES: Final = 6
"""Frames of a hand at rest, in which bands that wander are looked for: less than half a second."""

_WIDE = (1920, 1080)
_UM_PER_PX = 0.2
_OFFSETS = ((0, 0), (0, 900), (0, 1800), (900, 0), (900, 900), (900, 1800))
_MOVED_FRAMES = 60
_LOOP_FRAMES = 240

STEADY: dict[str, Shift] = {
    "vignetting to 0.6": vignetting(0.6),
    "light from one side, 0.5": side_light(0.5),
    "crowded, 4 layers": crowded(4),
    "thin, cells on a 25th": thin(0.04),
    "stain 0.5 times": stain(0.5),
    "blur 1 um": blur(1.0),
    "noise of 8 levels": noise(8.0),
    "JPEG quality 40": jpeg(40),
}


def measure(folder: Path) -> dict[str, Any]:
    """All figures."""
    wides = [np.ascontiguousarray(rgb) for rgb in fields(folder, "jhu_wide_fields", 43, _WIDE)]
    return {
        "steady": _steady(folder, wides),
        "one frame": _hits(wides, _one_frame),
        "rest, wandering": _hits(wides[::2], _wandering),
        "cells found in rendered healthy fields": _damage(),
        "a look, times reduce(4)": _cost(wides[0]),
        "a frame of the loop, times reduce(4)": _cost_in_the_loop(),
    }


def _steady(folder: Path, wides: list[Rgb]) -> dict[str, str]:
    """False alarms: of so many pictures, so many."""
    told = {}
    cut = [
        picture[y : y + _WIDE[1], x : x + _WIDE[0]]
        for picture in fields(folder, "jhu_wide_fields", 43, (4000, 4000))
        for x, y in _OFFSETS
    ]
    told["wide fields, six cuts of each"] = _alarms(cut)
    for source, least_count in (
        ("bccd_fields", 292),
        ("raabin_phone", 250),
        ("chula_red_cells", 80),
    ):
        told[source] = _alarms(list(fields(folder, source, least_count, (4000, 4000))))
    for kind in ("healthy", "leukemic", "crowded", "red_only", "empty", "defocused", "dark"):
        told[f"rendered, {kind}"] = _alarms(list(_rendered(kind)))
    for name, shift in STEADY.items():
        told[f"wide fields, {name}"] = _alarms([shift(rgb, _UM_PER_PX)[0] for rgb in wides])
    told["wide fields under a moving hand, frames"] = _moved(folder)
    return told


def _alarms(pictures: list[Rgb]) -> str:
    return f"{sum(bands_of(rgb) is not None for rgb in pictures)} of {len(pictures)}"


def _rendered(kind: str, frames: int = 12) -> Iterator[Rgb]:
    with open_camera(f"phantom:{kind}?seed=5&frames={frames}") as camera:
        for frame in camera.frames():
            yield np.array(frame.rgb)


def _moved(folder: Path) -> str:
    """A field cut out of a wide one at places that a hand comes to in a row."""
    rng = np.random.default_rng(6)
    alarms = frames = 0
    for wide in fields(folder, "jhu_wide_fields", 43, (4000, 4000)):
        watch = LampWatch()
        most = np.array(wide.shape[:2]) - _WIDE[::-1]
        at = most / 2
        for _ in range(_MOVED_FRAMES):
            # Half of the frames at rest, the others anywhere between a touch and a push.
            step = rng.normal(0, rng.choice([0.5, 0.5, 40, 400]), 2)
            at = np.clip(at + step, 0, most)
            y, x = (int(v) for v in at)
            alarms += watch.see(wide[y : y + _WIDE[1], x : x + _WIDE[0]])
            frames += 1
    return f"{alarms} of {frames}"


def _hits(wides: list[Rgb], look: Any) -> dict[str, dict[str, str]]:
    """Hits by depth and by bands a frame."""
    rng = np.random.default_rng(7)
    table: dict[str, dict[str, str]] = {}
    for depth in DEPTHS:
        row = table.setdefault(f"{depth:.0%}", {})
        for count in COUNTS:
            hits = sum(look(rgb, depth, count, rng) for rgb in wides)
            row[f"{count:g}"] = f"{hits} of {len(wides)}"
    return table


def _one_frame(rgb: Rgb, depth: float, count: float, rng: np.random.Generator) -> bool:
    return bands_of(bands(depth, count, rng.uniform())(rgb, _UM_PER_PX)[0]) is not None


def _wandering(rgb: Rgb, depth: float, count: float, rng: np.random.Generator) -> bool:
    """Whether the lamp is known by the last of some frames, each with noise of its own."""
    small = rgb[::2, ::2]  # a quarter of the time
    watch, phase, wander = LampWatch(), rng.uniform(), rng.uniform(0.1, 0.9)
    for number in range(FRAMES):
        seen = bands(depth, count, phase + wander * number)(small, 2 * _UM_PER_PX)[0]
        grain = 2.0 * rng.standard_normal(seen.shape[:2], dtype=np.float32)
        watch.see(np.clip(seen + grain[..., None], 0, 255).astype(np.uint8))
    return watch.flickers


def _damage() -> dict[str, str]:
    """White cells found in the same rendered fields, without bands and with them unseen."""
    told = {}
    pictures = list(_rendered("healthy", 8))
    for depth in (0.0, *DEPTHS):
        shift = bands(depth, 3.3, 0.2)
        found = sum(len(locate(shift(rgb, _UM_PER_PX)[0], _UM_PER_PX)) for rgb in pictures)
        told[f"{depth:.0%}" if depth else "none"] = str(found)
    return told


def _cost(rgb: Rgb) -> float:
    """One look over Pillow's reduction of the same frame, medians of turns."""
    picture, watch = Image.fromarray(rgb), LampWatch()
    looks, reductions = [], []
    for _ in range(60):
        began = time.perf_counter()
        watch.see(rgb)
        between = time.perf_counter()
        picture.reduce(4)
        looks.append(between - began)
        reductions.append(time.perf_counter() - between)
    return round(float(np.median(looks) / np.median(reductions)), 3)


def _cost_in_the_loop() -> float:
    """What looking at the lamp costs a frame on average, while a hand moves over a wide field."""
    with tempfile.TemporaryDirectory(prefix="leukoscope-bench-") as scratch:
        source = f"pan:{as_png(FIELDS[0], Path(scratch))}?viewport=1920x1080"
        loop = measure_loop(
            Bench(
                partial(open_camera, source),
                source,
                open_classifier(),
                Settings(),
                NoLamps(),
                WIDE_UM_PER_PX,
                None,
            ),
            _LOOP_FRAMES,
        )
    assert loop is not None
    (light,) = (step for step in loop.steps if step.name == "light")
    return light.times_reduce


def main() -> None:
    """Print the figures and write ``bench/flicker.json``."""
    show_and_keep(measure(data_folder()), RECORD)


if __name__ == "__main__":
    main()
