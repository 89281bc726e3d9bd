"""The network alone: one cell at a time, in all its views, on one thread, two, and all."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

import numpy as np

from edge.inference.bundle import Bundle
from edge.inference.classifier import pixel_table, quantize
from edge.inference.interpreter import open_interpreter
from edge.inference.views import mirrored
from edge.speed.quantiles import Quantiles, quantiles


@dataclass(frozen=True)
class ModelSpeed:
    """One number of threads.

    Attributes:
        threads: Of the interpreter.
        views: Of one cell.
        crop: Wall time of one cell's crop, seen in all views.
        crops_per_s: Crops over the time they took.
        runtime: Library and version.
        delegate: What carries out the graph.
    """

    threads: int
    views: int
    crop: Quantiles
    crops_per_s: float
    runtime: str
    delegate: str


def measure_model(bundle: Bundle, crops: int) -> list[ModelSpeed]:
    """Run the bundle's golden crops over and over, the numbers of threads in turn.

    Args:
        bundle: A bundle that passed its golden test.
        crops: How many for each number of threads.
    """
    counts = sorted({1, 2, os.cpu_count() or 1})
    interpreters = [open_interpreter(bundle.model, threads) for threads in counts]
    views = bundle.input.views
    batch = quantize(bundle.golden_crops, pixel_table(bundle.input))
    times_s: list[list[float]] = [[] for _ in counts]
    for number in range(crops):
        one: np.ndarray[tuple[int, ...], np.dtype[np.int8]] = batch[number % len(batch)][None]
        for interpreter, times in zip(interpreters, times_s, strict=True):
            start_s = time.perf_counter()
            for view in mirrored(one, views):
                interpreter.run(view)
            times.append(time.perf_counter() - start_s)
    speeds = []
    for threads, interpreter, times in zip(counts, interpreters, times_s, strict=True):
        crop = quantiles(times)
        assert crop is not None
        rate = round(len(times) / sum(times), 1)
        library, delegate = interpreter.library, interpreter.delegate
        speeds.append(ModelSpeed(threads, views, crop, rate, library, delegate))
    return speeds
