"""One rendered cell in the middle of a picture, among its red cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from edge.camera.frame import RgbImage
from edge.camera.smear.layout import Layout, Placed
from edge.camera.smear.mosaic import Mosaic
from edge.camera.smear.optics import Optics
from edge.camera.smear.recipe import KINDS, SmearSettings
from edge.camera.smear.sensor import Exposure
from edge.camera.smear.sizes import diameter_um
from edge.camera.smear.stain import varied_stain


def render_cell(
    kind: str,
    seed: int,
    um_per_px: float = 0.2,
    size_px: int = 180,
    settings: SmearSettings | None = None,
) -> RgbImage:
    """A picture of one cell: its own stain, light and surroundings for each seed.

    Args:
        kind: One of ``white_cells.WHITE_CELLS`` or ``white_cells.ARTEFACTS``.
        seed: The same seed gives the same picture.
        um_per_px: Scale.
        size_px: Side of the picture.
        settings: The smear around it, optics and sensor; default: a healthy one, the focus off
            by a little, as a hand leaves it.

    Returns:
        uint8, shape (size_px, size_px, 3); the cell's centre lies in its middle.

    Raises:
        KeyError: No such kind.
    """
    rng = np.random.default_rng([seed, *kind.encode()])
    smear = settings or _as_a_hand_leaves_it(rng)
    half_um = size_px * um_per_px / 2
    cell = Placed(kind, half_um, half_um, diameter_um(kind, rng), int(rng.integers(1 << 62)))
    stain = varied_stain(rng, smear.stain_spread)
    shapes, light = (int(number) for number in rng.integers(1 << 31, size=2))
    layout = Layout(smear, kind, seed, only=(cell,))
    mosaic = Mosaic(layout, smear, um_per_px, stain, smear.optics, shapes, tile_px=size_px)
    exposure = Exposure(smear.sensor, (size_px, size_px), light)
    return exposure.develop(mosaic.view(0, 0, size_px, size_px), 0)


def examples(
    kind: str, count: int, seed: int, um_per_px: float = 0.2, size_px: int = 180
) -> Sequence[RgbImage]:
    """Several different cells of one kind; see ``render_cell``."""
    return [render_cell(kind, seed + number, um_per_px, size_px) for number in range(count)]


def _as_a_hand_leaves_it(rng: np.random.Generator) -> SmearSettings:
    usual = KINDS["healthy"]
    optics: Optics = replace(usual.optics, defocus_um=float(rng.normal(0, 0.12)))
    # A crop sees a small part of the field: vignetting hardly changes across it.
    sensor = replace(usual.sensor, vignetting=0.03)
    return replace(
        usual,
        optics=optics,
        sensor=sensor,
        red_cells_per_field=float(rng.uniform(140, 330)),
    )
