"""Boot a whole emulated machine, plug and pull a stick, hang its kernel, cut its power.

    python -m bench.vm --folder FOLDER [--log bench/logs/vm.log] [--after NAME] [--only NAME ...]

(or: make test-vm, which makes FOLDER by bench/vm.sh.) Other than `bench.boot` this has a kernel of
its own: udev, USB sticks, a hardware watchdog, GPIO devices, a disk that loses what was not
flushed. qemu emulates every instruction: a boot takes about 90 s of computing time. Clocks inside
count instructions (bench/virtual/machine.py), and times told are of those clocks. After each
chapter the machine is written down, so that a later run can go on from there with --after.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from bench.virtual.machine import GREEN, Virtual
from bench.virtual.stick import Stick
from bench.virtual.wires import Failed

REPOSITORY = Path(__file__).resolve().parents[1]
_NAMES = {17: "red", 27: "amber", GREEN: "green", 23: "heartbeat"}
_PYTHON = "/opt/leukoscope/current/bin/python"
_COUNT = (
    f'{_PYTHON} -c "import sqlite3; print(sqlite3.connect('
    "'file:/var/lib/leukoscope/records.sqlite3?mode=ro', uri=True)"
    ".execute('select count(*) from cells').fetchone()[0])\""
)
# As a browser at the device's own screen does it: the form's token goes with the cookie.
_START = """
cd /run
curl -s -L -c cookies -o page http://127.0.0.1:8080/
token=$(grep -o 'name="csrf" value="[^"]*"' page | head -n 1 | cut -d '"' -f 4)
curl -s -b cookies -o answer -w '%{http_code}' --data-urlencode "csrf=$token" -d slide=VM \
  http://127.0.0.1:8080/examination/start
