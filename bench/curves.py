"""``python -m bench.curves``: how cost grows, and with what, in units of Pillow's ``reduce(4)``.

Rendered fields with 0 to 80 white cells at one size, and one field at sizes from 640x480 to
4056x3040; charts of up to 20,000 cells. The exponent is the slope of a straight line through the
logarithms: 1 is linear, 2 quadratic. The result is written to ``bench/curves.json``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from edge.imaging.chart import Chart
from edge.imaging.locate import locate
from edge.imaging.quality import assess
from edge.imaging.stage import Place, Stage

RECORD = Path(__file__).resolve().parent / "curves.json"

CELLS = (0, 1, 5, 20, 80)
SIZES = ((640, 480), (1280, 960), (1920, 1080), (2592, 1944), (4056, 3040))
CHARTS = (200, 2_000, 20_000)
UM_PER_PX = 0.2
_TURNS = 15


def drawn_field(size: tuple[int, int], white_cells: int, seed: int) -> NDArray[np.uint8]:
    """Red cells side by side, and so many white cells on a grid: a field of any size, at once.

    Args:
        size: Width and height, px.
        white_cells: Nuclei with cytoplasm, 12 um across.
        seed: The same seed, the same field.
    """
    width, height = size
    rng = np.random.default_rng(seed)
    picture = np.full((height, width, 3), (236, 228, 222), dtype=np.float32)
    red = max(4, width * height // 5000)
    for x, y in zip(rng.uniform(0, width, red), rng.uniform(0, height, red), strict=True):
        _disc(picture, x, y, 3.6 / UM_PER_PX, (0.86, 0.66, 0.70))
    columns = max(1, round((white_cells * width / height) ** 0.5))
    rows = max(1, -(-white_cells // columns))
    for number in range(white_cells):
        x = (number % columns + 0.5) * width / columns
        y = (number // columns + 0.5) * height / rows
        _disc(picture, x, y, 6.0 / UM_PER_PX, (0.85, 0.80, 0.95))
        _disc(picture, x, y, 4.5 / UM_PER_PX, (0.45, 0.25, 0.65))
    drawn = np.clip(picture, 0, 255).astype(np.uint8)
    return np.asarray(Image.fromarray(drawn).filter(ImageFilter.GaussianBlur(1.2)))


def _disc(
    picture: NDArray[np.float32], x: float, y: float, radius: float, colour: tuple[float, ...]
) -> None:
    top, left = max(0, int(y - radius)), max(0, int(x - radius))
    part = picture[top : int(y + radius) + 2, left : int(x + radius) + 2]
    rows = np.arange(top, top + part.shape[0])[:, None] - y
    columns = np.arange(left, left + part.shape[1])[None, :] - x
    part[rows**2 + columns**2 <= radius**2] *= np.array(colour, dtype=np.float32)


def costs(works: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Computing time of one pass of each, seconds: the median of several turns.

    They take turns, so that a while in which the machine is slow falls on all of them.
    """
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(_TURNS):
        for name, work in works.items():
            start_s = time.thread_time()
            work()
            times[name].append(time.thread_time() - start_s)
    return {name: median(spent) for name, spent in times.items()}


def exponent(sizes: list[float], costs: list[float]) -> float:
    """Slope of log cost over log size; a cost that is lost in the noise of its measure is left out,
    and where fewer than two are not, there is none."""
    known = [(size, spent) for size, spent in zip(sizes, costs, strict=True) if spent > 0]
    if len(known) < 2:
        return 0.0
    logged = np.log(np.array(known))
    return round(float(np.polyfit(logged[:, 0], logged[:, 1], 1)[0]), 2)


def by_cells() -> dict[str, dict[str, float]]:
    """``locate`` on 1920x1080 with more and more white cells; and what each one found adds."""
    fields = {str(count): drawn_field((1920, 1080), count, seed=1) for count in CELLS}
    spent = costs({name: partial(locate, rgb, UM_PER_PX) for name, rgb in fields.items()})
    unit = costs({"reduce": partial(Image.fromarray(fields["0"]).reduce, 4)})["reduce"]
    rows = {}
    for name, rgb in fields.items():
        found, times = len(locate(rgb, UM_PER_PX)), spent[name] / unit
        rows[name] = {"found": found, "locate": round(times, 2)}
        print(f"{name:>3} cells, {found:3d} found: locate {times:.1f} x reduce(4)", flush=True)
    return rows


def by_size() -> dict[str, dict[str, float]]:
    """Every step on one kind of field, larger and larger; 2 white cells a megapixel."""
    rows = {}
    for width, height in SIZES:
        rgb = drawn_field((width, height), max(1, width * height // 500_000), seed=2)
        stage = Stage(UM_PER_PX)
        stage.locate_field(rgb)
        spent = costs(
            {
                "reduce": partial(Image.fromarray(rgb).reduce, 4),
                "stage": partial(stage.locate_field, rgb),
                "quality": partial(assess, rgb, UM_PER_PX),
                "locate": partial(locate, rgb, UM_PER_PX),
            }
        )
        unit = spent.pop("reduce")
        row = {name: round(one / unit, 2) for name, one in spent.items()}
        rows[f"{width}x{height}"] = {**row, "ms": round(sum(spent.values()) * 1e3, 2)}
        print(f"{width}x{height}: {row} x reduce(4) of it", flush=True)
    return rows


def by_chart() -> dict[str, float]:
    """Microseconds to ask a chart about 20 cells, with more and more cells counted before."""
    works = {}
    for count in CHARTS:
        chart, side = Chart(), int(count**0.5) + 1
        ground = [(10.0 * (i % side), 10.0 * (i // side)) for i in range(count)]
        place = Place(0, 0.0, 0.0, False, 1.0)
        chart.new_cells(place, ground)
        works[str(count)] = partial(chart.new_cells, place, ground[:: max(1, count // 20)][:20])
    rows = {name: round(spent * 1e6, 1) for name, spent in costs(works).items()}
    for name, spent in rows.items():
        print(f"chart of {name} cells: {spent} us for 20 cells", flush=True)
    return rows


def main() -> int:
    """Measure, print and record."""
    cells, sizes, chart = by_cells(), by_size(), by_chart()
    pixels = [float(w * h) for w, h in SIZES]
    found = [row["found"] for row in cells.values() if row["found"] >= 5]
    base = cells["0"]["locate"]
    added = [row["locate"] - base for row in cells.values() if row["found"] >= 5]
    result = {
        "cells": cells,
        "sizes": sizes,
        "chart_us": chart,
        "exponents": {
            "locate_over_cells": exponent(found, added),
            "frame_over_pixels": exponent(pixels, [row["ms"] for row in sizes.values()]),
            "chart_over_cells": exponent([float(c) for c in CHARTS], list(chart.values())),
        },
    }
    print(result["exponents"])
    RECORD.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
