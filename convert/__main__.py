"""``python -m convert SOURCE --calibration CELLS --holdout CELLS --out FOLDER``.

Turns a trained float network into an int8 bundle that was proven on held-out patients, or writes
nothing and says why.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import ParamSpec

from edge.errors import LeukoscopeError, UsageFault, WorkstationMissing

_P = ParamSpec("_P")


def main(argv: list[str] | None = None) -> int:
    """Exit status 0 a bundle was written, 1 it failed or a gate did, 2 wrong usage or input."""
    typed = sys.argv[1:] if argv is None else argv
    arguments = _parser().parse_args(typed)
    arguments.typed = typed
    # Before numpy is loaded: the products here are many and small, and a second thread for them
    # mostly waits, at worst for minutes where something else runs on the machine.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    before = _written_ns(arguments.out)
    asked = _Asked()
    try:
        with asked.to_end():
            _run(arguments, asked)
    except ModuleNotFoundError as error:
        missing = WorkstationMissing(f"Converting needs the package {error.name}.")
        print(f"leukoscope-convert: {missing}", file=sys.stderr)
        return missing.exit_status
    except LeukoscopeError as fault:
        print(f"leukoscope-convert: {fault}", file=sys.stderr)
        return fault.exit_status
    except KeyboardInterrupt:
        kept = _written_ns(arguments.out) != before
        what = f"the bundle {arguments.out} is written" if kept else "nothing was written"
        print(f"leukoscope-convert: stopped; {what}.", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="leukoscope-convert",
        description="Turn a trained network into an int8 bundle that was proven on held-out "
        "patients, or write nothing and say why.",
    )
    parser.add_argument(
        "source",
        type=Path,
        help="a .keras, .h5 or .onnx file or a SavedModel folder, with its description NAME.json "
        "beside",
    )
    cells = "a .cells.json list, or a zip or folder of LABEL/PICTURE with an optional index.csv"
    parser.add_argument(
        "--calibration", type=Path, required=True, metavar="CELLS", help=f"sets ranges: {cells}"
    )
    parser.add_argument(
        "--holdout", type=Path, required=True, metavar="CELLS", help="proves it: likewise"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the bundle to write")
    parser.add_argument("--name", help="of the bundle; otherwise the trainer's")
    parser.add_argument("--version", help="of the bundle; otherwise the trainer's")
    parser.add_argument("--threads", type=int, default=1, help="of the interpreter (1)")
    parser.add_argument(
        "--report",
        type=Path,
        metavar="FOLDER",
        help="cross-validation (python -m train evaluate --out FOLDER) to take threshold and "
        "operating point from, instead of the cells given",
    )
    parser.add_argument(
        "--sign",
        type=Path,
        metavar="KEY",
        help="sign the bundle with this Ed25519 private key (PEM: openssl genpkey -algorithm "
        "ed25519 -out KEY)",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="another limit of the gate, or another setting of convert/settings.py; may be "
        "repeated",
    )
    parser.add_argument(
        "--cells-um-per-px", type=float, help="scale of pictures whose index.csv tells none"
    )
    return parser


def _written_ns(folder: Path) -> int | None:
    """When the bundle in a folder was written; None where there is none."""
    try:
        return (folder / "bundle.json").stat().st_mtime_ns
    except OSError:
        return None


def _run(arguments: argparse.Namespace, asked: _Asked) -> None:
    if arguments.threads < 1:
        raise UsageFault("--threads must be at least 1.", "See `python -m convert --help`.")
    scale = arguments.cells_um_per_px
    if scale is not None and not 0.02 <= scale <= 1.0:
        raise UsageFault(
            f"--cells-um-per-px {scale} is no microscope's.", "Give one from 0.02 to 1.0."
        )
    from convert.pipeline import Job, convert
    from convert.settings import settings_with

    job = Job(
        source=arguments.source,
        calibration=arguments.calibration,
        holdout=arguments.holdout,
        out=arguments.out,
        name=arguments.name,
        version=arguments.version,
        threads=arguments.threads,
        cells_um_per_px=scale,
        report=arguments.report,
        key=arguments.sign,
        command=("python", "-m", "convert", *arguments.typed),
    )
    settings = settings_with(arguments.set)
    told, _ = convert(job, settings, asked.heeded(_say), asked.heeded(_Progress()))
    int8 = told["figures"]["int8"]
    _say(
        f"{arguments.out}: {told['name']} {told['version']}, AUC {int8['auc']:.4f}, sensitivity "
        f"{int8['sensitivity']:.4f}, false blasts {int8['false_blast_rate']:.4f}"
    )


class _Asked:
    """Whether it was asked to end, by Ctrl-C or by another program, which is the same.

    Libraries lose a KeyboardInterrupt that meets them in a callback of theirs: so it is raised
    once more where the conversion speaks next.
    """

    def __init__(self) -> None:
        self._asked = False

    @contextlib.contextmanager
    def to_end(self) -> Iterator[None]:
        """Listen as long as the block lasts."""
        numbers = (signal.SIGTERM, signal.SIGINT)
        before = [signal.signal(number, self._stop) for number in numbers]
        try:
            yield
        finally:
            for number, handler in zip(numbers, before, strict=True):
                signal.signal(number, handler)

    def heeded(self, speak: Callable[_P, None]) -> Callable[_P, None]:
        """``speak``, which ends the conversion where that was asked for."""

        def speak_or_end(*words: _P.args, **named: _P.kwargs) -> None:
            if self._asked:
                raise KeyboardInterrupt
            speak(*words, **named)

        return speak_or_end

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._asked = True
        raise KeyboardInterrupt


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


class _Progress:
    """A line that rewrites itself on a terminal, with the time left; silent elsewhere."""

    def __init__(self) -> None:
        self._what = ""
        self._started_s = 0.0

    def __call__(self, what: str, done: int, of: int) -> None:
        if done == 1:
            self._started_s = time.monotonic()
        if not sys.stderr.isatty() or (done % 50 and done < of):
            return
        left_s = (time.monotonic() - self._started_s) / done * (of - done)
        end = "\n" if done == of else ""
        print(f"\r{what}: {done} of {of}, {left_s:.0f} s left  ", file=sys.stderr, end=end)


if __name__ == "__main__":
    sys.exit(main())
