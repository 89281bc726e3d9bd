"""Lymphocytes, monocytes and blasts: one nucleus, without lobes."""

from __future__ import annotations

import numpy as np

from edge.camera.smear.canvas import Canvas, Outline, cover, rim, waves
from edge.camera.smear.parts import Drawn, Palette, chromatin, random_body, unite
from edge.camera.smear.stain import FloatImage
from edge.camera.smear.texture import dots, grain, strands


def draw_lymphocyte(rng: np.random.Generator, canvas: Canvas, diameter: float) -> Drawn:
    """Small and dark: a round clumped nucleus that leaves a thin sky-blue rim."""
    palette = Palette(canvas)
    inside = random_body(rng, diameter, 0.035, 0.07).inside_um(canvas)
    # A frayed border: small folds and threads of the rim.
    inside = inside + float(rng.uniform(0.02, 0.16)) * grain(rng, canvas, 0.2, 0.7)
    body = cover(inside, 0.35)
    palette.lay(body, azure=0.12, blue=float(rng.uniform(0.34, 0.55)))
    palette.lay(body * rim(inside, 0.3, 0.35), blue=0.2)
    share = float(rng.uniform(0.8, 0.92))
    off = rng.uniform(0, 0.6) * diameter / 2 * (1 - np.sqrt(share))
    turn = rng.uniform(-np.pi, np.pi)
    nucleus_um = Outline(
        radius_um=diameter / 2 * float(np.sqrt(share)),
        x_um=float(off * np.cos(turn)),
        y_um=float(off * np.sin(turn)),
        elongation=float(1 + abs(rng.normal(0, 0.06))),
        turn_rad=float(rng.uniform(0, np.pi)),
        waves=waves(rng, 0.025),
    ).inside_um(canvas)
    clumps = np.tanh(1.5 * grain(rng, canvas, 0.32, 0.95))
    channels = strands(rng, canvas, 0.16, 0.45)
    net = strands(rng, canvas, 0.08, 0.2)
    texture = 0.19 * clumps - 0.18 * channels + 0.2 * net
    nucleus = chromatin(palette, nucleus_um, texture, float(rng.normal(1.42, 0.08)), 0.12, body)
    return palette.drawn(inside, nucleus)


def draw_monocyte(rng: np.random.Generator, canvas: Canvas, diameter: float) -> Drawn:
    """Large: a folded kidney of lacy chromatin in wide grey-blue cytoplasm with vacuoles."""
    palette = Palette(canvas)
    inside = random_body(rng, diameter, 0.06, 0.14).inside_um(canvas)
    body = cover(inside, 0.4)
    tint = 1 + 0.13 * grain(rng, canvas, 0.15, 0.7) + 0.12 * grain(rng, canvas, 1.0, 3.0)
    palette.lay((body * tint).astype(np.float32), azure=0.15, blue=float(rng.uniform(0.2, 0.3)))
    dust = dots(rng, canvas, cover(inside - 0.4, 0.5), 2.0, 0.16, 0.4)
    palette.lay(dust, azure=0.1)
    palette.lay(body * rim(inside, 0.3, 0.4), blue=0.1)
    kidney = _kidney(rng, canvas, diameter)
    lace = 0.33 * strands(rng, canvas, 0.09, 0.27) - 0.13 * strands(rng, canvas, 0.17, 0.5)
    lace = lace + 0.05 * grain(rng, canvas, 0.35, 1.0)
    folds = _folds(rng, canvas, kidney)
    nucleus = chromatin(
        palette,
        kidney,
        (lace + folds).astype(np.float32),
        float(rng.normal(1.0, 0.07)),
        0.14,
        body,
    )
    _vacuoles(rng, palette, inside, nucleus)
    return palette.drawn(inside, nucleus)


def _kidney(rng: np.random.Generator, canvas: Canvas, diameter_um: float) -> FloatImage:
    """Depth inside a bean with a dent on one side, um."""
    radius = float(np.sqrt(rng.normal(101, 8) / np.pi))
    turn = float(rng.uniform(-np.pi, np.pi))
    off = rng.uniform(0.0, 0.9)
    bean = Outline(
        radius_um=radius,
        x_um=float(-off * np.cos(turn)),
        y_um=float(-off * np.sin(turn)),
        elongation=float(rng.uniform(1.15, 1.6)),
        turn_rad=turn + np.pi / 2,
        waves=waves(rng, 0.08, orders=9, fall=1.1),
    ).inside_um(canvas)
    # The dent is a wedge that opens outwards: an oval lying along the radius, half outside.
    depth = rng.uniform(0.45, 1.0) * radius
    reach = radius - depth + 0.75 * radius
    dent = Outline(
        radius_um=float(rng.uniform(0.38, 0.55) * radius),
        x_um=float((reach - off) * np.cos(turn)),
        y_um=float((reach - off) * np.sin(turn)),
        elongation=float(rng.uniform(1.8, 3.2)),
        turn_rad=turn + float(rng.normal(0, 0.2)),
    ).inside_um(canvas)
    return -unite(-bean, dent, 0.8)


