"""How long one cell takes on this machine: float and int8, one thread and all."""

from __future__ import annotations

import os
import time
from typing import Any, Final

import numpy as np

from convert.quiet import quiet

_RUNS: Final = 60
_WARM: Final = 5


def latencies(models: dict[str, bytes]) -> list[dict[str, Any]]:
    """A row for each model and count of threads: median and 95th percentile, milliseconds.

    Models take turns, so that a busy machine is as busy for one as for the other.

    Args:
        models: Bytes of TFLite models by name.
    """
    threads = sorted({1, os.cpu_count() or 1})
    runners = {
        (name, count): _open(model, count) for name, model in models.items() for count in threads
    }
    times: dict[tuple[str, int], list[float]] = {key: [] for key in runners}
    for turn in range(_WARM + _RUNS):
        for key, interpreter in runners.items():
            started_s = time.perf_counter()
            interpreter.invoke()
            if turn >= _WARM:
                times[key].append((time.perf_counter() - started_s) * 1e3)
    return [
        {
            "network": name,
            "threads": count,
            "p50_ms": round(float(np.quantile(taken, 0.5)), 3),
            "p95_ms": round(float(np.quantile(taken, 0.95)), 3),
        }
        for (name, count), taken in times.items()
    ]


def _open(model: bytes, threads: int) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    with quiet():
        interpreter = Interpreter(model_content=model, num_threads=threads)
        interpreter.allocate_tensors()
        entry = interpreter.get_input_details()[0]
        noise = np.random.default_rng(0).integers(-100, 100, entry["shape"])
        interpreter.set_tensor(entry["index"], noise.astype(entry["dtype"]))
        interpreter.invoke()
    return interpreter
