"""``leukoscope screen``: one examination to its verdict."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from edge.commands.options import (
    RESEARCH_USE,
    add_lamps,
    add_model,
    add_scale,
    add_settings,
    home_and_settings,
    scale_given,
)

if TYPE_CHECKING:
    from edge.commands import Verbs
    from edge.screening import CountedCell, Outcome


def add_parser(verbs: Verbs) -> None:
    """Add the verb."""
    parser = verbs.add_parser("screen", help="examine one slide to its verdict")
    parser.add_argument(
        "--camera",
        required=True,
        metavar="SOURCE",
        help="picamera, v4l2:/dev/video0, replay:DIR, pan:PICTURE or phantom:KIND",
    )
    parser.add_argument("--slide", default=None, metavar="ID", help="number on the slide's label")
    add_scale(parser)
    add_model(parser)
    add_settings(parser)
    add_lamps(parser)
    parser.add_argument(
        "--hold", type=float, default=0.0, metavar="S", help="keep the lamps lit for S seconds"
    )
    parser.add_argument("--sheet", type=Path, default=None, help="write a contact sheet (PNG)")
    parser.add_argument("--json", action="store_true", help="print one JSON object at the end")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Examine one slide to its verdict."""
    from edge.camera.source import open_camera
    from edge.models import open_asked
    from edge.progress import Progress
    from edge.records.store import Store
    from edge.screening import Screening
    from edge.signals.ending import end_in_order
    from edge.signals.holding import hold
    from edge.signals.opening import open_lamps

    end_in_order()
    um_per_px = scale_given(arguments)
    home, settings = home_and_settings(arguments)
    classifier = open_asked(home, arguments.model, settings.screening.threads)
    slide = arguments.slide or datetime.now().strftime("%Y%m%d-%H%M%S")
    progress = Progress(sys.stderr, quiet=arguments.json)
    cells: list[CountedCell] = []
    with (
        open_camera(arguments.camera, settings.camera.mains) as camera,
        Store.open(home) as store,
        open_lamps(arguments.lamps, settings.lamps) as lamps,
    ):
        screening = Screening(
            camera, classifier, store, lamps, settings, slide, arguments.camera, um_per_px
        )
        if classifier.bundle.score_reference is None:
            progress.note(
                "This model tells no scores of its patients: whether a slide's are unlike them all "
                "is not checked."
            )
        told = False
        for step in screening.steps():
            if not told and not screening.control_state.allows_green:
                progress.note(f"{screening.control_state.reason} This slide cannot end green.")
            if not told and screening.scale_note:
                progress.note(screening.scale_note)
            told = True
            progress.show(step)
            if arguments.sheet is not None:
                cells += step.cells
        progress.end()
        outcome = screening.outcome
        assert outcome is not None
        _report(arguments, outcome, cells, classifier.bundle.input.um_per_px)
        hold(lamps, arguments.hold)
    return 0


def _report(
    arguments: argparse.Namespace,
    outcome: Outcome,
    cells: list[CountedCell],
    crop_um_per_px: float,
) -> None:
    """Say how an examination ended, as asked for."""
    from edge.progress import outcome_lines
    from edge.records.contact_sheet import SheetSection, write_contact_sheet
    from edge.sheets import sheet_cells

    if arguments.json:
        print(json.dumps(outcome.as_json()), flush=True)
    else:
        print("\n".join([*outcome_lines(outcome), RESEARCH_USE]), flush=True)
    if arguments.sheet is not None:
        title = f"Slide {outcome.slide}: {outcome.verdict.replace('_', ' ')}"
        section = SheetSection(title, sheet_cells(cells))
        write_contact_sheet(arguments.sheet, [section], crop_um_per_px)