def _folds(rng: np.random.Generator, canvas: Canvas, inside_um: FloatImage) -> FloatImage:
    """Creases of a folded nucleus: a dark line with a light side."""
    creases = np.zeros_like(inside_um)
    for _ in range(int(rng.integers(1, 3))):
        turn = rng.uniform(-np.pi, np.pi)
        bend = rng.uniform(0.02, 0.09) * rng.choice((-1, 1))
        across = canvas.x_um * np.float32(np.cos(turn)) + canvas.y_um * np.float32(np.sin(turn))
        along = canvas.y_um * np.float32(np.cos(turn)) - canvas.x_um * np.float32(np.sin(turn))
        line = across - np.float32(rng.uniform(-2, 2)) - np.float32(bend) * along * along
        ends = np.exp(-(((along - rng.normal(0, 2)) / rng.uniform(2.0, 3.5)) ** 2))
        creases += (
            0.28 * np.exp(-((line / 0.3) ** 2)) - 0.12 * np.exp(-(((line - 0.7) / 0.5) ** 2))
        ) * ends
    return creases.astype(np.float32)


def _vacuoles(
    rng: np.random.Generator, palette: Palette, inside_um: FloatImage, nucleus: FloatImage
) -> None:
    """Clear little bubbles in the cytoplasm."""
    free = cover(inside_um - 0.8, 0.4) * (1 - nucleus)
    bubbles = dots(rng, palette.canvas, free, float(rng.uniform(0.0, 0.12)), 0.36, 0.2)
    palette.clear(np.clip(1.2 * bubbles, 0, 0.9) * (1 - 0.7 * nucleus))


def draw_blast(rng: np.random.Generator, canvas: Canvas, diameter: float) -> Drawn:
    """A large pale nucleus of fine even chromatin with nucleoli, and a thin blue rim."""
    palette = Palette(canvas)
    outline = random_body(rng, diameter, 0.075, 0.16)
    inside = outline.inside_um(canvas)
    body = cover(inside, 0.4)
    tint = 1 + 0.13 * grain(rng, canvas, 0.2, 1.5)
    palette.lay((body * tint).astype(np.float32), azure=0.14, blue=float(rng.uniform(0.28, 0.5)))
    palette.lay(body * rim(inside, 0.25, 0.3), azure=0.16, blue=0.3)
    nucleus_um = _blast_nucleus(rng, canvas, outline)
    texture = _fine_chromatin(rng, canvas) + _nucleoli(rng, canvas, nucleus_um)
    nucleus = chromatin(
        palette,
        np.minimum(nucleus_um, inside - 0.1),
        texture.astype(np.float32),
        float(rng.normal(1.0, 0.07)),
        0.22,
        body,
    )
    return palette.drawn(inside, nucleus)


def _blast_nucleus(rng: np.random.Generator, canvas: Canvas, body: Outline) -> FloatImage:
    """Depth inside a round to oval nucleus pushed to one side of its cell, um."""
    share = float(rng.uniform(0.74, 0.9))
    off = body.radius_um * (1 - np.sqrt(share)) * rng.uniform(0.6, 1.15)
    turn = rng.uniform(-np.pi, np.pi)
    nucleus = Outline(
        radius_um=body.radius_um * float(np.sqrt(share)),
        x_um=float(off * np.cos(turn)),
        y_um=float(off * np.sin(turn)),
        elongation=body.elongation,
        turn_rad=body.turn_rad + float(rng.normal(0, 0.15)),
        waves=tuple((a + float(rng.normal(0, 0.02)), phase) for a, phase in body.waves),
    ).inside_um(canvas)
    if rng.random() < 0.45:
        reach = body.radius_um * rng.uniform(0.85, 1.1)
        angle = rng.uniform(-np.pi, np.pi)
        dent = np.float32(body.radius_um * rng.uniform(0.2, 0.4)) - np.hypot(
            canvas.x_um - np.float32(reach * np.cos(angle)),
            canvas.y_um - np.float32(reach * np.sin(angle)),
        )
        nucleus = -unite(-nucleus, dent.astype(np.float32), 1.2)
    return nucleus


def _fine_chromatin(rng: np.random.Generator, canvas: Canvas) -> FloatImage:
    """An even net of thin threads, and slow clouds of more and less."""
    net = strands(rng, canvas, 0.08, 0.22)
    threads = strands(rng, canvas, 0.14, 0.4)
    clouds = grain(rng, canvas, 0.9, 2.6)
    texture: FloatImage = 0.13 * net + 0.05 * threads + 0.05 * clouds
    return texture.astype(np.float32)


def _nucleoli(rng: np.random.Generator, canvas: Canvas, inside_um: FloatImage) -> FloatImage:
    """One to three pale bluish discs with a faint darker border."""
    pale = np.zeros_like(inside_um)
    deep = np.flatnonzero(inside_um > 1.4)
    for _ in range(int(rng.integers(1, 4))):
        spot = int(rng.choice(deep)) if deep.size else inside_um.size // 2
        row, column = divmod(spot, canvas.size_px)
        nucleolus = Outline(
            radius_um=float(rng.uniform(0.6, 1.2)),
            x_um=float(canvas.x_um[row, column]),
            y_um=float(canvas.y_um[row, column]),
            elongation=float(rng.uniform(1, 1.4)),
            turn_rad=float(rng.uniform(0, np.pi)),
        ).inside_um(canvas)
        strength = float(rng.uniform(0.12, 0.24))
        pale += -strength * cover(nucleolus, 0.6) + 0.08 * rim(nucleolus, -0.15, 0.3)
    return np.maximum(pale, -0.35)
