"""``leukoscope check``: the self-test of this device, a named result for each part."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from edge.commands.options import add_camera, add_model, add_settings, home_and_settings

if TYPE_CHECKING:
    from edge.commands import Verbs


def add_parser(verbs: Verbs) -> None:
    """Add the verb."""
    parser = verbs.add_parser("check", help="try every part of this device")
    add_camera(parser)
    add_model(parser)
    add_settings(parser)
    parser.add_argument("--yes", action="store_true", help="ask nobody to look or to press")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Try all parts; 1 when one failed."""
    from edge.selftest.finding import Result, lines, summary
    from edge.selftest.run import Device, check_device
    from edge.selftest.signals import AtTerminal, Nobody
    from edge.signals.ending import end_in_order

    end_in_order()
    home, settings = home_and_settings(arguments)
    alone = arguments.yes or not sys.stdin.isatty()
    findings = check_device(
        Device(
            home=home,
            settings=settings,
            source=arguments.camera or settings.camera.source,
            model=arguments.model,
            person=Nobody() if alone else AtTerminal(),
        )
    )
    failed = any(each.result is Result.FAILED for each in findings)
    if arguments.json:
        parts = [each.as_json() for each in findings]
        print(json.dumps({"ok": not failed, "parts": parts}), flush=True)
    else:
        print("\n".join([*lines(findings), summary(findings)]), flush=True)
    return 1 if failed else 0
