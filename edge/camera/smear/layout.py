"""What lies where on a slide without end, known without drawing it.

The slide is divided into square plots. What a plot holds follows from the seed and the plot's own
number, and at most from its neighbours': any part of the slide can be known alone.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.camera.smear.recipe import REFERENCE_FIELD_UM2, SmearSettings
from edge.camera.smear.sizes import diameter_um

PLOT_UM = 48.0
"""Side of a plot: it holds at most one white cell, so that white cells keep apart."""

_MARGIN_UM = 9.5
_ORIGIN = 1 << 30
_WHITE, _RED, _SMALL = 1, 2, 3


@dataclass(frozen=True)
class Placed:
    """A thing on the slide.

    Attributes:
        kind: As in ``white_cells``, or ``red``.
        x_um: Its centre, right of the slide's origin.
        y_um: Its centre, below the slide's origin.
        diameter_um: Diameter of the circle of its area.
        seed: What it looks like.
    """

    kind: str
    x_um: float
    y_um: float
    diameter_um: float
    seed: int


@dataclass(frozen=True)
class _RedCandidates:
    """Red cells that would like to lie in a plot: shape (n,) each."""

    x_um: NDArray[np.float64]
    y_um: NDArray[np.float64]
    rank: NDArray[np.float64]
    careless: NDArray[np.bool_]
    seed: NDArray[np.int64]


class Layout:
    """The things on one slide.

    Args:
        settings: What the smear is made of.
        kind: Name that keeps smears of the same seed apart.
        seed: The same seed gives the same slide.
        only: These white cells and no others (for pictures of one cell).
    """

    def __init__(
        self,
        settings: SmearSettings,
        kind: str,
        seed: int,
        only: tuple[Placed, ...] | None = None,
    ) -> None:
        self._settings = settings
        self._entropy = (seed, zlib.crc32(kind.encode()))
        self._only = only
        self._whites: dict[tuple[int, int], list[Placed]] = {}
        self._candidates: dict[tuple[int, int], _RedCandidates] = {}
        self._leaning: dict[int, list[Placed]] = {}
        per_um2 = settings.red_cells_per_field / REFERENCE_FIELD_UM2
        self._apart_um = _distance_kept_um(per_um2, settings.red_cell_um)
        self._wished_per_um2 = _wished(per_um2, self._apart_um, settings.red_overlap)

    def within(self, left: float, top: float, right: float, bottom: float) -> list[Placed]:
        """Everything whose centre lies in a rectangle (um), white cells last."""
        red: list[Placed] = []
        small: list[Placed] = []
        white: list[Placed] = []
        for plot in _plots(left, top, right, bottom):
            red += self._red_cells(plot)
            small += self._platelets(plot)
            white += self._white_cells(plot)
        return [
            thing
            for thing in (*red, *small, *white)
            if left <= thing.x_um < right and top <= thing.y_um < bottom
        ]

    def white_cells(self, left: float, top: float, right: float, bottom: float) -> list[Placed]:
        """White cells and smudges whose centres lie in a rectangle (um)."""
        return [
            cell
            for plot in _plots(left, top, right, bottom)
            for cell in self._white_cells(plot)
            if left <= cell.x_um < right and top <= cell.y_um < bottom
        ]

    def _rng(self, purpose: int, plot: tuple[int, int]) -> np.random.Generator:
        return np.random.default_rng(
            [*self._entropy, purpose, plot[0] + _ORIGIN, plot[1] + _ORIGIN]
        )

    def _white_cells(self, plot: tuple[int, int]) -> list[Placed]:
        if self._only is not None:
            return [cell for cell in self._only if _plot_of(cell.x_um, cell.y_um) == plot]
        if plot not in self._whites:
            self._whites[plot] = self._new_white_cells(plot)
        return self._whites[plot]

    def _new_white_cells(self, plot: tuple[int, int]) -> list[Placed]:
        rng = self._rng(_WHITE, plot)
        plots_per_field = REFERENCE_FIELD_UM2 / PLOT_UM**2
        white = self._settings.white_cells_per_field / plots_per_field
        smudge = self._settings.smudges_per_field / plots_per_field
        chance = rng.random()
        if chance >= white + smudge:
            return []
        kinds, shares = zip(*self._settings.differential, strict=True)
        among = np.array(shares) / sum(shares)
        kind = str(rng.choice(kinds, p=among)) if chance < white else "smudge"
        x, y = rng.uniform(_MARGIN_UM, PLOT_UM - _MARGIN_UM, 2)
        return [
            Placed(
                kind,
                plot[0] * PLOT_UM + float(x),
                plot[1] * PLOT_UM + float(y),
                diameter_um(kind, rng),
                int(rng.integers(1 << 62)),
            )
        ]

    def _platelets(self, plot: tuple[int, int]) -> list[Placed]:
        rng = self._rng(_SMALL, plot)
        mean = self._settings.platelets_per_field * PLOT_UM**2 / REFERENCE_FIELD_UM2
        return [
            Placed(
                "platelet",
                (plot[0] + float(rng.random())) * PLOT_UM,
                (plot[1] + float(rng.random())) * PLOT_UM,
                diameter_um("platelet", rng),
                int(rng.integers(1 << 62)),
            )
            for _ in range(int(rng.poisson(mean)))
        ]

    def _red_candidates(self, plot: tuple[int, int]) -> _RedCandidates:
        if plot not in self._candidates:
            rng = self._rng(_RED, plot)
            count = int(rng.poisson(self._wished_per_um2 * PLOT_UM**2))
            self._candidates[plot] = _RedCandidates(
                x_um=(plot[0] + rng.random(count)) * PLOT_UM,
                y_um=(plot[1] + rng.random(count)) * PLOT_UM,
                rank=rng.random(count),
                careless=rng.random(count) < self._settings.red_overlap,
                seed=rng.integers(1 << 62, size=count),
            )
        return self._candidates[plot]

    def _red_cells(self, plot: tuple[int, int]) -> list[Placed]:
        """Those who find room: of two too near, the one of lower rank stays away (Matern II)."""
        own = self._red_candidates(plot)
        around = [self._red_candidates(near) for near in _neighbours(plot)]
        dx = own.x_um[:, None] - np.concatenate([other.x_um for other in around])[None, :]
        dy = own.y_um[:, None] - np.concatenate([other.y_um for other in around])[None, :]
        above = np.concatenate([other.rank for other in around])[None, :] > own.rank[:, None]
        crowded = ((dx * dx + dy * dy < self._apart_um**2) & above).any(axis=1)
        keep = (own.careless | ~crowded) & ~self._under_white_cells(plot, own)
        return [
            Placed("red", float(x), float(y), self._settings.red_cell_um, int(seed))
            for x, y, seed in zip(own.x_um[keep], own.y_um[keep], own.seed[keep], strict=True)
        ] + [
            red
            for near in _neighbours(plot)
            for cell in self._white_cells(near)
            for red in self._companions(cell)
            if _plot_of(red.x_um, red.y_um) == plot
        ]

    def _companions(self, cell: Placed) -> list[Placed]:
        """Red cells that lean against a white cell, a fourth of a turn apart at least."""
        if cell.seed not in self._leaning:
            rng = np.random.default_rng([cell.seed, _RED])
            # No red cells, no companions; a white cell on the slide's edge may have fewer.
            crowd = min(1.0, self._settings.red_cells_per_field / 100)
            mean = 0.0 if cell.kind == "platelet" else self._settings.red_companions * crowd
            count = min(int(rng.poisson(mean)), 4)
            turns = rng.permutation(4)[:count] * (np.pi / 2) + rng.uniform(0, np.pi / 2)
            touching = (cell.diameter_um + self._settings.red_cell_um) / 2
            self._leaning[cell.seed] = [
                Placed(
                    "red",
                    cell.x_um + float(np.cos(turn) * reach),
                    cell.y_um + float(np.sin(turn) * reach),
                    self._settings.red_cell_um,
                    int(rng.integers(1 << 62)),
                )
                for turn, reach in zip(turns, touching * rng.uniform(0.93, 1.03, 4), strict=False)
            ]
        return self._leaning[cell.seed]

    def _under_white_cells(self, plot: tuple[int, int], own: _RedCandidates) -> NDArray[np.bool_]:
        """White cells push red ones aside, or overlap them a little."""
        under = np.zeros(own.x_um.shape, dtype=np.bool_)
        for near in _neighbours(plot):
            for cell in self._white_cells(near):
                apart = (cell.diameter_um + self._settings.red_cell_um) / 2 * 0.97
                under |= np.hypot(own.x_um - cell.x_um, own.y_um - cell.y_um) < apart
        return under


def _plot_of(x_um: float, y_um: float) -> tuple[int, int]:
    return math.floor(x_um / PLOT_UM), math.floor(y_um / PLOT_UM)


def _plots(left: float, top: float, right: float, bottom: float) -> list[tuple[int, int]]:
    first, last = _plot_of(left, top), _plot_of(right, bottom)
    return [
        (column, row)
        for row in range(first[1], last[1] + 1)
        for column in range(first[0], last[0] + 1)
    ]


def _neighbours(plot: tuple[int, int]) -> list[tuple[int, int]]:
    return [(plot[0] + dx, plot[1] + dy) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]


def _distance_kept_um(per_um2: float, red_cell_um: float) -> float:
    """Distance careful red cells keep: their diameter, or less where there is no room for it.

    A Matern II pattern of distance d holds at most 1 / (pi d^2) points to an area; three quarters
    of that is reached with a reasonable number of candidates.
    """
    touching = 0.95 * red_cell_um
    return min(touching, math.sqrt(0.75 / (math.pi * per_um2))) if per_um2 > 0 else touching


def _wished(per_um2: float, apart_um: float, careless: float) -> float:
    """Candidates to an area so that this many red cells find room (bisection)."""
    disc = math.pi * apart_um**2
    low, high = 0.0, 20 * per_um2
    for _ in range(50):
        wished = (low + high) / 2
        found = careless * wished + (1 - careless) * (1 - math.exp(-wished * disc)) / disc
        low, high = (wished, high) if found < per_um2 else (low, wished)
    return low
