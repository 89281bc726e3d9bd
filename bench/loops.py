"""The loop as benches open it: the real one with records of its own, and no verdict to stop it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.camera.frame import Camera
from edge.inference.classifier import Classifier
from edge.records.store import Store
from edge.screening import Screening
from edge.settings import Settings
from edge.signals.panel import NoLamps
from edge.stopwatch import Watch


@contextmanager
def loop_over(
    camera: Camera,
    source: str,
    um_per_px: float,
    classifier: Classifier,
    watch: Watch | None = None,
) -> Iterator[Screening]:
    """The loop over a camera; its records are gone afterwards.

    Args:
        camera: Where frames come from; whoever opened it closes it.
        source: What it is called.
        um_per_px: Scale of the frames.
        classifier: A bundle that passed its golden test.
        watch: Hears when each step begins and ends.
    """
    with (
        tempfile.TemporaryDirectory(prefix="leukoscope-bench-") as home,
        Store.open(Path(home)) as store,
    ):
        yield Screening(
            camera,
            classifier,
            store,
            NoLamps(),
            Settings(),
            "bench",
            source,
            um_per_px,
            watch=watch,
            until_verdict=False,
        )
