"""Who is examining: tells an examination that is going on from one that a power cut ended.

A process is named by the boot it belongs to, its id and its start time: after a power cut, a crash
or a kill no living process has that name, and what it left unfinished was interrupted.
"""

from __future__ import annotations

import os
from pathlib import Path

_PROC = Path("/proc")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def _started(pid: int) -> str:
    """Start time of a living process in clock ticks since boot; empty when there is none."""
    # Field 22; the second field is the program's name in brackets, which may hold anything.
    fields = _text(_PROC / str(pid) / "stat").rpartition(")")[2].split()
    if len(fields) < 20 or fields[0] in "ZX":
        return ""
    return fields[19]


def new_runner() -> str:
    """A name for a store of this process, used by no other."""
    boot = _text(_PROC / "sys/kernel/random/boot_id")
    return f"{boot}/{os.getpid()}/{_started(os.getpid())}/{os.urandom(16).hex()}"


def is_alive(runner: str) -> bool:
    """Whether the process that bears the name still runs."""
    boot, pid, started, _ = (runner.split("/") + [""] * 4)[:4]
    if not pid.isdecimal() or not started:
        return False
    same_boot = boot == _text(_PROC / "sys/kernel/random/boot_id")
    return same_boot and _started(int(pid)) == started
