"""``leukoscope slides``, ``verify`` and ``export``: the records listed, proven, written out."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from edge.commands.options import add_home

if TYPE_CHECKING:
    from edge.commands import Verbs


def add_parsers(verbs: Verbs) -> None:
    """Add the three verbs."""
    slides = verbs.add_parser("slides", help="list the examinations on record")
    add_home(slides)
    slides.add_argument("--json", action="store_true", help="one JSON object a line")
    slides.set_defaults(run=_slides)
    verify = verbs.add_parser("verify", help="prove records or an exported file unchanged")
    verify.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="prove this exported file instead"
    )
    add_home(verify)
    verify.set_defaults(run=_verify)
    _add_export(verbs.add_parser("export", help="write the dossier of an examination"))


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
    add_home(parser)
    parser.set_defaults(run=_export)


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
