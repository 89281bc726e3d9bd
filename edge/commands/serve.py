"""``leukoscope serve``: the boot service, with button, lamps, camera and page."""

from __future__ import annotations

import argparse
import faulthandler
import logging
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from edge.commands.options import (
    add_camera,
    add_lamps,
    add_model,
    add_scale,
    add_settings,
    home_and_settings,
    scale_given,
)
from edge.errors import LeukoscopeError, PageMissing, PageUnreachable

if TYPE_CHECKING:
    from edge.commands import Verbs
    from edge.settings import Settings
    from edge.signals.panel import Lamps
    from edge.systemd import Notifier

_SHOWN_S = 20.0
"""How long the lamps count out why the service could not start, before it is tried again."""


def add_parser(verbs: Verbs) -> None:
    """Add the verb."""
    parser = verbs.add_parser("serve", help="the clinic's page, with the loop behind it")
    add_camera(parser)
    parser.add_argument("--port", type=int, default=None, help="TCP port (default: 8080)")
    add_scale(parser)
    add_model(parser)
    add_settings(parser)
    add_lamps(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Serve until stopped."""
    from edge.records.home import prepare_home
    from edge.selftest.board import Board
    from edge.signals.ending import end_in_order
    from edge.signals.holding import hold
    from edge.signals.indicator import Signal
    from edge.signals.opening import open_lamps
    from edge.systemd import Notifier

    end_in_order()
    # A watchdog ends a hung process with SIGABRT: the journal then shows where each thread hung.
    faulthandler.enable()
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s", stream=sys.stderr)
    home, settings = home_and_settings(arguments)
    prepare_home(home)
    manager = Notifier()
    # On a Pi lamps that cannot be driven are a fault, and not a machine without lamps.
    choice = "gpio" if arguments.lamps == "auto" and Board().is_pi else arguments.lamps
    with open_lamps(choice, settings.lamps) as lamps:
        try:
            _serve(arguments, home, settings, lamps, manager)
        except LeukoscopeError as fault:
            # A clinic has no terminal: the lamps count out why, before it is tried again.
            lamps.show(Signal.fault(fault))
            if manager.is_heard:
                manager.status(str(fault))
                manager.more_time(_SHOWN_S + 30)
                hold(lamps, _SHOWN_S)
            raise
    raise PageUnreachable("The page stopped by itself.", "Start it again; report the journal.")


def _serve(
    arguments: argparse.Namespace, home: Path, settings: Settings, lamps: Lamps, manager: Notifier
) -> None:
    from edge.camera.source import open_for_device
    from edge.models import open_asked
    from edge.signals.lamps import claim_button
    from edge.signals.panel import NoLamps

    try:
        from edge.examiner import Equipment
        from edge.service import Service
    except ModuleNotFoundError as error:
        raise PageMissing(f"The package {error.name} is not installed.") from error

    um_per_px = scale_given(arguments)
    classifier = open_asked(home, arguments.model, settings.screening.threads)
    source = arguments.camera or settings.camera.source
    opener = partial(open_for_device, source, settings.camera)
    equipment = Equipment(opener, source, classifier, home, settings, lamps, um_per_px)
    has_button = not isinstance(lamps, NoLamps) and settings.lamps.button_bcm
    button = claim_button(settings.lamps) if has_button else None
    with Service(equipment, arguments.port, button=button) as service:
        print(f"The page answers at {service.address.url}", flush=True)
        if not service.address.open_to_network:
            print(
                "On this machine only: no PIN is set. Set one with `leukoscope pin --role "
                "admin`, then start again.",
                flush=True,
            )
        print("Screening aid for research use, not a diagnosis.", flush=True)
        try:
            service.wait(manager)
        finally:
            manager.stopping()
