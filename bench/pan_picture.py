"""``python -m bench.pan_picture PICTURE --out FILE``: a pan over one wide field, drawn on it.

The way as it was found (white), fields at rest (squares where the hand came back to cells counted
before are blue), and every counted cell once: a ring with its number of sightings. Without a
picture a smear is rendered, walked over and drawn: such a drawing may be shown anywhere.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from bench.follow import Followed, follow
from edge.camera.hand import HandSettings
from edge.camera.pan import PanCamera, PanSettings
from edge.camera.phantom import PhantomCamera, PhantomSettings
from edge.camera.smear.recipe import KINDS
from edge.imaging.chart import Chart

GREEN, BLUE, WHITE, BLACK, AMBER = "#0b7a3b", "#1464c8", "#ffffff", "#000000", "#e08a00"
SAME_FIELD_PX = 60
WIDE_PX = (1400, 1100)


@dataclass
class Drawn:
    """What is drawn, in pixels of the picture.

    Attributes:
        way: Middle of each field found.
        rests: Left top corner of fields in which cells were looked for, and whether all cells in
            it were counted before.
        cells: Middle and diameter of each counted cell, by its number.
    """

    way: list[tuple[float, float]] = field(default_factory=list)
    rests: list[tuple[float, float, bool]] = field(default_factory=list)
    cells: dict[int, tuple[float, float, float]] = field(default_factory=dict)


def draw_pan(picture: Path, um_per_px: float, out: Path, width_px: int, seed: int) -> str:
    """Go over a wide picture and draw what was found; one line on it."""
    settings = PanSettings(viewport_px=(640, 480), seed=seed)
    camera = PanCamera(picture, settings, HandSettings(look_back=0.3))
    chart, drawn = Chart(), Drawn()
    origin = np.array(camera.true_offset_px(0))
    for seen in follow(camera, um_per_px, chart):
        _take(drawn, seen, origin, camera.viewport_px, um_per_px)
    with Image.open(picture) as opened:
        ground = opened.convert("RGB")
    sightings = [cell.sightings for cell in chart.cells]
    line = (
        f"{camera.length} frames, {len(drawn.cells)} white cells counted once, "
        f"seen {sum(sightings)} times in {len(drawn.rests)} looks"
    )
    _draw(ground, drawn, sightings, camera.viewport_px, line).resize(
        (width_px, round(ground.height * width_px / ground.width)), Image.Resampling.LANCZOS
    ).save(out)
    return line


def _take(
    drawn: Drawn,
    seen: Followed,
    origin: NDArray[np.float64],
    viewport: tuple[int, int],
    um_per_px: float,
) -> None:
    """One frame; positions as found, so that an error of the stage shows in the drawing."""
    if not seen.place.countable or seen.place.place != 0:
        return
    left, top = np.array([seen.place.x_um, seen.place.y_um]) / um_per_px + origin
    drawn.way.append((float(left) + viewport[0] / 2, float(top) + viewport[1] / 2))
    if seen.cells is None or seen.numbers is None:
        return
    drawn.rests.append((float(left), float(top), bool(seen.cells) and not seen.new))
    for i in seen.new:
        number, cell = seen.numbers[i], seen.cells[i]
        if number is not None:
            x, y = cell.centre_px
            size = max(cell.width_px, cell.height_px)
            drawn.cells[number] = (float(left) + x, float(top) + y, size)


def _draw(
    ground: Image.Image,
    drawn: Drawn,
    sightings: list[int],
    viewport: tuple[int, int],
    line: str,
) -> Image.Image:
    pen = ImageDraw.Draw(ground)
    font = ImageFont.load_default(max(18, ground.width // 80))
    for left, top, before in _apart(drawn.rests):
        right, bottom = left + viewport[0], top + viewport[1]
        pen.rectangle((left, top, right, bottom), outline=BLUE if before else AMBER, width=3)
    for colour, thick in ((BLACK, 9), (WHITE, 5)):
        pen.line(drawn.way, fill=colour, width=thick, joint="curve")
    for number, (x, y, size) in drawn.cells.items():
        reach = size * 0.62
        pen.ellipse((x - reach, y - reach, x + reach, y + reach), outline=GREEN, width=7)
        at = (x + reach * 0.75, y - reach * 1.2)
        text = str(sightings[number])
        pen.text(at, text, fill=GREEN, font=font, stroke_width=4, stroke_fill=WHITE)
    for (x, y), name in zip((drawn.way[0], drawn.way[-1]), ("start", "end"), strict=True):
        pen.ellipse((x - 16, y - 16, x + 16, y + 16), fill=WHITE, outline=BLACK, width=4)
        pen.text((x + 24, y - 16), name, fill=BLACK, font=font, stroke_width=4, stroke_fill=WHITE)
    pen.text(
        (16, ground.height - 60), line, fill=BLACK, font=font, stroke_width=5, stroke_fill=WHITE
    )
    return ground


def _apart(rests: list[tuple[float, float, bool]]) -> list[tuple[float, float, bool]]:
    """One of each few fields that lie on each other; those with new cells first."""
    kept: list[tuple[float, float, bool]] = []
    for rest in sorted(rests, key=lambda rest: rest[2]):
        if all(abs(rest[0] - k[0]) + abs(rest[1] - k[1]) > SAME_FIELD_PX for k in kept):
            kept.append(rest)
    return kept


def rendered_ground(target: Path, seed: int) -> float:
    """Render one wide smear into a file; its um/px."""
    settings = PhantomSettings(viewport_px=WIDE_PX, seed=seed, frames=1)
    camera = PhantomCamera("leukemic", KINDS["leukemic"], settings)
    Image.fromarray(next(iter(camera.frames())).rgb).save(target)
    return camera.truth.um_per_px


def main() -> None:
    """Draw one pan."""
    parser = argparse.ArgumentParser(prog="python -m bench.pan_picture", description=__doc__)
    parser.add_argument("picture", type=Path, nargs="?", help="a wide field; left out: rendered")
    parser.add_argument("--um-per-px", type=float, default=0.2)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--width", type=int, default=1200)
    parser.add_argument("--seed", type=int, default=3)
    arguments = parser.parse_args()
    if arguments.picture is not None:
        picture, scale = arguments.picture, arguments.um_per_px
        print(draw_pan(picture, scale, arguments.out, arguments.width, arguments.seed))
        return
    with tempfile.TemporaryDirectory(prefix="leukoscope-bench-") as scratch:
        picture = Path(scratch) / "smear.png"
        scale = rendered_ground(picture, arguments.seed)
        print(draw_pan(picture, scale, arguments.out, arguments.width, arguments.seed))


if __name__ == "__main__":
    main()
