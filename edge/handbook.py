"""The tables of hardware.md that come from the code, so that they cannot drift from it.

    python -m edge.handbook hardware.md

writes them anew between their markers; a test compares them.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from edge.camera.optics import LAYOUTS, Optics
from edge.errors import LeukoscopeError, all_faults
from edge.signals.indicator import APPEARANCES, FAULT_AREAS, BlinkCode, blink_code
from edge.signals.wiring import wires


def wiring() -> str:
    """Every wire from the header, by BCM number and pin."""
    return _table(
        ("wire", "BCM", "header pin", "ground at pin", "goes to", "setting in `[lamps]`"),
        (
            (w.purpose, str(w.bcm), str(w.header_pin), str(w.ground_pin), w.to, f"`{w.setting}`")
            for w in wires()
        ),
    )


def lamps() -> str:
    """How each state looks, and what it means."""
    return _table(
        ("lamps", "meaning"), ((each.looks, each.meaning) for each in APPEARANCES.values())
    )


def faults() -> str:
    """Every fault with its blink code, what it means and what to do; the shortest codes first."""
    known = [fault for fault in all_faults() if fault.__module__ == LeukoscopeError.__module__]
    ordered = sorted(known, key=_flashes)
    return _table(
        ("red", "amber", "number", "meaning", "what to do"),
        (
            (*_code(fault), f"`{fault.number}`", _first_sentence(fault), fault.default_action)
            for fault in ordered
        ),
    )


def optics() -> str:
    """Scale and field of each layout."""
    return _table(
        (
            *("camera", "adapter", "objective", "sensor mode", "µm/px", "µm/px at 1280 wide"),
            *("field", "picture circle", "detail"),
        ),
        (_layout(adapter, each) for adapter, each in LAYOUTS),
    )


SECTIONS: dict[str, Callable[[], str]] = {
    "wiring": wiring,
    "lamps": lamps,
    "faults": faults,
    "optics": optics,
}


def rewritten(text: str) -> str:
    """A text whose marked sections are those of the code.

    Raises:
        ValueError: A section's markers are not there exactly once.
    """
    for name, section in SECTIONS.items():
        begin, end = f"<!-- begin {name}: python -m edge.handbook -->", f"<!-- end {name} -->"
        pattern = re.escape(begin) + r"\n.*?" + re.escape(end)
        # A backslash in a replacement has a meaning of its own.
        table = f"{begin}\n{section()}\n{end}".replace("\\", r"\\")
        text, count = re.subn(pattern, table, text, flags=re.DOTALL)
        if count != 1:
            raise ValueError(f"section {name}: markers found {count} times, not once")
    return text


def main(arguments: Sequence[str] | None = None) -> int:
    """Rewrite the files named."""
    for name in sys.argv[1:] if arguments is None else arguments:
        path = Path(name)
        path.write_text(rewritten(path.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "/") for cell in r) + " |" for r in lines)


def _flashes(fault: type[LeukoscopeError]) -> tuple[int, int, str]:
    code = blink_code(fault.number) or BlinkCode(len(FAULT_AREAS) + 1, 0)
    return code.red, code.amber, fault.number


def _code(fault: type[LeukoscopeError]) -> tuple[str, str]:
    code = blink_code(fault.number)
    return ("in turn", "in turn") if code is None else (str(code.red), str(code.amber))


def _first_sentence(fault: type[LeukoscopeError]) -> str:
    return " ".join((fault.__doc__ or "").split("\n\n")[0].split())


def _layout(adapter: str, each: Optics) -> tuple[str, ...]:
    width_um, height_um = each.field_um
    objective = each.objective
    width_px, height_px = (
        each.sensor.width_px // each.binning,
        each.sensor.height_px // each.binning,
    )
    binned = f" ({each.binning}x{each.binning} binned)" if each.binning > 1 else ""
    return (
        each.sensor.name,
        adapter,
        f"{objective.magnification:g}x / {objective.aperture:g}",
        f"{width_px} x {height_px}{binned}",
        f"{each.um_per_px:.3f}",
        f"{each.um_per_px_at(1280):.3f}",
        f"{width_um:.0f} x {height_um:.0f} µm",
        f"{each.circle_mm:.1f} mm",
        f"{'kept' if each.keeps_detail else 'lost'} (limit {objective.resolution_um:.2f} µm)",
    )


if __name__ == "__main__":
    sys.exit(main())
