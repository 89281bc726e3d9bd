"""``leukoscope control``: the daily control slide examined, and its trend."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from edge.commands.options import (
    add_camera,
    add_lamps,
    add_model,
    add_scale,
    add_settings,
    check_is_svg,
    home_and_settings,
    scale_given,
)
from edge.errors import UsageFault

if TYPE_CHECKING:
    from edge.commands import Verbs
    from edge.controlling import ControlSlide
    from edge.records.controls import StoredRun
    from edge.settings import Settings


def add_parser(verbs: Verbs) -> None:
    """Add the verb."""
    parser = verbs.add_parser("control", help="prove this device by a slide of known content")
    add_camera(parser)
    parser.add_argument(
        "--slide", default=None, metavar="NAME", help="of the control slide (default: settings)"
    )
    parser.add_argument(
        "--share",
        type=float,
        default=None,
        metavar="S",
        help="its known share of blasts, 0 to 1 (default: settings)",
    )
    add_scale(parser)
    add_model(parser)
    add_settings(parser)
    add_lamps(parser)
    parser.add_argument("--trend", action="store_true", help="examine nothing; list earlier runs")
    parser.add_argument("--plot", type=Path, default=None, metavar="FILE.svg", help="draw it too")
    parser.add_argument("--json", action="store_true", help="print one JSON object a run")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Examine the control slide, or list its earlier runs; 0 whether it passed or not."""
    from edge.control_state import source_kind
    from edge.controlling import ControlSlide, earlier_runs
    from edge.inference.bundle import load_bundle
    from edge.inference.shelf import find_bundle
    from edge.levey_jennings import write_levey_jennings
    from edge.models import folder_in_use
    from edge.records.store import Store

    home, settings = home_and_settings(arguments)
    source = arguments.camera or settings.camera.source
    check_is_svg(arguments.plot)
    known = settings.control.blast_share if arguments.share is None else arguments.share
    if not 0 <= known <= 1:
        raise UsageFault(f"--share is 0 to 1, not {known:g}.")
    slide = ControlSlide(arguments.slide or settings.control.slide, known)
    if arguments.trend:
        asked = arguments.model
        sha256 = load_bundle(find_bundle(asked) if asked else folder_in_use(home)).sha256
    else:
        sha256 = _examine(arguments, settings, slide, source, home)
    with Store.open_to_read(home) as store:
        runs = earlier_runs(store, slide.name, source_kind(source), sha256)
    if arguments.trend and not runs and not arguments.json:
        print(f"No run of control slide {slide.name} with this camera and model is on record.")
    for each in runs if arguments.trend else runs[-1:]:
        print(json.dumps(_as_json(each)) if arguments.json else "\n".join(_lines(each)), flush=True)
    if arguments.plot is not None:
        write_levey_jennings(arguments.plot, slide.name, runs, settings.control.baseline_runs)
    return 0


def _examine(
    arguments: argparse.Namespace,
    settings: Settings,
    slide: ControlSlide,
    source: str,
    home: Path,
) -> str:
    """Examine the slide and put the result on record; return the model's hash."""
    from edge.camera.source import open_camera
    from edge.controlling import conclude_control
    from edge.models import open_asked
    from edge.progress import Progress
    from edge.records.store import Store
    from edge.screening import Screening
    from edge.signals.ending import end_in_order
    from edge.signals.opening import open_lamps

    end_in_order()
    um_per_px = scale_given(arguments)
    classifier = open_asked(home, arguments.model, settings.screening.threads)
    progress = Progress(sys.stderr, quiet=arguments.json)
    with (
        open_camera(source, settings.camera.mains) as camera,
        Store.open(home) as store,
        open_lamps(arguments.lamps, settings.lamps) as lamps,
    ):
        loop = Screening(
            camera,
            classifier,
            store,
            lamps,
            settings,
            slide.on_record,
            source,
            um_per_px,
            control=True,
        )
        for step in loop.steps():
            progress.show(step)
        progress.end()
        conclude_control(loop, slide, classifier, store, lamps, settings, source)
    return classifier.bundle.sha256


def _lines(stored: StoredRun) -> list[str]:
    """A run for a person to read."""
    run = stored.run
    ended = "passed" if run.passed else "NOT PASSED"
    scale = "not known" if run.um_per_px is None else f"{run.um_per_px:.3f} um/px"
    return [
        f"{stored.at:%Y-%m-%d %H:%M} UTC  control slide {run.slide} "
        f"({run.known_share:.1%} blasts): {ended}",
        f"  {run.reason}",
        *(f"  Look at this: {warning}" for warning in run.warnings),
        f"  {run.answered + run.abstained} cells, {run.flagged} like blasts, "
        f"{run.abstained} not told; scale {scale}; examination {stored.examination}",
    ]


def _as_json(stored: StoredRun) -> dict[str, object]:
    """A run as plain values."""
    return {
        **asdict(stored.run),
        "at": stored.at.isoformat(),
        "clock": stored.clock.value,
        "examination": stored.examination,
    }
