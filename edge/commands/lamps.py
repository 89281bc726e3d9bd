"""``leukoscope lamps``: what the lamps say while the boot service does not run."""

from __future__ import annotations

import argparse
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge.commands import Verbs

_RESULT = "SERVICE_RESULT"
"""How the service ended, as systemd tells the commands of ``ExecStopPost=`` (systemd.exec(5))."""


def add_parser(verbs: Verbs) -> None:
    """Add the verb."""
    parser = verbs.add_parser("lamps", help="show that the service is down, on the lamps")
    parser.add_argument(
        "what",
        choices=("fault", "down"),
        help="fault: count out E-RUN-04 until stopped; down: green dark, red and amber on, at once "
        "(all dark where systemd says that the service was stopped in order)",
    )
    parser.add_argument("--home", type=Path, default=None, help="data folder with the settings")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Drive the lamps; a machine that has none has nothing to say."""
    from edge.errors import LampsMissing, ServiceDown, SettingsFault
    from edge.records.home import data_home
    from edge.selftest.board import Board
    from edge.settings import FILE_NAME, load_settings
    from edge.signals.ending import end_in_order
    from edge.signals.holding import hold
    from edge.signals.indicator import Signal
    from edge.signals.lamps import GpioLamps, leave_dark, leave_down
    from edge.signals.settings import LampSettings

    end_in_order()
    try:
        lamps = load_settings(data_home(arguments.home) / FILE_NAME).lamps
    except SettingsFault:
        # They may be the very reason why the service is down; the default wiring is the likeliest.
        lamps = LampSettings()
    try:
        if arguments.what == "down":
            # Told to stop, for a shut-down too: nobody is to wait for it to come back.
            leave = leave_dark if os.environ.get(_RESULT) == "success" else leave_down
            leave(lamps)
            return 0
        with GpioLamps(lamps) as pins:
            pins.show(Signal.fault(ServiceDown))
            hold(pins, math.inf)
    except LampsMissing:
        if Board().is_pi:
            raise
        print("This machine has no lamps.")
    return 0
