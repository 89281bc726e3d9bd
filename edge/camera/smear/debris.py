"""What is no white cell to be judged: smudges (burst nuclei) and platelets."""

from __future__ import annotations

import numpy as np

from edge.camera.smear.canvas import Canvas, Outline, cover, waves
from edge.camera.smear.parts import Drawn, Palette, chromatin
from edge.camera.smear.stain import FloatImage
from edge.camera.smear.texture import dots, grain, strands


def draw_smudge(rng: np.random.Generator, canvas: Canvas, diameter: float) -> Drawn:
    """A burst cell: a bare nucleus in the haze of its lost cytoplasm, or a torn reddish net."""
    palette = Palette(canvas)
    outline = Outline(
        radius_um=diameter / 2 * 0.85,
        elongation=float(rng.uniform(1.05, 1.6)),
        turn_rad=float(rng.uniform(0, np.pi)),
        waves=waves(rng, 0.13, orders=7, fall=1.0),
    )
    inside = outline.inside_um(canvas)
    _haze(rng, palette, inside)
    draw = _torn_net if rng.random() < 0.35 else _bare_nucleus
    return palette.drawn(inside, draw(rng, palette, inside))


def _haze(rng: np.random.Generator, palette: Palette, inside_um: FloatImage) -> None:
    """Cytoplasm that has run out: a pale blue cloud with specks, fading over a few um."""
    canvas = palette.canvas
    near = np.exp(-((np.minimum(inside_um, 0) / 3.0) ** 2)).astype(np.float32)
    near = np.where(near > 0.05, near, 0).astype(np.float32)
    cloud = near * np.clip(1 + 0.5 * grain(rng, canvas, 0.5, 2.0), 0, 3)
    palette.lay(cloud.astype(np.float32), azure=0.04, blue=0.08)
    palette.lay(dots(rng, canvas, near, 0.5, 0.16, 0.4), azure=0.12)


def _bare_nucleus(rng: np.random.Generator, palette: Palette, inside_um: FloatImage) -> FloatImage:
    canvas = palette.canvas
    net = 0.22 * strands(rng, canvas, 0.09, 0.3) - 0.1 * strands(rng, canvas, 0.2, 0.6)
    everywhere = np.ones_like(inside_um)
    amount = float(rng.uniform(0.85, 1.2))
    return chromatin(palette, inside_um, net.astype(np.float32), amount, 0.3, everywhere)


def _torn_net(rng: np.random.Generator, palette: Palette, inside_um: FloatImage) -> FloatImage:
    canvas = palette.canvas
    threads = strands(rng, canvas, 0.15, 0.6)
    # Threads reach out beyond the torn border.
    body = cover(inside_um + 0.9 * threads - 0.4, 0.9)
    texture = np.clip(1 + 0.3 * strands(rng, canvas, 0.1, 0.4) + 0.25 * threads, 0.2, 2)
    # Proteins cling to bare chromatin: more eosin than in a whole nucleus.
    stain = (body * texture).astype(np.float32)
    palette.lay(stain, azure=float(rng.uniform(0.55, 0.75)), eosin=float(rng.uniform(0.25, 0.45)))
    return body


def draw_platelet(rng: np.random.Generator, canvas: Canvas, diameter: float) -> Drawn:
    """A scrap of pale cytoplasm, 2 to 3 um, with a heap of purple granules."""
    palette = Palette(canvas)
    outline = Outline(
        radius_um=diameter / 2,
        elongation=float(rng.uniform(1, 1.5)),
        turn_rad=float(rng.uniform(0, np.pi)),
        waves=waves(rng, 0.10),
    )
    inside = outline.inside_um(canvas)
    body = cover(inside, 0.4)
    palette.lay(body, azure=0.18, blue=0.15)
    palette.lay(dots(rng, canvas, cover(inside - 0.35, 0.4), 5.0, 0.25, 0.4), azure=0.4)
    return palette.drawn(inside, np.zeros_like(body))