"""


class Story:
    """What is done to the machine, chapter by chapter, each with its lines in the log."""

    def __init__(self, machine: Virtual, folder: Path, log: TextIO) -> None:
        self._machine = machine
        self._folder = folder
        self._log = log

    def tell(self, line: str) -> None:
        """A line on the terminal and in the log."""
        print(line, flush=True)
        print(line, file=self._log, flush=True)

    def comes_up(self) -> None:
        """Switched on for the first time: the service comes by itself and drives the pins."""
        machine = self._machine
        machine.new_disk()
        machine.switch_on()
        told = machine.shell("uname -r; gpiodetect; cat /sys/class/watchdog/watchdog0/identity")
        self.tell(f"booted: {'; '.join(told.strip().splitlines())}")
        self._until_serving()
        self.tell(f"the service came by itself: {machine.status()}")
        since_s = machine.uptime()
        time.sleep(20)
        lit = {line for at_s, line, level in machine.levels() if level and at_s > since_s - 5}
        names = ", ".join(sorted(_NAMES.get(line, str(line)) for line in lit))
        self.tell(f"ready, on the GPIO device: {names} driven high")
        if {_NAMES.get(line) for line in lit} != {"amber", "heartbeat"}:
            raise Failed("ready is amber and the heartbeat alone")

    def stick(self) -> None:
        """Plugged in while the service runs: mounted by udev; pulled out, it is gone."""
        machine = self._machine
        stick = Stick.formatted(self._folder / "dossiers.img", "CLINIC", 64)
        machine.plug(stick.image)
        machine.until(lambda: "/media" in machine.ask("findmnt -n /dev/sda1")[1], "mounted", 1800)
        mounts = machine.shell("findmnt -n -o TARGET,FSTYPE,OPTIONS /dev/sda1").strip()
        self.tell(f"stick plugged in, mounted by udev: {mounts}")
        if len(mounts.splitlines()) != 1 or ",sync," not in mounts:
            raise Failed("once, and written through")
        machine.pull_out()
        machine.until(
            lambda: not machine.ask("ls -A /media/leukoscope")[1].strip(), "folder gone", 1800
        )
        self.tell("stick pulled out: let go, its folder is gone")

    def kernel_hangs(self) -> None:
        """A kernel crashes while cells are counted: the watchdog starts the machine anew."""
        machine = self._machine
        told = machine.shell(
            "systemctl show -p RuntimeWatchdogUSec; cat /sys/class/watchdog/watchdog0/timeout"
        )
        self.tell(f"watchdog: {' '.join(told.split())}")
        cells = self._counting()
        with contextlib.suppress(Failed):
            machine.shell(
                "echo 1 > /proc/sys/kernel/sysrq; (sleep 1; echo c > /proc/sysrq-trigger)&"
            )
        if not machine.monitor.heard("WATCHDOG", 1800):
            raise Failed("the watchdog did not bite")
        self.tell("kernel crashed (sysrq c) while counting: reset by the hardware watchdog")
        machine.wait_for_agent(3600)
        self._survived("after the watchdog", cells)

    def power_cut(self, number: int) -> None:
        """qemu is killed in the middle of an examination; the card is what had been flushed."""
        cells = self._counting()
        # Not at a chosen moment: the machine goes on for some time that nobody controls.
        time.sleep(1 + 1.7 * number)
        self._machine.cut()
        self._machine.switch_on()
        self._survived(f"power cut {number}", cells)

    def _until_serving(self) -> None:
        self._machine.until(self._machine.is_serving, "service", 3600)

    def _counting(self) -> int:
        """Begin an examination from the page; cells on record once there is a new one."""
        machine = self._machine
        before = self._counted()
        status = machine.shell(_START).strip()
        if status not in ("302", "303"):
            raise Failed(f"the page answered {status}")
        machine.until(lambda: self._counted() > before, "cells counted", 3600)
        return self._counted()

    def _counted(self) -> int:
        told = self._machine.ask(_COUNT)[1].strip()
        return int(told) if told.isdigit() else 0

    def _survived(self, name: str, least_cells: int) -> None:
        """Back by itself, not green, nothing lost, nothing finished that was not."""
        machine = self._machine
        self._until_serving()
        verified = machine.shell("leukoscope verify", 1800).strip().splitlines()[0]
        rows = machine.shell("leukoscope slides --json", 1800)
        cells, green_s = self._counted(), machine.green_s()
        self.tell(
            f"{name}: service back by itself ({machine.status()}), green {green_s:.2f} s, "
            f"{cells} cells on record of {least_cells} seen before; {verified}"
        )
        if green_s > 0 or cells < least_cells or '"verdict": "NO_BLASTS_FOUND"' in rows:
            raise Failed(f"{name}: green, a cell lost, or a verdict that was not reached")


def chapters(story: Story) -> dict[str, Callable[[], None]]:
    """All of them by name, in order."""
    return {
        "comes-up": story.comes_up,
        "stick": story.stick,
        "watchdog": story.kernel_hangs,
        "cut-1": lambda: story.power_cut(1),
        "cut-2": lambda: story.power_cut(2),
        "cut-3": lambda: story.power_cut(3),
    }


def main(arguments: list[str] | None = None) -> int:
    """Tell the chapters; 0 when all held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="made by bench/vm.sh")
    parser.add_argument("--log", type=Path, default=REPOSITORY / "bench/logs/vm.log")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these chapters")
    parser.add_argument("--after", metavar="NAME", help="go on from the state after a chapter")
    options = parser.parse_args(arguments)
    machine = Virtual(options.folder)
    scratch_log = options.folder / "vm.log"
    with scratch_log.open("w") as log:
        story = Story(machine, options.folder, log)
        told = chapters(story)
        story.tell(f"date:    {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit {_commit()}")
        story.tell("machine: qemu-system-x86_64, emulated (TCG), 1 processor, trixie")
        try:
            if options.after:
                machine.switch_on(state=options.after)
            for name in options.only or told:
                told[name]()
                machine.keep(name)
            story.tell("all held")
        except Failed as failed:
            story.tell(f"failed: {failed}")
            return 1
        finally:
            machine.cut()
    if not options.only:
        shutil.copyfile(scratch_log, options.log)  # only a run in which all held is kept
    return 0


def _commit() -> str:
    words = ["git", "-C", str(REPOSITORY), "rev-parse", "--short", "HEAD"]
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
