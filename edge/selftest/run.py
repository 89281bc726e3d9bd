"""All parts in their order."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from edge.camera.source import open_camera
from edge.models import folder_in_use
from edge.selftest import parts
from edge.selftest.board import Board
from edge.selftest.daily_control import daily_control
from edge.selftest.finding import Finding, Result
from edge.selftest.service import is_running, service, service_state
from edge.selftest.signals import Nobody, Person, lamps_and_button
from edge.settings import Settings


@dataclass(frozen=True)
class Device:
    """What is to be tried.

    Attributes:
        home: The data folder.
        settings: All settings.
        source: What the camera is called.
        model: The bundle asked for; None for the one in use.
        person: Whoever looks at the lamps and presses the button.
        board: The machine.
    """

    home: Path
    settings: Settings
    source: str
    model: Path | None = None
    person: Person = field(default_factory=Nobody)
    board: Board = field(default_factory=Board)


def check_device(device: Device) -> list[Finding]:
    """Try every part; what the running service holds is left to it."""
    state = service_state()
    if is_running(state):
        told = "In use by the boot service, which watches it; stop it to try it here."
        held = [Finding(part, Result.OK, told) for part in ("camera", "lamps", "button")]
    else:
        opener = partial(open_camera, device.source, device.settings.camera.mains)
        held = [
            parts.camera(opener, device.source, device.board),
            *lamps_and_button(device.settings.lamps, device.board, device.person),
        ]
    bundle = device.model or folder_in_use(device.home)
    return [
        *held,
        parts.disk(device.home),
        parts.objectives(device.home),
        parts.clock(),
        parts.power(device.board),
        parts.temperature(device.board),
        *parts.bundle_and_golden_test(bundle, device.settings.screening.threads),
        daily_control(device.home, device.settings.control, device.source, bundle),
        service(state),
    ]
