"""``leukoscope model``: install a bundle, list them, go back, prove one on this device."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge.commands import Verbs


def add_parser(verbs: Verbs) -> None:
    """Add the verb and what it can do."""
    parser = verbs.add_parser("model", help="change the bundle in use, safely")
    actions = parser.add_subparsers(title="actions", required=True)
    install = actions.add_parser("install", help="verify a bundle, try it here, then use it")
    install.add_argument("source", type=Path, metavar="FOLDER|ZIP|STICK", help="where it is")
    install.set_defaults(run=_install)
    listed = actions.add_parser("list", help="bundles on this device")
    listed.add_argument("--json", action="store_true", help="one JSON object a line")
    listed.set_defaults(run=_list)
    back = actions.add_parser("back", help="use the last good bundle again")
    back.set_defaults(run=_back)
    for each in (install, listed, back):
        each.add_argument("--home", type=Path, default=None, help="data folder")
    prove = actions.add_parser("prove", help="run a bundle's golden test here, change nothing")
    prove.add_argument("bundle", type=Path, nargs="?", default=None, help="default: the one in use")
    prove.add_argument("--home", type=Path, default=None, help="data folder")
    prove.set_defaults(run=_prove)


_RESTART = "The service uses it from its next start on: sudo systemctl restart leukoscope"


def _install(arguments: argparse.Namespace) -> int:
    from edge.models import install
    from edge.records.home import data_home

    bundle = install(data_home(arguments.home), arguments.source)
    print(f"{bundle.name} {bundle.version} ({bundle.sha256[:12]}) is verified and proven here.")
    print(_RESTART)
    return 0


def _list(arguments: argparse.Namespace) -> int:
    from edge.models import list_bundles
    from edge.records.home import data_home

    for each in list_bundles(data_home(arguments.home)):
        if arguments.json:
            print(json.dumps(each.as_json()))
        else:
            name = each.name or each.fault
            print(f"{each.folder or 'built in':<44} {each.use:<10} {name}  {each.sha256[:12]}")
    return 0


def _back(arguments: argparse.Namespace) -> int:
    from edge.models import go_back
    from edge.records.home import data_home

    folder = go_back(data_home(arguments.home))
    print(f"{folder or 'The built-in bundle'} is used again.")
    print(_RESTART)
    return 0


def _prove(arguments: argparse.Namespace) -> int:
    from edge.inference.shelf import open_classifier
    from edge.models import folder_in_use
    from edge.records.home import data_home

    classifier = open_classifier(arguments.bundle or folder_in_use(data_home(arguments.home)))
    bundle = classifier.bundle
    print(f"{bundle.name} {bundle.version}: golden test passed on {classifier.library}.")
    return 0
