"""How the daily control stands: without it no slide of the device's own camera ends green."""

from __future__ import annotations

from pathlib import Path

from edge.control_state import control_state
from edge.errors import ControlNotPassed, LeukoscopeError
from edge.inference.bundle import load_bundle
from edge.inference.shelf import find_bundle
from edge.judgement.control import ControlSettings, Standing
from edge.records.store import Store
from edge.selftest.finding import Finding, Result

_EXAMINE = "Examine it: hold the button, or `leukoscope control`, or on the page."


def daily_control(home: Path, settings: ControlSettings, source: str, bundle: Path) -> Finding:
    """Whether the control slide was passed in time with this camera and model.

    Args:
        home: The data folder.
        settings: Of the control.
        source: What the camera is called.
        bundle: Folder of the model in use.
    """
    part = "control"
    try:
        sha256 = load_bundle(find_bundle(bundle)).sha256
    except LeukoscopeError as fault:
        return Finding(part, Result.FAILED, "No bundle that it could be of.", "", fault.number)
    try:
        with Store.open(home) as store:
            state = control_state(store, settings, source, sha256)
    except LeukoscopeError as fault:
        return Finding.failed(part, fault)
    match state.standing:
        case Standing.PASSED:
            return Finding(part, Result.OK, state.reason)
        case Standing.FAILED:
            return Finding.failed(part, ControlNotPassed(state.reason))
        case Standing.DUE:
            told = f"{state.reason} Until it is passed no slide ends green."
            return Finding(part, Result.NOTE, told, _EXAMINE)
    if settings.required == "never":
        return Finding(part, Result.NOTE, "The settings ask for none: nothing proves the optics.")
    told = f"None is asked for: {source} does not look through the device's optics."
    return Finding(part, Result.NOT_HERE, told)
