"""``leukoscope demo``: three rendered smears screened, to show how it works."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from edge.commands.options import add_model

if TYPE_CHECKING:
    from edge.commands import Verbs


def add_parser(verbs: Verbs) -> None:
    """Add the verb."""
    parser = verbs.add_parser("demo", help="screen three rendered smears and show how it works")
    parser.add_argument(
        "--out", type=Path, default=Path("out/demo"), help="folder for the pictures"
    )
    parser.add_argument("--seed", type=int, default=11, help="seed of the rendered smears")
    add_model(parser, "built in")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Screen the three."""
    from edge.demo import run_demo

    return run_demo(arguments.out, arguments.seed, arguments.model)
