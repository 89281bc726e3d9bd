"""The slide as the objective shows it, drawn tile by tile when it is looked at."""

from __future__ import annotations

import math
from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

from edge.camera.smear.layout import Layout, Placed
from edge.camera.smear.optics import Optics
from edge.camera.smear.recipe import SmearSettings
from edge.camera.smear.red_cells import random_red_cell
from edge.camera.smear.sensor import LIGHT_SCALE
from edge.camera.smear.sizes import greatest_um
from edge.camera.smear.sprite import (
    Sprite,
    blur_reach_um,
    drawing_reach_um,
    red_cell_sprite,
    white_cell_sprite,
)
from edge.camera.smear.stain import FloatImage, Stain

LightImage = NDArray[np.uint16]

_TILES_KEPT = 72
_SPRITES_KEPT = 400
_RED_SHAPES = 96
_LARGE = ("blast", "monocyte", "smudge")


class Mosaic:
    """Transmitted light of a slide at one scale, through one objective.

    Args:
        layout: What lies where.
        settings: What the smear is made of.
        um_per_px: Scale of its pixels.
        stain: Of this slide.
        optics: The objective and its focus.
        seed: Fixes the shapes of red cells.
        tile_px: Side of the tiles in which it is drawn.
    """

    def __init__(
        self,
        layout: Layout,
        settings: SmearSettings,
        um_per_px: float,
        stain: Stain,
        optics: Optics,
        seed: int,
        tile_px: int = 480,
    ) -> None:
        self._layout = layout
        self._settings = settings
        self._um_per_px = um_per_px
        self._stain = stain
        self._optics = optics
        self._seed = seed
        self._tile_px = tile_px
        self._tiles: OrderedDict[tuple[int, int], LightImage] = OrderedDict()
        self._sprites: OrderedDict[int, Sprite] = OrderedDict()
        self._red: dict[int, Sprite] = {}
        furthest = max(drawing_reach_um(kind, greatest_um(kind)) for kind in _LARGE)
        # A sprite's side is rounded up to one that is quick to transform.
        self._reach_um = 1.15 * (furthest + blur_reach_um(optics)) + um_per_px

    def snap_um(self, along_um: float) -> float:
        """Where a centre comes to lie: things are drawn around the middle of a pixel."""
        return (math.floor(along_um / self._um_per_px) + 0.5) * self._um_per_px

    def view(self, left_px: int, top_px: int, width: int, height: int) -> LightImage:
        """Linear light of a window, uint16, shape (height, width, 3); ``LIGHT_SCALE`` is glass."""
        window = np.empty((height, width, 3), dtype=np.uint16)
        side = self._tile_px
        for row in range(top_px // side, (top_px + height - 1) // side + 1):
            for column in range(left_px // side, (left_px + width - 1) // side + 1):
                tile = self._tile((column, row))
                x, y = column * side - left_px, row * side - top_px
                x0, y0 = max(x, 0), max(y, 0)
                x1, y1 = min(x + side, width), min(y + side, height)
                window[y0:y1, x0:x1] = tile[y0 - y : y1 - y, x0 - x : x1 - x]
        return window

    def _tile(self, tile: tuple[int, int]) -> LightImage:
        if tile in self._tiles:
            self._tiles.move_to_end(tile)
            return self._tiles[tile]
        light = np.power(np.float32(10), -self._density(tile)) * np.float32(LIGHT_SCALE)
        drawn = np.clip(light, 0, 65_535).astype(np.uint16)
        self._tiles[tile] = drawn
        if len(self._tiles) > _TILES_KEPT:
            self._tiles.popitem(last=False)
        return drawn

    def _density(self, tile: tuple[int, int]) -> FloatImage:
        side = self._tile_px
        density = np.zeros((side, side, 3), dtype=np.float32)
        left, top = tile[0] * side, tile[1] * side
        pitch, reach = self._um_per_px, self._reach_um
        things = self._layout.within(
            left * pitch - reach,
            top * pitch - reach,
            (left + side) * pitch + reach,
            (top + side) * pitch + reach,
        )
        for thing in things:
            x = math.floor(thing.x_um / pitch) - left
            y = math.floor(thing.y_um / pitch) - top
            _add(density, self._picture(thing), x, y)
        return density

    def _picture(self, thing: Placed) -> FloatImage:
        if thing.kind == "red":
            return _turned(self._red_sprite(thing.seed % _RED_SHAPES).density, thing.seed >> 20)
        if thing.seed not in self._sprites:
            rng = np.random.default_rng(thing.seed)
            self._sprites[thing.seed] = white_cell_sprite(
                thing.kind, thing.diameter_um, rng, self._um_per_px, self._stain, self._optics
            )
            if len(self._sprites) > _SPRITES_KEPT:
                self._sprites.popitem(last=False)
        return self._sprites[thing.seed].density

    def _red_sprite(self, shape: int) -> Sprite:
        if shape not in self._red:
            rng = np.random.default_rng([self._seed, shape])
            cell = random_red_cell(rng, self._settings.red_cell_um, self._settings.red_cell_spread)
            self._red[shape] = red_cell_sprite(
                cell, rng, self._um_per_px, self._stain, self._optics
            )
        return self._red[shape]


def _turned(picture: FloatImage, chance: int) -> FloatImage:
    """One of the eight ways to lay a square down."""
    turned = np.rot90(picture, chance % 4)
    return turned[:, ::-1] if chance & 4 else turned


def _add(density: FloatImage, picture: FloatImage, x: int, y: int) -> None:
    """Add a sprite with its middle pixel at (x, y), as far as it lies inside."""
    side, half = density.shape[0], picture.shape[0] // 2
    x0, y0 = max(x - half, 0), max(y - half, 0)
    x1, y1 = min(x + half + 1, side), min(y + half + 1, side)
    if x0 < x1 and y0 < y1:
        shift_x, shift_y = half - x, half - y
        density[y0:y1, x0:x1] += picture[y0 + shift_y : y1 + shift_y, x0 + shift_x : x1 + shift_x]
