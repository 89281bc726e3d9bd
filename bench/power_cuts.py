"""Cut the power at any instant of examinations, and prove that nothing acknowledged is lost.

    python -m bench.power_cuts [--kills 1000] [--cuts 1000] [--json FILE]

Two ways. *Kills*: a process examines a rendered smear and is killed (SIGKILL) at a random point;
its records are opened again. *Cuts*: one examination is run under strace(1), which writes down
every write and flush; for each cut, the card is rebuilt as a power cut at that point could have
left it: what was flushed is there, of what came after any part may be, torn at 512 bytes, in any
order.

In every case: the records open; their chain of hashes is whole; no cell that was acknowledged is
missing; an examination that did not finish has no verdict; green was never shown before the record
said so; and the next examination begins.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from edge.camera.frame import Frame
from edge.camera.source import open_camera
from edge.closing import Closing
from edge.inference.shelf import open_classifier
from edge.judgement.verdict import VerdictSettings
from edge.records.rows import CellRecord, VerdictRecord
from edge.records.store import Store
from edge.screening import Screening
from edge.settings import ScreeningSettings, Settings
from edge.signals.indicator import Signal
from edge.signals.panel import NoLamps

SOURCE = "phantom:healthy?seed={seed}&viewport=480x360&frames=1&white_cells_per_field=15"
FIELDS = 22
SETTINGS = replace(
    Settings(),
    # A short slide that ends green: what is tried here is the card, not the statistics.
    verdict=VerdictSettings(share_limit=0.95, beta=0.2, least_cells_green=3),
    screening=ScreeningSettings(threads=1),
)
_SECTOR = 512
_HOME_EVERY = 25
"""Kills on one data folder: what is verified each time stays small."""


class _Frames(Closing):
    """Frames rendered beforehand."""

    continuous = False  # each frame is a field of its own

    def __init__(self, frames: Sequence[Frame]) -> None:
        self._frames = frames

    def frames(self) -> Iterator[Frame]:
        yield from self._frames

    def close(self) -> None:
        """Nothing to close."""


class _TellingStore(Store):
    """Says each thing once it is durable: as the loop, which then counts it."""

    out: TextIO

    def begin_examination(self, *args: Any, **named: Any) -> int:
        number = super().begin_examination(*args, **named)
        print("began", number, file=self.out, flush=True)
        return number

    def add_cells(self, examination: int, cells: Sequence[CellRecord]) -> list[int]:
        numbers = super().add_cells(examination, cells)
        for number in numbers:
            print("cell", number, file=self.out, flush=True)
        return numbers

    def finish(self, examination: int, verdict: VerdictRecord) -> None:
        super().finish(examination, verdict)
        print("finished", examination, file=self.out, flush=True)


class _TellingLamps(NoLamps):
    def __init__(self, out: TextIO) -> None:
        super().__init__()
        self._out = out

    def show(self, signal: Signal) -> None:
        super().show(signal)
        print("lamps", signal.indicator.value, file=self._out, flush=True)


def rendered() -> list[Frame]:
    """The fields that every examination looks at, none showing ground of another."""
    fields = []
    for seed in range(FIELDS):
        with open_camera(SOURCE.format(seed=seed)) as camera:
            fields += list(camera.frames())
    return fields


def examine(home: Path, frames: Sequence[Frame], out: TextIO) -> None:
    """One examination from its start to its verdict, telling what is durable."""
    classifier = open_classifier(threads=1)
    with _TellingStore.open(home) as store:
        store.out = out
        lamps = _TellingLamps(out)
        Screening(
            _Frames(frames), classifier, store, lamps, SETTINGS, "S-cut", "phantom:cut", 0.2
        ).run()


@dataclass
class Told:
    """What a process said before it was cut off."""

    began: list[int] = field(default_factory=list)
    cells: list[int] = field(default_factory=list)
    finished: list[int] = field(default_factory=list)
    green: bool = False

    @classmethod
    def of(cls, text: str) -> Told:
        """From whole lines; a last one that was cut off told nothing."""
        told = cls()
        for line in text.splitlines(keepends=True):
            word, _, rest = line.strip().partition(" ")
            if not line.endswith("\n"):
                continue
            if word == "lamps":
                told.green = told.green or rest == "NO_BLASTS_FOUND"
            elif word in ("began", "cell", "finished"):
                {"began": told.began, "cell": told.cells, "finished": told.finished}[word].append(
                    int(rest)
                )
        return told


@dataclass
class Result:
    """How all of it went.

    Attributes:
        tried: Cuts made.
        cells: Acknowledged cells that were looked for.
        unfinished: Examinations cut off before their verdict.
        green: Times that green was shown before the cut.
        wrong: What did not hold, one sentence each.
    """

    tried: int = 0
    cells: int = 0
    unfinished: int = 0
    green: int = 0
    wrong: list[str] = field(default_factory=list)


def inspect(home: Path, told: Told, result: Result, name: str) -> None:
    """Open the records that are left, and hold them against what was said."""
    result.tried += 1
    result.cells += len(told.cells)
    result.green += told.green
    try:
        with Store.open(home) as store:
            report = store.inspect_chain()
            examinations = {e.number: e for e in store.examinations()}
            kept = {cell.number for number in told.began for cell in store.cells(number)}
            store.begin_examination("S-next", "leuko", "00", "phantom:cut")
    except Exception as error:
        result.wrong.append(f"{name}: records do not open: {error!r}")
        return
    if not report.whole:
        result.wrong.append(f"{name}: {report.altered}")
    if lost := set(told.cells) - kept:
        result.wrong.append(f"{name}: acknowledged cells are lost: {sorted(lost)[:5]}")
    if gone := set(told.began) - set(examinations):
        result.wrong.append(f"{name}: examinations are lost: {sorted(gone)}")
    for number in set(told.finished) & set(examinations):
        if examinations[number].verdict is None:
            result.wrong.append(f"{name}: the verdict of examination {number} is lost")
    unfinished = [e for n, e in examinations.items() if n in told.began and e.verdict is None]
    result.unfinished += len(unfinished)
    if told.green and unfinished:
        result.wrong.append(f"{name}: green was shown before the record said so")


def kills(count: int, seed: int = 0) -> Result:
    """Kill ``count`` examinations at random points."""
    frames, result, rng = rendered(), Result(), random.Random(seed)
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch) / "whole"
        began_s = time.monotonic()
        _said(home, frames, None)
        whole_s = time.monotonic() - began_s
        for i in range(count):
            home = Path(scratch) / str(i // _HOME_EVERY)
            told = Told.of(_said(home, frames, rng.uniform(0, 1.1 * whole_s)))
            inspect(home, told, result, f"kill {i}")
            if i % _HOME_EVERY == _HOME_EVERY - 1:
                shutil.rmtree(home)
    return result


def _said(home: Path, frames: Sequence[Frame], after_s: float | None) -> str:
    """What an examination says until it is killed after some time, or ends."""
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        os.close(ours)
        with contextlib.suppress(BaseException), os.fdopen(theirs, "w") as out:
            examine(home, frames, out)
        os._exit(0)
    os.close(theirs)
    if after_s is not None:
        time.sleep(after_s)
        os.kill(child, signal.SIGKILL)
    with os.fdopen(ours) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said


@dataclass(frozen=True)
class Operation:
    """One thing that was done to a file, or said.

    Attributes:
        kind: ``write``, ``sync``, ``size``, ``remove`` or ``say``.
        path: Of the file, below the data folder.
        at: Where it was written, or the new size; bytes.
        data: What was written or said.
    """

    kind: str
    path: str = ""
    at: int = 0
    data: bytes = b""


_CALL = re.compile(
    r"^(?:\d+ +)?(openat|pwrite64|write|fdatasync|fsync|ftruncate|unlink|close)\((.*)\) += (-?\d+)"
)
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


def operations(trace: str, home: str) -> list[Operation]:
    """What strace wrote down (``-xx``), as operations on the files of a data folder."""
    open_files: dict[int, str] = {}
    found = []
    for line in trace.splitlines():
        match = _CALL.match(line)
        if match is None or int(match[3]) < 0:
            continue
        call, words, answer = match[1], match[2], int(match[3])
        text = _TEXT.search(words)
        data = bytes.fromhex(text[1].replace("\\x", "")) if text else b""
        number = int(words.split(",")[0]) if words.split(",")[0].isdigit() else -1
        if call == "openat":
            path = data.decode(errors="replace")
            open_files.pop(answer, None)
            if path.startswith(home):
                open_files[answer] = path[len(home) :].lstrip("/")
        elif call == "unlink" and data.decode(errors="replace").startswith(home):
            found.append(Operation("remove", data.decode()[len(home) :].lstrip("/")))
        elif call == "write" and number == 1:
            found.append(Operation("say", data=data))
        elif number in open_files and not open_files[number].endswith("-shm"):
            path = open_files[number]
            if call == "pwrite64":
                found.append(Operation("write", path, int(words.rsplit(",", 1)[1]), data))
            elif call in ("fdatasync", "fsync"):
                found.append(Operation("sync", path))
            elif call == "ftruncate":
                found.append(Operation("size", path, int(words.rsplit(",", 1)[1])))
        if call == "close":
            open_files.pop(number, None)
    return found


def card_after(done: Sequence[Operation], rng: random.Random) -> dict[str, bytes]:
    """The files as a power cut after these operations could leave them."""
    durable: dict[str, bytearray] = {}
    waiting: dict[str, list[Operation]] = {}
    for each in done:
        if each.kind == "sync":
            # A folder's flush makes removals durable; a file's flush what was written to it.
            # (A file that was flushed has its name too, as on ext4.)
            for late in waiting.pop(each.path, []):
                _apply(durable, late)
            if each.path:
                durable.setdefault(each.path, bytearray())
        elif each.kind == "remove":
            waiting.setdefault("", []).append(each)
        elif each.kind != "say":
            waiting.setdefault(each.path, []).append(each)
    for late in (each for queue in waiting.values() for each in queue):
        # Any part of what was not flushed may be on the card, sector by sector.
        if late.kind == "write":
            for sector in _sectors(late):
                if rng.random() < 0.5:
                    _apply(durable, sector)
        elif rng.random() < 0.5:
            _apply(durable, late)
    return {path: bytes(content) for path, content in durable.items()}


def _sectors(write: Operation) -> Iterator[Operation]:
    begin = 0
    while begin < len(write.data):
        end = min(len(write.data), begin + _SECTOR - (write.at + begin) % _SECTOR)
        yield Operation("write", write.path, write.at + begin, write.data[begin:end])
        begin = end


def _apply(card: dict[str, bytearray], each: Operation) -> None:
    if each.kind == "remove":
        card.pop(each.path, None)
        return
    content = card.setdefault(each.path, bytearray())
    if each.kind == "size":
        del content[each.at :]
        content.extend(bytes(each.at - len(content)))
        return
    content.extend(bytes(max(0, each.at - len(content))))
    content[each.at : each.at + len(each.data)] = each.data


def traced(scratch: Path) -> list[Operation]:
    """One examination under strace.

    Raises:
        FileNotFoundError: strace is not installed.
        RuntimeError: It cannot trace here.
    """
    home, log = scratch / "traced", scratch / "trace"
    if shutil.which("strace") is None:
        raise FileNotFoundError("strace")
    calls = "trace=openat,pwrite64,write,fdatasync,fsync,ftruncate,unlink,close"
    strace = ["strace", "-f", "-xx", "-s", "10000000", "-e", calls, "-o", str(log)]
    program = [sys.executable, "-m", "bench.power_cuts", "--examine", str(home)]
    done = subprocess.run([*strace, *program], capture_output=True, text=True, check=False)
    found = operations(log.read_text(), str(home)) if log.exists() else []
    if done.returncode or not any(each.kind == "sync" for each in found):
        raise RuntimeError(f"strace saw nothing: {done.stderr[-300:]}")
    return found


def cuts(count: int, seed: int = 0) -> Result:
    """Rebuild the card after ``count`` power cuts spread evenly over one examination."""
    result, rng = Result(), random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        done = traced(Path(folder))
        for i in range(count):
            point = round((i + 1) * len(done) / count)
            home = Path(folder) / "card"
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir()
            for path, content in card_after(done[:point], rng).items():
                if path:
                    (home / path).parent.mkdir(exist_ok=True)  # cache/ of the verdict's tables
                    (home / path).write_bytes(content)
            said = b"".join(each.data for each in done[:point] if each.kind == "say")
            inspect(home, Told.of(said.decode()), result, f"cut {i} after operation {point}")
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Cut, look, and report; 0 when all held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--cuts", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, default=None, help="write the result there")
    parser.add_argument("--examine", type=Path, default=None, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.examine is not None:
        examine(options.examine, rendered(), sys.stdout)
        return 0
    report: dict[str, Any] = {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "python": platform.python_version(),
        "system": platform.platform(),
        "seed": options.seed,
    }
    wrong = []
    for name, run, count in (("kills", kills, options.kills), ("cuts", cuts, options.cuts)):
        result = run(count, options.seed)
        report[name] = vars(result)
        wrong += result.wrong
        print(
            f"{name}: {result.tried} tried, {result.cells} acknowledged cells looked for, "
            f"{result.unfinished} examinations cut off, {result.green} were green before the cut, "
            f"{len(result.wrong)} wrong",
            flush=True,
        )
    for line in wrong[:20]:
        print(line)
    if options.json is not None:
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
