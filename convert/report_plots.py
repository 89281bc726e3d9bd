"""Plots of the report as SVG: no library, no script, nothing to load."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

_SIDE: Final = 360
_LEFT: Final = 46
_ROOM: Final = 300
_TOP: Final = 14
_FLOAT: Final = "#5b6577"
_INT8: Final = "#b4501e"


def scatter_plot(points: Sequence[Sequence[float]]) -> str:
    """(float, int8, 1 for a blast) of cells in the unit square."""
    dots = "".join(
        f"<circle cx={_x(x):.1f} cy={_y(y):.1f} r=1.8 fill={'#1d2330' if blast else '#9aa6ba'} "
        "fill-opacity=.55 />"
        for x, y, blast in sorted(points, key=lambda point: point[2])
    )
    return _frame(dots, "float p_blast", "int8 p_blast")


def reliability_plot(curves: dict[str, list[dict[str, float]]]) -> str:
    """Told against true probability of both networks."""
    drawn = []
    for place, (name, colour) in enumerate((("float", _FLOAT), ("int8", _INT8))):
        bins = curves[name]
        path = " ".join(f"{_x(b['told']):.1f},{_y(b['true']):.1f}" for b in bins)
        drawn.append(f"<polyline points='{path}' fill=none stroke={colour} stroke-width=2 />")
        drawn += [
            f"<circle cx={_x(b['told']):.1f} cy={_y(b['true']):.1f} r=3.5 fill={colour}>"
            f"<title>{name}: told {b['told']:.2f}, true {b['true']:.2f}, {b['cells']} cells"
            "</title></circle>"
            for b in bins
        ]
        drawn.append(
            f"<text x={_LEFT + 14} y={_TOP + 20 + 18 * place} fill={colour} font-size=13>{name}"
            "</text>"
        )
    return _frame("".join(drawn), "told", "true share of blasts")


def layer_bars(layers: Sequence[dict[str, Any]]) -> str:
    """Noise of each layer in their order; what it added itself is dark."""
    width, height, room = 900, 190, 140
    most = max((layer["noise"] for layer in layers), default=0.0) or 1.0
    step = (width - 60) / max(len(layers), 1)
    bars = []
    for number, layer in enumerate(layers):
        x = 50 + number * step
        for value, colour in ((layer["noise"], "#c9d1de"), (layer["added"], _INT8)):
            tall = value / most * room
            bars.append(
                f"<rect x={x:.1f} y={10 + room - tall:.1f} width={max(step - 1.5, 1):.1f} "
                f"height={tall:.1f} fill={colour}><title>{layer['operator']}: noise "
                f"{layer['noise']:.2%}, added {layer['added']:.2%}</title></rect>"
            )
    return (
        f"<svg viewBox='0 0 {width} {height}' role=img aria-label='noise of each layer'>"
        f"<text x=4 y=20 font-size=12 fill={_FLOAT}>{most:.0%}</text>"
        f"<text x=4 y={10 + room} font-size=12 fill={_FLOAT}>0%</text>{''.join(bars)}"
        f"<text x=50 y={height - 12} font-size=13 fill={_FLOAT}>first layer to last; light: all "
        f"noise, <tspan fill={_INT8}>dark: added by the layer itself</tspan></text></svg>"
    )


def _x(value: float) -> float:
    return _LEFT + value * _ROOM


def _y(value: float) -> float:
    return _TOP + (1 - value) * _ROOM


def _frame(inside: str, across: str, along: str) -> str:
    """Axes of the unit square, its diagonal, and what is drawn in it."""
    ticks = "".join(
        f"<text x={_x(v):.0f} y={_y(0) + 16:.0f} text-anchor=middle>{v:g}</text>"
        f"<text x={_LEFT - 8} y={_y(v) + 4:.0f} text-anchor=end>{v:g}</text>"
        for v in (0.0, 0.5, 1.0)
    )
    return (
        f"<svg viewBox='0 0 {_SIDE} {_SIDE}' role=img aria-label='{along} against {across}' "
        f"font-size=12 fill={_FLOAT}>"
        f"<rect x={_LEFT} y={_TOP} width={_ROOM} height={_ROOM} fill=#fff stroke=#d9dee7 />"
        f"<line x1={_x(0)} y1={_y(0)} x2={_x(1)} y2={_y(1)} stroke=#d9dee7 />{ticks}"
        f"<text x={_x(0.5):.0f} y={_y(0) + 34:.0f} text-anchor=middle>{across}</text>"
        f"<text transform='translate(12 {_y(0.5):.0f}) rotate(-90)' text-anchor=middle>{along}"
        f"</text>{inside}</svg>"
    )
