"""Memory of this process, as Linux counts it."""

from __future__ import annotations

import re
from pathlib import Path


def peak_mb(process: int | str = "self") -> float | None:
    """Greatest resident memory so far; None where nothing tells it."""
    return _of_status(process, "VmHWM")


def resident_mb(process: int | str = "self") -> float | None:
    """Resident memory now; None where nothing tells it."""
    return _of_status(process, "VmRSS")


def _of_status(process: int | str, key: str) -> float | None:
    try:
        text = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    except OSError:
        return None
    found = re.search(rf"^{key}:\s+(\d+) kB$", text, re.MULTILINE)
    return None if found is None else round(int(found[1]) / 1024, 1)
