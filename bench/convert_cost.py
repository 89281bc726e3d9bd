"""Time and peak memory of making an int8 model, beside the bare TFLite converter.

Both make an int8 model of the same network from the same cells, in turns, each in a process of its
own: what is printed are ratios of medians. The gate, which the bare converter has none of, is
measured by itself and not part of the ratio.

    python -m bench.convert_cost [NETWORK] [--cells N] [--turns N] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from convert.golden_inputs import draw_cells
from convert.quiet import hush_tensorflow, quiet
from convert.settings import ConvertSettings

REPOSITORY: Final = Path(__file__).resolve().parent.parent

NETWORK: Final = REPOSITORY / "models" / "float" / "leukoscope-mnv2" / "float.keras"


def main() -> int:
    """Measure and print; 0 where both ratios are at most 1.3."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("network", type=Path, nargs="?", default=NETWORK)
    parser.add_argument("--cells", type=int, default=ConvertSettings().representative_cells)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--one", choices=("bare", "ours"), help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.one:
        print(json.dumps(_measure(told.one, told.network, told.cells)))
        return 0
    taken: dict[str, list[dict[str, float]]] = {"bare": [], "ours": []}
    for turn in range(told.turns):
        for name in ("bare", "ours") if turn % 2 == 0 else ("ours", "bare"):
            taken[name].append(_apart(name, told.network, told.cells))
    report = _ratios(taken) | {
        "network": told.network.name,
        "cells": told.cells,
        "turns": told.turns,
        "date": time.strftime("%Y-%m-%d"),
    }
    text = json.dumps(report, indent=1)
    print(text)
    if told.json:
        told.json.write_text(text + "\n")
    return 0 if max(report["time_ratio"], report["memory_ratio"]) <= 1.3 else 1


def _apart(name: str, network: Path, cells: int) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.convert_cost", str(network), "--one", name]
    command += ["--cells", str(cells)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=REPOSITORY)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _ratios(taken: dict[str, list[dict[str, float]]]) -> dict[str, Any]:
    """Medians of both, and ours over bare. CPU time, so that a busy machine changes nothing."""
    medians = {
        name: {key: round(median(each[key] for each in runs), 2) for key in runs[0]}
        for name, runs in taken.items()
    }
    return medians | {
        "time_ratio": round(medians["ours"]["cpu_s"] / medians["bare"]["cpu_s"], 3),
        "memory_ratio": round(medians["ours"]["peak_mib"] / medians["bare"]["peak_mib"], 3),
    }


def _measure(name: str, path: Path, cells: int) -> dict[str, float]:
    hush_tensorflow()
    from convert.quantize import prepare, to_int8
    from convert.sources import load_source

    network = load_source(path)
    crops = draw_cells(cells, network.description.size_px, 1)
    started_s, cpu_s = time.perf_counter(), time.process_time()
    if name == "bare":
        size = len(_bare(network, network.real_pixels(crops)))
    else:
        prepared = prepare(network, crops, ConvertSettings())
        source = prepared.careful or prepared.plain
        size = len(to_int8(source, prepared.pixels, 3.0))
    return {
        "seconds": time.perf_counter() - started_s,
        "cpu_s": time.process_time() - cpu_s,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "model_bytes": float(size),
    }


def _bare(network: Any, inputs: NDArray[np.float32]) -> bytes:
    """What everybody does: TensorFlow's converter with a representative data set."""
    import tensorflow as tf

    def representative() -> Iterator[list[NDArray[np.float32]]]:
        for value in inputs:
            yield [value[None]]

    with tempfile.TemporaryDirectory(prefix="leukoscope-bench-") as scratch, quiet():
        folder = Path(scratch) / "network"
        network.save(folder)
        converter = tf.lite.TFLiteConverter.from_saved_model(str(folder))
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = representative
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
        return bytes(converter.convert())


if __name__ == "__main__":
    sys.exit(main())
