"""What every chapter of the VM test needs: a log, the page's forms, what must have survived."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from bench.virtual.machine import GREEN, Virtual
from bench.virtual.wires import Failed

LAMPS = {17: "red", 27: "amber", GREEN: "green", 23: "heartbeat"}
"""Names of the pins that are driven, by BCM number of the default wiring."""

PATIENCE_S = 3600.0
"""Of the outside, for what takes a Pi seconds: every instruction is emulated."""

_COUNT = (
    'python3 -c "import sqlite3; print(sqlite3.connect('
    "'file:/var/lib/leukoscope/records.sqlite3?mode=ro', uri=True)"
    ".execute('select count(*) from cells').fetchone()[0])\""
)
# As a browser at the device's own screen does it: the form's token goes with the cookie.
_POST = """
cd /run
curl -s -L -c cookies -o page http://127.0.0.1:8080/
token=$(grep -o 'name="csrf" value="[^"]*"' page | head -n 1 | cut -d '"' -f 4)
curl -s -b cookies -o answer -w '%{{http_code}}' --data-urlencode "csrf=$token" \\
  --data-urlencode {field} http://127.0.0.1:8080{path}
"""


class Story:
    """A machine, its folder and the log of what it did.

    Args:
        machine: What things are done to.
        folder: Where sticks and other scratch files lie.
        log: Takes a line for each thing seen.
    """

    def __init__(self, machine: Virtual, folder: Path, log: TextIO) -> None:
        self.machine = machine
        self.folder = folder
        self._log = log

    def tell(self, line: str) -> None:
        """A line on the terminal and in the log."""
        print(line, flush=True)
        print(line, file=self._log, flush=True)

    def until_serving(self) -> None:
        """Wait for the service to come by itself."""
        self.machine.until(self.machine.is_serving, "service", PATIENCE_S)

    def until_status(self, *words: str) -> str:
        """Wait until the service's own line holds one of these; the line."""
        last = ""

        def met() -> bool:
            nonlocal last
            status = self.machine.status()
            if status != last:
                last = status
                print(f"  ({status})", file=sys.stderr, flush=True)
            return any(each in status for each in words)

        self.machine.until(met, " or ".join(words), PATIENCE_S)
        return last

    def post(self, path: str, field: str) -> str:
        """A shell script that sends one of the page's forms; it prints the HTTP status."""
        return _POST.format(path=path, field=field)

    def counting(self) -> int:
        """Begin an examination from the page; cells on record once there is a new one."""
        before = self.counted()
        status = self.start()
        if status not in ("302", "303"):
            raise Failed(f"the page answered {status}")
        return self.until_counted(before)

    def start(self) -> str:
        """Ask the page for an examination; the HTTP status that it answered."""
        # A label that was used before would have to be confirmed.
        field = f"slide=VM-{datetime.now(UTC):%H%M%S}"
        return self.machine.shell(self.post("/examination/start", field)).strip()

    def until_counted(self, before: int) -> int:
        """Cells on record once there are more than before."""
        self.machine.until(lambda: self.counted() > before, "cells counted", PATIENCE_S)
        return self.counted()

    def counted(self) -> int:
        """Cells on record."""
        told = self.machine.ask(_COUNT)[1].strip()
        return int(told) if told.isdigit() else 0

    def slides(self) -> list[dict[str, Any]]:
        """The examinations on record, as `leukoscope slides --json` tells them."""
        told = self.machine.shell("leukoscope slides --json", PATIENCE_S)
        return [json.loads(line) for line in told.splitlines() if line.startswith("{")]

    def lit(self, seconds: float) -> set[str]:
        """Which pins are driven high at some moment of the next seconds of the machine's clock."""
        machine = self.machine
        since_s = machine.uptime()
        machine.shell(f"sleep {seconds}", PATIENCE_S)
        levels = machine.levels()
        on = {
            line for line, level in {n: lv for at, n, lv in levels if at < since_s}.items() if level
        }
        on |= {line for at_s, line, level in levels if level and at_s >= since_s}
        return {LAMPS.get(line, str(line)) for line in on}

    def survived(self, name: str, least_cells: int) -> None:
        """The service is there, was not green, nothing is lost, nothing finished that was not."""
        self.until_serving()
        machine = self.machine
        verified = machine.shell("leukoscope verify", PATIENCE_S).strip().splitlines()[0]
        verdicts = {row.get("verdict") for row in self.slides()}
        cells, green_s = self.counted(), machine.green_s()
        self.tell(
            f"{name}: {machine.status()}; green {green_s:.2f} s since the boot, "
            f"{cells} cells on record of {least_cells} seen before; {verified}"
        )
        if green_s > 0 or cells < least_cells or "NO_BLASTS_FOUND" in verdicts:
            raise Failed(f"{name}: green, a cell lost, or a verdict that was not reached")

    def pause(self, seconds: float) -> None:
        """Let time pass outside: what the machine does meanwhile is not chosen."""
        time.sleep(seconds)
