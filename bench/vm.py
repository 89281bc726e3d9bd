"""Boot a whole emulated machine; press, plug and pull, fill, hang, cut, take off.

    python -m bench.vm --folder FOLDER [--log bench/logs/vm.log] [--after NAME] [--only NAME ...]

(or: make test-vm, which makes FOLDER by bench/vm.sh.) Other than `bench.boot` this has a kernel of
its own: udev, USB sticks, a hardware watchdog, GPIO devices, a disk that loses what was not
flushed. qemu emulates every instruction: a boot takes minutes. Clocks inside count instructions
(bench/virtual/machine.py), and times told are of those clocks. After each chapter the machine is
written down and its lines are kept in FOLDER/told: a run that was stopped, or met a fault that is
mended, goes on with ``--after`` the last chapter that held. The log is written when all are told,
with the time and commit of each.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bench.virtual import camera, everyday, harm
from bench.virtual.machine import Virtual
from bench.virtual.story import Story
from bench.virtual.wires import Failed

REPOSITORY = Path(__file__).resolve().parents[1]

CHAPTERS: dict[str, Callable[[Story], None]] = {
    "comes-up": everyday.comes_up,
    "button": everyday.button,
    "stick": everyday.stick,
    "pulled-out": everyday.pulled_while_written,
    "card-full": harm.card_full,
    "read-only": harm.card_read_only,
    "usb-camera": camera.usb_camera,
    "watchdog": harm.kernel_hangs,
    "cut-1": partial(harm.power_cut, number=1),
    "cut-2": partial(harm.power_cut, number=2),
    "cut-3": partial(harm.power_cut, number=3),
    "off": everyday.switched_off,
    "uninstall": everyday.uninstalled,
    "install": everyday.installed,
}
"""All of them by name, in order."""


def main(arguments: list[str] | None = None) -> int:
    """Tell the chapters; 0 when all held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="made by bench/vm.sh")
    parser.add_argument("--log", type=Path, default=REPOSITORY / "bench/logs/vm.log")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these chapters")
    parser.add_argument("--after", metavar="NAME", help="go on from the state after a chapter")
    options = parser.parse_args(arguments)
    names = list(CHAPTERS)
    if options.after:
        names = names[names.index(options.after) + 1 :]
    told = options.folder / "told"
    told.mkdir(exist_ok=True)
    machine = Virtual(options.folder)
    try:
        if options.after:
            machine.switch_on(state=options.after)
        for name in options.only or names:
            _tell(name, machine, options.folder, told)
    except Failed as failed:
        print(f"failed: {failed}", file=sys.stderr)
        return 1
    finally:
        machine.cut()
    if not options.only:
        lines = [(told / f"{name}.log").read_text() for name in CHAPTERS]
        options.log.write_text(_head(options.folder) + "".join(lines) + "all held\n")
    return 0


def _tell(name: str, machine: Virtual, folder: Path, told: Path) -> None:
    """One chapter; its lines are kept when it held.

    Raises:
        Failed: It did not.
    """
    scratch = folder / "telling.log"
    with scratch.open("w") as log:
        story = Story(machine, folder, log)
        story.tell(f"--- {name}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit {_commit()}")
        CHAPTERS[name](story)
    scratch.replace(told / f"{name}.log")
    machine.keep(name)


def _head(folder: Path) -> str:
    words = ("qemu-system-x86_64", "--version")
    version = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return (
        f"machine: {version.splitlines()[0]}; TCG, 1 processor, 1 GB; times are of its own clock\n"
        f"program: commit {(folder / 'commit').read_text().strip()}, on Debian trixie\n"
    )


def _commit() -> str:
    words = ["git", "-C", str(REPOSITORY), "rev-parse", "--short", "HEAD"]
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
