"""The verbs of ``leukoscope`` put together; each lies in a file of `edge.commands`.

Exit status: 0 the command did its work whatever the verdict; 2 wrong usage or input; 1 it failed.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from edge.commands import (
    bench,
    check,
    control,
    demo,
    lamps,
    model,
    pictures,
    pin,
    records,
    screen,
    serve,
    simulate,
)
from edge.commands.options import RESEARCH_USE
from edge.errors import LeukoscopeError, UsageFault

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
    screen.add_parser(verbs)
    pictures.add_parsers(verbs)
    serve.add_parser(verbs)
    pin.add_parser(verbs)
    records.add_parsers(verbs)
    simulate.add_parser(verbs)
    check.add_parser(verbs)
    model.add_parser(verbs)
    lamps.add_parser(verbs)
    control.add_parser(verbs)
    bench.add_parser(verbs)
    demo.add_parser(verbs)
    return parser


if __name__ == "__main__":
    sys.exit(main())
