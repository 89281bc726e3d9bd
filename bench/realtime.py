"""``python -m bench.realtime short|wide``: the ratios of real time, measured in one run.

``wide`` moves 1920x1080 over real wide fields; ``short`` needs no real data, takes a minute, and is
what CI runs with ``--check``: it fails only where a ratio is twice as bad as the one recorded in
``bench/realtime.json``. Without ``--check`` the figures are recorded there. Every ratio is a cost:
less is better.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import mean, median
from typing import Any, Final

from PIL import Image

from bench.compare import Comparison, compare, line
from bench.figures import data_folder
from bench.page_memory import measure as measure_serve
from edge.camera.source import open_camera
from edge.inference.classifier import Classifier
from edge.inference.shelf import open_classifier
from edge.settings import Settings
from edge.signals.panel import NoLamps
from edge.speed.loop import Bench, LoopSpeed, measure_lamp_delay, measure_loop
from edge.speed.memory import peak_mb
from edge.speed.startup import measure_startup

RECORD: Final = Path(__file__).resolve().parent / "realtime.json"
WORSE: Final = 2.0
"""A ratio so many times the recorded one is a failure; the machines of CI differ by less."""

SHORT: Final = "phantom:leukemic?seed=1&viewport=1280x960"
FIELDS: Final = ("P08_2e952a2fa7db", "P39_572c5ae6beab", "P62_a63a0af2227b")
"""Many cells, some, and few; about 0.24 um/px."""

WIDE_UM_PER_PX: Final = 0.24
CHECKED: Final = ("frame_p50", "frame_mean", "start", "against_alternative")


def measure_short(classifier: Classifier) -> dict[str, float]:
    """The ratios on rendered frames."""
    loop = _loop(SHORT, 0.2, classifier, 40)
    found = compare(SHORT, 0.2, classifier, 20)
    print(line(SHORT, found), flush=True)
    return {**_loop_ratios([loop]), **_start(SHORT, 0.2), **_against([found])}


def measure_wide(classifier: Classifier, frames: int) -> dict[str, float]:
    """The ratios on real wide fields, and memory."""
    with tempfile.TemporaryDirectory(prefix="leukoscope-bench-") as scratch:
        pictures = [as_png(name, Path(scratch)) for name in FIELDS]
        sources = [f"pan:{picture}?viewport=1920x1080" for picture in pictures]
        loops = [_loop(source, WIDE_UM_PER_PX, classifier, frames) for source in sources]
        found = [compare(source, WIDE_UM_PER_PX, classifier, frames // 2) for source in sources]
        for name, one in zip(FIELDS, found, strict=True):
            print(line(name, one), flush=True)
        lamp = measure_lamp_delay(_bench(sources[0], WIDE_UM_PER_PX, classifier), frames, 15.0)
        assert lamp is not None
        serve = measure_serve(sources[0], WIDE_UM_PER_PX)
        return {
            **_loop_ratios(loops),
            **_start(sources[0], WIDE_UM_PER_PX),
            **_against(found),
            "lamp_periods_p50": round(lamp.delay.p50 / 1e3 * lamp.frames_per_s, 2),
            "lamp_periods_p95": lamp.periods_p95,
            "dropped_share": round(lamp.dropped / (lamp.dropped + lamp.looked_at), 3),
            "screen_peak_mb": round(_screen_peak_mb(sources[0]), 1),
            **{f"serve_{key}": value for key, value in serve.items()},
            # The first loop's heap is still being found; months are proven by `make soak`.
            "growth_kb_per_frame": round(median(one.growth_kb or 0.0 for one in loops), 1),
        }


def _bench(source: str, um_per_px: float, classifier: Classifier) -> Bench:
    opened = partial(open_camera, source)
    return Bench(opened, source, classifier, Settings(), NoLamps(), um_per_px, None)


def _loop(source: str, um_per_px: float, classifier: Classifier, frames: int) -> LoopSpeed:
    loop = measure_loop(_bench(source, um_per_px, classifier), frames)
    assert loop is not None, source
    steps = ", ".join(f"{s.name} {s.times_reduce:.2f}" for s in loop.steps if s.wall)
    print(
        f"{Path(source).name}: {loop.frames} frames, {loop.cells} cells; a frame "
        f"{loop.times_reduce_p50:.1f} x reduce(4) at the median, {loop.times_reduce:.1f} on "
        f"average ({steps})",
        flush=True,
    )
    return loop


def _loop_ratios(loops: Sequence[LoopSpeed]) -> dict[str, float]:
    return {
        "frame_p50": round(median(one.times_reduce_p50 for one in loops), 2),
        "frame_mean": round(mean(one.times_reduce for one in loops), 2),
    }


def _against(found: Sequence[Comparison]) -> dict[str, float]:
    """Our computing time for a unique cell as a share of the alternative's.

    Once as if it had found all of ours, once by those it did find.
    """
    ours = sum(one.ours_s for one in found)
    share = ours / sum(one.alternative_s for one in found)
    ratios = {
        "against_alternative": round(share, 3),
        "against_kept_interpreter": round(ours / sum(one.kept_s for one in found), 3),
    }
    cells, both = (sum(one.unique_cells for one in found), sum(one.found_cells for one in found))
    if both:
        ratios["against_found_by_alternative"] = round(share * both / cells, 3)
    return ratios


def _start(source: str, um_per_px: float) -> dict[str, float]:
    startup = measure_startup(source, um_per_px, None, 2)
    assert startup is not None
    parts = ", ".join(f"{name} {ms:.0f}" for name, ms in startup.parts_cpu_ms.items())
    print(
        f"start (computing, ms): {parts}; numpy and PIL {startup.yardstick_cpu_ms:.0f}", flush=True
    )
    return {"start": startup.times_yardstick, "first_start": startup.first_times_yardstick}


def _screen_peak_mb(source: str) -> float:
    """Greatest memory of ``leukoscope screen`` as its user runs it."""
    with tempfile.TemporaryDirectory(prefix="leukoscope-bench-") as home:
        words = ["screen", "--camera", source, "--um-per-px", str(WIDE_UM_PER_PX), "--json"]
        with subprocess.Popen(
            [sys.executable, "-m", "edge", *words, "--home", home], stdout=subprocess.DEVNULL
        ) as process:
            # The kernel's word at the end (ru_maxrss) would be that of this process, its parent.
            peak = 0.0
            while process.poll() is None:
                peak = max(peak, peak_mb(process.pid) or 0.0)
                time.sleep(0.02)
    assert process.returncode == 0
    return peak


def as_png(name: str, folder: Path) -> Path:
    """A wide field as PNG: WebP's decoder holds four copies of a picture, which no camera does."""
    target = folder / f"{name}.png"
    with zipfile.ZipFile(data_folder() / "jhu_wide_fields.zip") as archive:
        inside = next(n for n in archive.namelist() if n.endswith(f"{name}.webp"))
        with archive.open(inside) as file, Image.open(file) as picture:
            picture.convert("RGB").save(target, compress_level=1)
    return target


