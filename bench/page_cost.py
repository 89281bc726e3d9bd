"""What the page costs: the loop's rate with two viewers beside its rate with none, in one run.

The same frames go through the same loop turn by turn, with nobody and with two viewers who take
ten pictures a second each from the page itself, over its socket; a third one asks for a picture
and vanishes. Neighbouring turns share whatever else the machine does, so that their ratio holds
anywhere: ``python -m bench.page_cost``.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from edge.camera.frame import Camera, Frame
from edge.camera.source import open_camera
from edge.closing import Closing
from edge.examiner import Equipment
from edge.inference.shelf import open_classifier
from edge.service import Service
from edge.settings import Settings
from edge.signals.panel import NoLamps
from edge.web.control import Phase

_SOURCE = "phantom:healthy?seed=5&viewport=1280x960"
_POLL_S = 0.01


class _Again(Closing):
    """Frames rendered before, so that rendering is not measured."""

    continuous = True

    def __init__(self, frames: list[Frame]) -> None:
        self._frames = frames

    def frames(self) -> Iterator[Frame]:
        """All of them."""
        yield from self._frames

    def close(self) -> None:
        """Nothing to release."""


def _watch(port: int) -> None:
    """A browser on the live page: asks for the newest picture again and again."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/")
    answer = connection.getresponse()
    cookie = str(answer.getheader("set-cookie")).partition(";")[0]
    answer.read()
    number = "0"
    print("ready", flush=True)
    while True:
        connection.request("GET", f"/live.jpg?after={number}", headers={"cookie": cookie})
        answer = connection.getresponse()
        answer.read()
        if answer.status == 200:
            number = str(answer.getheader("x-number"))
            print(number, flush=True)


class _Viewer(Closing):
    """A viewer in a process of its own, as on a machine of its own."""

    def __init__(self, port: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.page_cost", "--watch", str(port)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self._process.stdout.readline()

    def close(self) -> None:
        """Look away; more than one call does no harm."""
        self._process.kill()

    def pictures(self) -> int:
        """How many pictures came."""
        self.close()
        said, _ = self._process.communicate()
        return len(said.splitlines())


def _vanish(port: int) -> None:
    """Ask for a picture and never read it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", "/live.jpg?after=0")
    connection.close()


def measure(turns: int, frames: int) -> dict[str, float]:
    """Rates and their ratio.

    Args:
        turns: Pairs of runs, one without and one with viewers.
        frames: Frames in each run.
    """
    with open_camera(f"{_SOURCE}&frames={frames}") as camera:
        rendered = list(camera.frames())

    def opened() -> Camera:
        return _Again(rendered)

    rates: dict[bool, list[float]] = {False: [], True: []}
    shown: list[float] = []
    with tempfile.TemporaryDirectory() as home:
        equipment = Equipment(
            opened, "bench", open_classifier(), Path(home), Settings(), NoLamps(), 0.2
        )
        with Service(equipment, port=0) as service:
            _run(service)  # everything is loaded and warm
            for turn in range(turns):
                for watched in (False, True) if turn % 2 else (True, False):
                    viewers = [_Viewer(service.address.port) for _ in range(2 * watched)]
                    if watched:
                        _vanish(service.address.port)
                    seconds = _run(service)
                    rates[watched].append(frames / seconds)
                    shown += [viewer.pictures() / seconds for viewer in viewers]
    ratios = [w / a for a, w in zip(rates[False], rates[True], strict=True)]
    return {
        "frames_per_s_alone": round(statistics.median(rates[False]), 2),
        "frames_per_s_with_two_viewers": round(statistics.median(rates[True]), 2),
        "pictures_per_s_each_viewer": round(statistics.median(shown), 2),
        "ratio": round(statistics.median(ratios), 3),
    }


def _run(service: Service) -> float:
    """Seconds of one examination."""
    began_s = time.monotonic()
    service.examiner.start(f"bench-{time.monotonic_ns()}")
    while service.examiner.progress.phase in (Phase.STARTING, Phase.COUNTING):
        time.sleep(_POLL_S)
    return time.monotonic() - began_s


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=6)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--watch", type=int, default=None, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.watch is not None:
        _watch(arguments.watch)
    print(json.dumps(measure(arguments.turns, arguments.frames)))


if __name__ == "__main__":
    main()
