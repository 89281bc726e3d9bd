"""Neutrophils, eosinophils and basophils: lobed nuclei among granules."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from edge.camera.smear.canvas import Canvas, Outline, cover, rim, waves
from edge.camera.smear.parts import Drawn, Palette, chromatin, random_body, unite
from edge.camera.smear.stain import FloatImage
from edge.camera.smear.texture import dots, grain, strands


def _lobes(
    rng: np.random.Generator, canvas: Canvas, count: int, lobe_um: float, bow_um: float
) -> FloatImage:
    """Depth inside a chain of lobes along a bow, joined by filaments, um."""
    sweep = rng.uniform(3.4, 4.9) if count > 2 else rng.uniform(2.2, 3.3)
    start = rng.uniform(-np.pi, np.pi)
    shift_x, shift_y = rng.normal(0, 0.4, 2)
    inside: FloatImage | None = None
    centres: list[tuple[float, float]] = []
    for step in range(count):
        angle = start + sweep * (step / max(count - 1, 1) - 0.5) + rng.normal(0, 0.12)
        reach = bow_um * rng.uniform(0.85, 1.15)
        x, y = reach * np.cos(angle) + shift_x, reach * np.sin(angle) + shift_y
        lobe = Outline(
            radius_um=float(lobe_um * rng.uniform(0.86, 1.16)),
            x_um=float(x),
            y_um=float(y),
            elongation=float(rng.uniform(1.05, 1.6)),
            turn_rad=float(angle + np.pi / 2 + rng.normal(0, 0.4)),
            waves=waves(rng, 0.07, orders=7, fall=1.0),
        ).inside_um(canvas)
        inside = lobe if inside is None else unite(inside, lobe, 0.35)
        centres.append((float(x), float(y)))
    assert inside is not None
    for (ax, ay), (bx, by) in pairwise(centres):
        inside = unite(inside, _filament(canvas, ax, ay, bx, by, rng.uniform(0.3, 1.0)), 0.6)
    return inside


def _filament(
    canvas: Canvas, ax: float, ay: float, bx: float, by: float, half_um: float
) -> FloatImage:
    """Depth inside a thread between two points, um."""
    dx, dy = bx - ax, by - ay
    length = max(dx * dx + dy * dy, 1e-6)
    along = np.clip(((canvas.x_um - ax) * dx + (canvas.y_um - ay) * dy) / length, 0, 1)
    away = np.hypot(canvas.x_um - ax - along * dx, canvas.y_um - ay - along * dy)
    inside: FloatImage = (np.float32(half_um) - away).astype(np.float32)
    return inside


def _clumped(rng: np.random.Generator, canvas: Canvas, contrast: float) -> FloatImage:
    """Chromatin of a ripe nucleus: dark clumps parted by a net of lighter channels."""
    clumps = np.tanh(grain(rng, canvas, 0.25, 0.8))
    channels = strands(rng, canvas, 0.12, 0.34)
    net = strands(rng, canvas, 0.08, 0.2)
    texture: FloatImage = contrast * (0.4 * clumps - 0.9 * channels + 1.2 * net)
    return texture.astype(np.float32)


def draw_neutrophil(rng: np.random.Generator, canvas: Canvas, diameter: float) -> Drawn:
    """Pale pink cytoplasm full of fine granules, a dark nucleus of three or four lobes."""
    palette = Palette(canvas)
    inside = random_body(rng, diameter, 0.03, 0.08).inside_um(canvas)
    body = cover(inside, 0.45)
    tint = 1 + 0.12 * grain(rng, canvas, 0.8, 3.0)
    palette.lay((body * tint).astype(np.float32), azure=0.07, blue=0.03, eosin=0.07)
    palette.lay(body * rim(inside, 0.25, 0.35), azure=0.05)
    granules = dots(rng, canvas, cover(inside - 0.3, 0.5), rng.uniform(3.0, 5.5), 0.19, 0.45)
    palette.lay(granules, azure=float(rng.uniform(0.14, 0.30)), eosin=0.05)
    count = int(rng.choice((2, 3, 4, 5), p=(0.1, 0.45, 0.35, 0.1)))
    lobe = float(np.sqrt(rng.normal(59, 5) / (count * np.pi)))
    bow = diameter / 2 - lobe - rng.uniform(0.7, 1.3)
    lobes = _lobes(rng, canvas, count, lobe, float(bow))
    nucleus = chromatin(
        palette, lobes, _clumped(rng, canvas, 0.26), float(rng.normal(1.46, 0.09)), 0.16, body
    )
    return palette.drawn(inside, nucleus)


def draw_eosinophil(rng: np.random.Generator, canvas: Canvas, diameter: float) -> Drawn:
    """Two lobes (at times three) in a body packed with coarse orange granules."""
    palette = Palette(canvas)
    inside = random_body(rng, diameter, 0.035, 0.08).inside_um(canvas)
    body = cover(inside, 0.45)
    palette.lay(body, azure=0.08, blue=0.0, eosin=0.34)
    granules = dots(rng, canvas, cover(inside - 0.2, 0.4), 3.4, 0.27, 0.35)
    palette.lay(granules, azure=0.05, eosin=0.17)
    palette.lay(body * rim(inside, 0.2, 0.3), azure=0.08)
    count = int(rng.choice((2, 3), p=(0.75, 0.25)))
    lobe = float(np.sqrt(rng.normal(68, 5) / (count * np.pi)))
    lobes = _lobes(rng, canvas, count, lobe, diameter / 2 - lobe - 0.6)
    nucleus = chromatin(
        palette, lobes, _clumped(rng, canvas, 0.28), float(rng.normal(1.36, 0.08)), 0.2, body
    )
    return palette.drawn(inside, nucleus)


def draw_basophil(rng: np.random.Generator, canvas: Canvas, diameter: float) -> Drawn:
    """Large violet-black granules over a nucleus that they nearly hide."""
    palette = Palette(canvas)
    inside = random_body(rng, diameter, 0.04, 0.08).inside_um(canvas)
    body = cover(inside, 0.4)
    palette.lay(body, azure=0.2, eosin=0.06)
    count = int(rng.choice((2, 3)))
    lobe = float(np.sqrt(rng.normal(72, 7) / (count * np.pi)))
    lobes = _lobes(rng, canvas, count, lobe, diameter / 2 - lobe - 0.7)
    nucleus = chromatin(
        palette, lobes, _clumped(rng, canvas, 0.2), float(rng.normal(1.1, 0.08)), 0.1, body
    )
    thick = float(rng.uniform(1.6, 3.6))
    granules = dots(rng, canvas, cover(inside - 0.1, 0.5), thick, 0.3, 0.35)
    palette.lay(np.minimum(granules, 1.6), azure=0.62, blue=0.08)
    return palette.drawn(inside, nucleus)
