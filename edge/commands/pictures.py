"""``leukoscope classify`` and ``locate``: pictures named one by one, a line for each."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from edge.commands.options import add_model, add_scale, scale_given
from edge.errors import LeukoscopeError

if TYPE_CHECKING:
    from edge.commands import Verbs


def add_parsers(verbs: Verbs) -> None:
    """Add both verbs."""
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


def _add_pictures(parser: argparse.ArgumentParser, run: object, with_model: bool) -> None:
    parser.add_argument("pictures", nargs="+", type=Path, metavar="PICTURE")
    add_scale(parser)
    if with_model:
        add_model(parser, "built in")
    parser.add_argument("--jsonl", action="store_true", help="one JSON object a line")
    parser.set_defaults(run=run)


def _classify(arguments: argparse.Namespace) -> int:
    from edge.inference.shelf import open_classifier
    from edge.onecell import classify_pictures

    um_per_px = scale_given(arguments)
    classifier = open_classifier(arguments.model)
    answers = classify_pictures(classifier, arguments.pictures, um_per_px)
    return _print_rows(answers, arguments.jsonl)


def _locate(arguments: argparse.Namespace) -> int:
    from edge.imaging.locate import locate
    from edge.pictures import scaled_pictures

    um_per_px = scale_given(arguments)

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