def worse_than_recorded(found: dict[str, float], recorded: dict[str, Any]) -> list[str]:
    """A line for every checked ratio that is more than ``WORSE`` times the recorded one."""
    return [
        f"{name}: {found[name]:g}, recorded {recorded[name]:g}"
        for name in CHECKED
        if name in recorded and found[name] > WORSE * recorded[name]
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and record or check."""
    parser = argparse.ArgumentParser(description="The ratios of real time.")
    parser.add_argument("what", choices=("short", "wide"))
    parser.add_argument("--check", action="store_true", help="hold against the record instead")
    parser.add_argument("--frames", type=int, default=60)
    told = parser.parse_args(arguments)
    classifier = open_classifier(threads=1)
    if told.what == "short":
        found = measure_short(classifier)
    else:
        found = measure_wide(classifier, told.frames)
    # More than one for each core: others were at work, and times by the clock say nothing.
    found["load_average"] = round(os.getloadavg()[0], 1)
    for name, value in found.items():
        print(f"{told.what} {name}: {value:g}")
    record = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    if told.check:
        worse = worse_than_recorded(found, record.get(told.what, {}))
        print("\n".join(f"twice as bad: {each}" for each in worse) or "none is twice as bad")
        return 1 if worse else 0
    record[told.what] = found
    RECORD.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
