"""The verbs of ``leukoscope``, thin: parse, call, print.

Exit status: 0 the command did its work whatever the verdict; 2 wrong usage or input; 1 it failed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from edge.commands import bench, check, control, lamps, model, serve
from edge.errors import LeukoscopeError, UsageFault

if TYPE_CHECKING:
    from edge.screening import CountedCell, Outcome

RESEARCH_USE = "Screening aid for research use, not a diagnosis."
_INTERRUPTED = 130


class _Parser(argparse.ArgumentParser):
    """Wrong words end as every other fault does: one line, with its number."""

    def error(self, message: str) -> NoReturn:
        raise UsageFault(f"{self.prog}: {message}.", f"See `{self.prog} --help`.")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit status."""
    try:
        arguments = _parser().parse_args(argv)
        status: int = arguments.run(arguments)
        sys.stdout.flush()
    except LeukoscopeError as fault:
        print(f"leukoscope: {fault}", file=sys.stderr)
        return fault.exit_status
    except KeyboardInterrupt:
        print("leukoscope: interrupted; cells counted so far are kept.", file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has gone (`| head`): not a fault, and nothing is left to say.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="leukoscope",
        description=f"Finds, counts and judges white cells in blood smears. {RESEARCH_USE}",
    )
    verbs = parser.add_subparsers(title="verbs", required=True, parser_class=_Parser)
    _add_screen(verbs.add_parser("screen", help="examine one slide to its verdict"))
    _add_pictures(
        verbs.add_parser("classify", help="judge pictures of one cell each, cell in the middle"),
        _classify,
        with_model=True,
    )
    _add_pictures(
        verbs.add_parser("locate", help="find the white cells in pictures of fields"),
        _locate,
        with_model=False,
    )
    serve.add_parser(verbs)
    _add_pin(verbs.add_parser("pin", help="give somebody a PIN for the page, or take it away"))
    slides = verbs.add_parser("slides", help="list the examinations on record")
    _add_home(slides)
    slides.add_argument("--json", action="store_true", help="one JSON object a line")
    slides.set_defaults(run=_slides)
    verify = verbs.add_parser("verify", help="prove records or an exported file unchanged")
    verify.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="prove this exported file instead"
    )
    _add_home(verify)
    verify.set_defaults(run=_verify)
    _add_export(verbs.add_parser("export", help="write the dossier of an examination"))
    _add_simulate(verbs.add_parser("simulate", help="what the verdict would do on many slides"))
    check.add_parser(verbs)
    model.add_parser(verbs)
    lamps.add_parser(verbs)
    control.add_parser(verbs)
    bench.add_parser(verbs)
    demo = verbs.add_parser("demo", help="screen three rendered smears and show how it works")
    demo.add_argument("--out", type=Path, default=Path("out/demo"), help="folder for the pictures")
    demo.add_argument("--seed", type=int, default=7, help="seed of the rendered smears")
    _add_model(demo)
    demo.set_defaults(run=_demo)
    return parser


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model", type=Path, default=None, help="bundle folder (default: built in)"
    )


def _add_home(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--home", type=Path, default=None, help="data folder (default: LEUKOSCOPE_HOME)"
    )


def _add_scale(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--um-per-px",
        type=float,
        default=None,
        metavar="F",
        help="micrometres per pixel; left out: measured from the red cells",
    )


def _add_lamps(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--lamps",
        choices=("auto", "gpio", "none"),
        default="auto",
        help="lamps on the pins; auto: where there are any",
    )


def _add_screen(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--camera",
        required=True,
        metavar="SOURCE",
        help="picamera, v4l2:/dev/video0, replay:DIR, pan:PICTURE or phantom:KIND",
    )
    parser.add_argument("--slide", default=None, metavar="ID", help="number on the slide's label")
    _add_scale(parser)
    _add_model(parser)
    _add_home(parser)
    parser.add_argument("--settings", type=Path, default=None, help="a TOML file of settings")
    _add_lamps(parser)
    parser.add_argument(
        "--hold", type=float, default=0.0, metavar="S", help="keep the lamps lit for S seconds"
    )
    parser.add_argument("--sheet", type=Path, default=None, help="write a contact sheet (PNG)")
    parser.add_argument("--json", action="store_true", help="print one JSON object at the end")
    parser.set_defaults(run=_screen)


def _add_simulate(parser: argparse.ArgumentParser) -> None:
    _add_model(parser)
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
    _add_home(parser)
    parser.add_argument("--settings", type=Path, default=None, help="a TOML file of settings")
    parser.set_defaults(run=_simulate)


