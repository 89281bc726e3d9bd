"""``leukoscope bench``: how fast the device is here, step by step."""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from typing import TYPE_CHECKING

from edge.commands.options import (
    add_model,
    add_scale,
    add_settings,
    home_and_settings,
    scale_given,
)
from edge.errors import UsageFault

if TYPE_CHECKING:
    from edge.commands import Verbs

_LEAST_FRAMES, _MOST_FRAMES = 20, 20_000


def add_parser(verbs: Verbs) -> None:
    """Add the verb."""
    parser = verbs.add_parser("bench", help="measure the speed of this device")
    parser.add_argument(
        "--camera",
        default="phantom:leukemic?seed=1&viewport=1920x1080",
        metavar="SOURCE",
        help="as for screen (default: a rendered smear at 1920x1080)",
    )
    add_scale(parser)
    add_model(parser)
    parser.add_argument("--frames", type=int, default=150, metavar="N", help="for each run")
    parser.add_argument(
        "--rate", type=float, default=15.0, metavar="F", help="camera's frames a second"
    )
    parser.add_argument("--threads", type=int, default=None, help="of the interpreter")
    add_settings(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Measure, and print the table or the object."""
    _check(arguments)
    from edge.camera.source import open_camera
    from edge.models import open_asked
    from edge.signals.ending import end_in_order
    from edge.signals.panel import NoLamps
    from edge.speed.loop import Bench
    from edge.speed.report import report_lines
    from edge.speed.run import run_bench

    end_in_order()
    um_per_px = scale_given(arguments)
    home, settings = home_and_settings(arguments)
    threads = arguments.threads or settings.screening.threads
    classifier = open_asked(home, arguments.model, threads)
    bench = Bench(
        partial(open_camera, arguments.camera, settings.camera.mains),
        arguments.camera,
        classifier,
        settings,
        NoLamps(),
        um_per_px,
        home if home.is_dir() else None,
    )

    def say(text: str) -> None:
        if not arguments.json:
            print(f"measuring {text} ...", file=sys.stderr, flush=True)

    report = run_bench(bench, arguments.model, arguments.frames, arguments.rate, 5, say)
    if arguments.json:
        print(json.dumps(report.as_json()), flush=True)
    else:
        print("\n".join(report_lines(report)), flush=True)
    return 0


def _check(arguments: argparse.Namespace) -> None:
    if not _LEAST_FRAMES <= arguments.frames <= _MOST_FRAMES:
        raise UsageFault(
            f"--frames must be {_LEAST_FRAMES} to {_MOST_FRAMES}, not {arguments.frames}."
        )
    if not 0.1 <= arguments.rate <= 200:
        raise UsageFault(f"--rate must be 0.1 to 200 frames a second, not {arguments.rate:g}.")
    if arguments.threads is not None and not 1 <= arguments.threads <= 64:
        raise UsageFault(f"--threads must be 1 to 64, not {arguments.threads}.")
