"""``leukoscope simulate``: what the verdict would do on many slides."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from edge.commands.options import (
    RESEARCH_USE,
    add_model,
    add_settings,
    check_is_svg,
    home_and_settings,
)
from edge.errors import UsageFault

if TYPE_CHECKING:
    from edge.commands import Verbs


def add_parser(verbs: Verbs) -> None:
    """Add the verb."""
    parser = verbs.add_parser("simulate", help="what the verdict would do on many slides")
    add_model(parser, "built in")
    parser.add_argument(
        "--cells",
        type=int,
        nargs="+",
        default=None,
        metavar="N",
        help="white cells on a slide, a table for each (default: the verdict's maximum)",
    )
    parser.add_argument("--slides", type=int, default=2000, metavar="N", help="for each row")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="same seed, same slides")
    parser.add_argument("--plot", type=Path, default=None, metavar="FILE.svg", help="draw it too")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_settings(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Simulate, and print the table or the object."""
    from edge.inference.bundle import load_bundle
    from edge.inference.shelf import find_bundle
    from edge.operating_plot import write_operating_plot
    from edge.operating_table import operating_report, report_json, report_lines

    verdict = home_and_settings(arguments)[1].verdict
    cells = arguments.cells or [verdict.max_cells]
    _check_range("--cells", min(cells), max(cells), 1, verdict.max_cells)
    _check_range("--slides", arguments.slides, arguments.slides, 100, 20_000)
    _check_range("--seed", arguments.seed, arguments.seed, 0, 2**32 - 1)
    check_is_svg(arguments.plot)
    bundle = load_bundle(find_bundle(arguments.model))
    report = operating_report(
        bundle, verdict, list(dict.fromkeys(cells)), arguments.slides, arguments.seed
    )
    if arguments.json:
        print(json.dumps(report_json(report)), flush=True)
    else:
        print("\n".join([*report_lines(report), RESEARCH_USE]), flush=True)
    if arguments.plot is not None:
        write_operating_plot(arguments.plot, report)
    return 0


def _check_range(word: str, least: int, most: int, low: int, high: int) -> None:
    if least < low or most > high:
        wrong = least if least < low else most
        raise UsageFault(f"{word} must be {low} to {high}, not {wrong}.")
