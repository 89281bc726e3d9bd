"""What is no white cell to be judged: smudges (burst nuclei) and platelets."""

from __future__ import annotations

import numpy as np

from edge.camera.smear.canvas import Canvas, Outline, cover, waves
from edge.camera.smear.parts import Drawn, Palette
from edge.camera.smear.texture import dots, grain, strands


def draw_smudge(rng: np.random.Generator, canvas: Canvas, diameter: float) -> Drawn:
    """The bare, torn, reddish chromatin of a burst cell, smeared at the edge."""
    palette = Palette(canvas)
    outline = Outline(
        radius_um=diameter / 2,
        elongation=float(rng.uniform(1.1, 1.7)),
        turn_rad=float(rng.uniform(0, np.pi)),
        waves=waves(rng, 0.13, orders=9, fall=0.9),
    )
    inside = outline.inside_um(canvas)
    ragged = inside + 0.35 * grain(rng, canvas, 0.5, 2.0)
    body = cover(ragged, 0.9)
    texture = 1 + 0.3 * strands(rng, canvas, 0.09, 0.3) + 0.08 * grain(rng, canvas, 0.5, 1.8)
    # Proteins cling to bare chromatin: more eosin than in a whole nucleus.
    stain = (body * np.clip(texture, 0.2, 2)).astype(np.float32)
    palette.lay(stain, azure=float(rng.uniform(0.5, 0.95)), eosin=float(rng.uniform(0.1, 0.3)))
    return palette.drawn(inside, body)


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