def _add_pin(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--role", choices=("viewer", "reviewer", "admin"), help="what one may do")
    parser.add_argument("--name", default=None, help="who it is for (default: the role)")
    parser.add_argument("--remove", action="store_true", help="take the PIN of --name away")
    parser.add_argument("--list", action="store_true", help="say who has a PIN")
    _add_home(parser)
    parser.set_defaults(run=_pin)


def _add_export(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("slide", nargs="?", metavar="SLIDE", help="its newest examination")
    which.add_argument("--examination", type=int, metavar="N", help="number in `slides`")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--to", type=Path, metavar="DIR", help="write into this folder")
    where.add_argument(
        "--stick", nargs="?", const="", metavar="LABEL", help="write on the USB stick plugged in"
    )
    parser.add_argument(
        "--format", default=None, metavar="LIST", help="some of csv,fhir,pdf (default: all)"
    )
    parser.add_argument(
        "--language",
        choices=("en", "es", "fr", "pt", "hi", "sw"),
        default="en",
        help="of the PDF (default: en)",
    )
    _add_home(parser)
    parser.set_defaults(run=_export)


def _add_pictures(parser: argparse.ArgumentParser, run: object, with_model: bool) -> None:
    parser.add_argument("pictures", nargs="+", type=Path, metavar="PICTURE")
    _add_scale(parser)
    if with_model:
        _add_model(parser)
    parser.add_argument("--jsonl", action="store_true", help="one JSON object a line")
    parser.set_defaults(run=run)


def _screen(arguments: argparse.Namespace) -> int:
    from edge.camera.source import open_camera
    from edge.models import open_asked
    from edge.pictures import check_um_per_px
    from edge.progress import Progress
    from edge.records.home import data_home
    from edge.records.store import Store
    from edge.screening import Screening
    from edge.settings import FILE_NAME, load_settings
    from edge.signals.ending import end_in_order
    from edge.signals.holding import hold
    from edge.signals.opening import open_lamps

    end_in_order()
    um_per_px = check_um_per_px(arguments.um_per_px)
    home = data_home(arguments.home)
    named = arguments.settings is not None
    settings = load_settings(arguments.settings or home / FILE_NAME, must_exist=named)
    classifier = open_asked(home, arguments.model, settings.screening.threads)
    slide = arguments.slide or datetime.now().strftime("%Y%m%d-%H%M%S")
    progress = Progress(sys.stderr, quiet=arguments.json)
    cells: list[CountedCell] = []
    with (
        open_camera(arguments.camera) as camera,
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


def _pin(arguments: argparse.Namespace) -> int:
    from edge.records.audit import EventKind, record_event
    from edge.records.home import data_home, prepare_home
    from edge.web.doors import Doors
    from edge.web.roles import named_role

    home = prepare_home(data_home(arguments.home))
    doors = Doors(home)
    name = arguments.name or arguments.role
    if arguments.list:
        for person in doors.people():
            print(f"{person.name}  {person.role.word}")
        return 0
    if name is None:
        raise UsageFault("A PIN needs --role viewer, reviewer or admin.")
    if arguments.remove:
        if not doors.remove(name):
            raise UsageFault(f"Nobody of the name {name!r} has a PIN.", "See --list.")
        record_event(home, EventKind.USER, "installer", pin_removed_of=name)
        print(f"{name} has no PIN any more; sessions begun with it have ended.")
        return 0
    if arguments.role is None:
        raise UsageFault("A PIN needs --role viewer, reviewer or admin.")
    person = doors.set_pin(name, named_role(arguments.role), _typed_pin())
    record_event(home, EventKind.USER, "installer", pin_set_for=person.name, role=person.role.word)
    print(f"{person.name} may come in as {person.role.word}.")
    print("The page answers on the local network from its next start on.")
    return 0


def _typed_pin() -> str:
    """A PIN typed twice, or a line of standard input where nobody types."""
    from getpass import getpass

    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    pin = getpass("PIN: ")
    if getpass("The same again: ") != pin:
        raise UsageFault("The two PINs differ.", "Try again.")
    return pin


def _classify(arguments: argparse.Namespace) -> int:
    from edge.inference.shelf import open_classifier
    from edge.onecell import classify_pictures
    from edge.pictures import check_um_per_px

    um_per_px = check_um_per_px(arguments.um_per_px)
    classifier = open_classifier(arguments.model)
    answers = classify_pictures(classifier, arguments.pictures, um_per_px)
    return _print_rows(answers, arguments.jsonl)


def _locate(arguments: argparse.Namespace) -> int:
    from edge.imaging.locate import locate
    from edge.pictures import check_um_per_px, scaled_pictures

    um_per_px = check_um_per_px(arguments.um_per_px)

    def rows() -> Iterator[dict[str, object] | LeukoscopeError]:
        for picture in scaled_pictures(arguments.pictures, um_per_px):
            if isinstance(picture, LeukoscopeError):
                yield picture
                continue
            row: dict[str, object] = {"path": str(picture.path), "um_per_px": None, "cells": []}
            if picture.um_per_px is None:
                row["reason"] = "neither red cells nor nuclei tell the scale; give --um-per-px"
            else:
                row["scale_is_rough"] = picture.rough
                found = locate(picture.rgb, picture.um_per_px, include_cut=True)
                row["um_per_px"] = round(picture.um_per_px, 5)
                row["cells"] = [
                    {
                        "x": round(c.left_px, 1),
                        "y": round(c.top_px, 1),
                        "width": round(c.width_px, 1),
                        "height": round(c.height_px, 1),
                    }
                    for c in found
                ]
            yield row

    return _print_rows(rows(), arguments.jsonl)


def _print_rows(rows: Iterator[dict[str, object] | LeukoscopeError], as_json: bool) -> int:
    """A line for each row; a fault goes to stderr and the others are still done."""
    status = 0
    for row in rows:
        if isinstance(row, LeukoscopeError):
            print(f"leukoscope: {row}", file=sys.stderr)
            status = max(status, row.exit_status)
        elif as_json:
            print(json.dumps(row))
        else:
            print("  ".join(f"{key}={_short(value)}" for key, value in row.items()))
    return status


def _short(value: object) -> object:
    return len(value) if isinstance(value, list) else value


def _slides(arguments: argparse.Namespace) -> int:
    from edge.records.home import data_home
    from edge.records.listing import format_table, rows
    from edge.records.store import Store

    with Store.open_to_read(data_home(arguments.home)) as store:
        examinations = store.examinations()
    if arguments.json:
        for row in rows(examinations):
            print(json.dumps(row))
    else:
        print(format_table(examinations))
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    from edge.records.home import data_home
    from edge.records.store import Store
    from edge.records.verification import deleted_pictures

    home = data_home(arguments.home)
    if arguments.file is not None:
        from edge.proving import prove_file

        print("\n".join(prove_file(arguments.file, home)))
        return 0
    with Store.open_to_read(home) as store:
        records = store.verify_chain()
        deleted = deleted_pictures(store.connection)
    print(f"The chain of {records} records is whole: nothing was changed.")
    if deleted:
        print(f"{deleted} pictures were deleted by the settings' rule, each deletion on record.")
    return 0


def _export(arguments: argparse.Namespace) -> int:
    from functools import partial

    from edge.exporting import FORMS, export_examination, newest_of_slide
    from edge.records.home import data_home
    from edge.records.sticks import chosen_stick
    from edge.web.catalogue import load_texts

    home = data_home(arguments.home)
    formats = list(FORMS) if arguments.format is None else arguments.format.split(",")
    number = arguments.examination
    if number is None:
        number = newest_of_slide(home, arguments.slide)
    write = partial(
        export_examination,
        home,
        number,
        formats=formats,
        actor="command",
        words=load_texts()[arguments.language],
    )
    if arguments.stick is None:
        exported = write(folder=arguments.to)
    else:
        stick = chosen_stick(arguments.stick)
        exported = write(folder=stick.folder, check=stick.check)
    for path in (*exported.files, exported.manifest):
        print(path)
    return 0


def _simulate(arguments: argparse.Namespace) -> int:
    from edge.inference.bundle import load_bundle
    from edge.inference.shelf import find_bundle
    from edge.operating_plot import write_operating_plot
    from edge.operating_table import operating_report, report_json, report_lines
    from edge.records.home import data_home
    from edge.settings import FILE_NAME, load_settings

    named = arguments.settings is not None
    path = arguments.settings or data_home(arguments.home) / FILE_NAME
    verdict = load_settings(path, must_exist=named).verdict
    cells = arguments.cells or [verdict.max_cells]
    _check_range("--cells", min(cells), max(cells), 1, verdict.max_cells)
    _check_range("--slides", arguments.slides, arguments.slides, 100, 20_000)
    _check_range("--seed", arguments.seed, arguments.seed, 0, 2**32 - 1)
    if arguments.plot is not None and arguments.plot.suffix.lower() != ".svg":
        raise UsageFault(f"--plot writes SVG; {arguments.plot} does not end in .svg.")
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


def _demo(arguments: argparse.Namespace) -> int:
    from edge.demo import run_demo

    return run_demo(arguments.out, arguments.seed, arguments.model)


if __name__ == "__main__":
    sys.exit(main())
