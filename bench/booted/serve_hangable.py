"""The boot service, with a network that hangs while a file is there: for the boot test only."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from edge.cli import main
from edge.inference.interpreter import Interpreter

HANG = Path("/run/leukopins/hang-inference")

_run = Interpreter.run


def _hang_or_run(self: Interpreter, batch: Any) -> Any:
    while HANG.exists():
        time.sleep(0.1)
    return _run(self, batch)


Interpreter.run = _hang_or_run  # type: ignore[method-assign]
sys.exit(main(["serve", *sys.argv[1:]]))
