"""``leukoscope pin``: whom the page lets in."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from edge.commands.options import add_home
from edge.errors import UsageFault

if TYPE_CHECKING:
    from edge.commands import Verbs


def add_parser(verbs: Verbs) -> None:
    """Add the verb."""
    parser = verbs.add_parser("pin", help="give somebody a PIN for the page, or take it away")
    parser.add_argument("--role", choices=("viewer", "reviewer", "admin"), help="what one may do")
    parser.add_argument("--name", default=None, help="who it is for (default: the role)")
    parser.add_argument("--remove", action="store_true", help="take the PIN of --name away")
    parser.add_argument("--list", action="store_true", help="say who has a PIN")
    add_home(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Give a PIN, take one away, or say who has one."""
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
