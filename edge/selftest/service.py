"""Whether the boot service runs, as systemd says."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence

from edge.selftest.finding import Finding, Result

UNIT = "leukoscope.service"
_PROPERTIES = ("LoadState", "ActiveState", "SubState", "NRestarts", "StatusText")
_ASKED_S = 5.0

Ask = Callable[[Sequence[str]], str]
"""Runs a command and gives its standard output; raises OSError or a SubprocessError."""


def run_command(words: Sequence[str]) -> str:
    """Standard output of a command that must succeed."""
    done = subprocess.run(
        words,
        capture_output=True,
        text=True,
        timeout=_ASKED_S,
        check=True,
        stdin=subprocess.DEVNULL,
    )
    return done.stdout


def service_state(ask: Ask = run_command) -> dict[str, str] | None:
    """Properties of the unit; None where systemd does not run."""
    words = ["systemctl", "show", UNIT, "--property", ",".join(_PROPERTIES)]
    try:
        told = ask(words)
    except (OSError, subprocess.SubprocessError):
        return None
    pairs = (line.partition("=") for line in told.splitlines())
    return {key: value for key, _, value in pairs}


def service(state: dict[str, str] | None) -> Finding:
    """The boot service."""
    part = "service"
    if state is None:
        return Finding(part, Result.NOT_HERE, "systemd does not run on this machine.")
    if state.get("LoadState") != "loaded":
        return Finding(
            part, Result.NOT_HERE, "The boot service is not installed.", "sudo systemd/install.sh"
        )
    if state.get("ActiveState") != "active":
        told = f"The boot service is {state.get('ActiveState')} ({state.get('SubState')})."
        return Finding(
            part, Result.FAILED, told, f"journalctl -b -u {UNIT}; systemctl start {UNIT}"
        )
    status = state.get("StatusText") or "no status yet"
    restarts = int(state.get("NRestarts") or 0)
    if restarts:
        told = f"It runs ({status}), and was started again {restarts} times."
        return Finding(part, Result.NOTE, told, f"journalctl -b -u {UNIT}")
    return Finding(part, Result.OK, f"It runs: {status}.")


def is_running(state: dict[str, str] | None) -> bool:
    """Whether the service holds camera and pins now."""
    return state is not None and state.get("ActiveState") == "active"
