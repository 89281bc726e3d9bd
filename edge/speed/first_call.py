"""A program: what the device does from the start of Python to the first call, and when.

``python -m edge.speed.first_call SOURCE UM_PER_PX MODEL HOME`` (the middle two may be empty) prints
one JSON object: when each part was done, in seconds by the clock since the process began, and in
seconds of computing time. It imports nothing that the device does not.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

BEGUN = "LEUKOSCOPE_BENCH_BEGUN_S"
_LONGEST_S = 120.0


class _FirstTimes:
    """Notes when the loop has its first frame, and its first call."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._after = {"tables": "tables", "camera": "first frame", "classify": "first call"}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        yield
        part = self._after.pop(name, None)
        if part is not None:
            self._note(part)


def _main(source: str, um_per_px: str, model: str, home: str) -> None:
    begun_s = float(os.environ.get(BEGUN, time.monotonic()))
    done: dict[str, tuple[float, float]] = {}

    def note(part: str) -> None:
        done[part] = time.monotonic() - begun_s, time.process_time()

    note("python")
    from edge.camera.source import open_camera
    from edge.inference.bundle import load_bundle
    from edge.inference.classifier import Classifier
    from edge.inference.golden import replay_golden
    from edge.inference.interpreter import open_interpreter
    from edge.inference.shelf import find_bundle
    from edge.records.store import Store
    from edge.screening import Screening
    from edge.settings import Settings
    from edge.signals.panel import NoLamps
    from edge.speed.memory import peak_mb

    note("imports")
    settings = Settings()
    bundle = load_bundle(find_bundle(Path(model) if model else None))
    interpreter = open_interpreter(bundle.model, settings.screening.threads)
    note("bundle")
    classifier = Classifier(bundle, interpreter)
    replay_golden(bundle, interpreter)
    classifier.proven = True
    note("golden test")
    watch = _FirstTimes(note)
    with Store.open(Path(home)) as store:
        note("records")
        camera = open_camera(source)
        note("camera")
        scale = float(um_per_px) if um_per_px else None
        lamps = NoLamps()
        loop = Screening(
            camera, classifier, store, lamps, settings, "bench", source, scale, watch=watch
        )
        until_s = time.monotonic() + _LONGEST_S
        for _ in loop.steps():
            if "first call" in done or time.monotonic() > until_s:
                break
        camera.close()
    # What the kernel tells at the end (ru_maxrss) counts the parent's memory at the fork as well.
    print(json.dumps({**done, "peak_mb": [peak_mb() or 0.0]}))


if __name__ == "__main__":
    _main(*sys.argv[1:5])
