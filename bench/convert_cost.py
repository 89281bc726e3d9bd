"""Time and peak memory of making an int8 model, beside the bare TFLite converter.

Both make an int8 model of the same Keras network from the same cells, in turns, each in a process
of its own: what is printed are ratios of medians. Ours is all from the loaded network to the first
rung of the ladder: both ways prepared, compared on the cells, the better one made again. The gate,
which the bare converter has none of, is not part of the ratio.

The bare converter is used as TensorFlow's guide shows (``from_keras_model``). ``frozen`` is the
same with our way of handing it the network, for a reader who wonders what that alone saves.

    python -m bench.convert_cost [NETWORK] [--cells N] [--turns N] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
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

NAMES: Final = ("bare", "frozen", "ours")
NETWORK: Final = REPOSITORY / "models" / "float" / "leukoscope-mnv2" / "float.keras"


def main() -> int:
    """Measure and print; 0 where both ratios are at most 1.3."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("network", type=Path, nargs="?", default=NETWORK)
    parser.add_argument("--cells", type=int, default=ConvertSettings().representative_cells)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--one", choices=NAMES, help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.one:
        print(json.dumps(_measure(told.one, told.network, told.cells)))
        return 0
    runs: list[dict[str, Any]] = []
    for turn in range(told.turns):
        for name in NAMES if turn % 2 == 0 else NAMES[::-1]:
            runs.append({"name": name} | _apart(name, told.network, told.cells))
            print(json.dumps(runs[-1]), flush=True)
    report = ratios(runs) | {
        "network": told.network.name,
        "cells": told.cells,
        "turns": told.turns,
        "date": time.strftime("%Y-%m-%d"),
        "runs": runs,
    }
    text = json.dumps(report, indent=1)
    print(text)
    if told.json:
        told.json.write_text(text + "\n")
    return 0 if max(report["time_ratio"], report["memory_ratio"]) <= 1.3 else 1


def _apart(name: str, network: Path, cells: int) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.convert_cost", str(network), "--one", name]
    command += ["--cells", str(cells)]
    # As ``python -m convert`` sets it for itself; the bare converter makes no products with numpy.
    alone = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=REPOSITORY, env=alone
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def ratios(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians of each way, and ours over bare. CPU time, so that a busy machine changes little."""
    medians: dict[str, Any] = {}
    for name in NAMES:
        own = [run for run in runs if run["name"] == name]
        keys = [key for key in own[0] if key != "name"]
        medians[name] = {key: round(median(run[key] for run in own), 2) for key in keys}
    ours, bare, frozen = (medians[name] for name in ("ours", "bare", "frozen"))
    return medians | {
        "time_ratio": round(ours["cpu_s"] / bare["cpu_s"], 3),
        "memory_ratio": round(ours["peak_mib"] / bare["peak_mib"], 3),
        "time_ratio_to_frozen": round(ours["cpu_s"] / frozen["cpu_s"], 3),
    }


def _measure(name: str, path: Path, cells: int) -> dict[str, float]:
    hush_tensorflow()
    import keras
    import tensorflow as tf

    from convert.ladder import Calibration, Ladder
    from convert.quantize import prepare
    from convert.sources import load_source

    network = load_source(path)
    model = keras.saving.load_model(path, compile=False)
    crops = draw_cells(cells, network.description.size_px, 1)
    started_s, cpu_s = time.perf_counter(), time.process_time()
    with quiet():
        if name == "ours":
            settings = ConvertSettings()
            prepared = prepare(network, crops, settings)
            sample = Calibration(crops, network.logits(crops))
            ladder = Ladder(prepared, network.description, sample, settings)
            size = len(ladder.first().model)
        elif name == "frozen":
            entry = tf.lite.TFLiteConverter.from_concrete_functions([network.freeze()], tf.Module())
            size = len(_bare(entry, network.real_pixels(crops)))
        else:
            entry = tf.lite.TFLiteConverter.from_keras_model(model)
            size = len(_bare(entry, network.real_pixels(crops)))
    return {
        "seconds": time.perf_counter() - started_s,
        "cpu_s": time.process_time() - cpu_s,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "model_bytes": float(size),
    }


def _bare(converter: Any, inputs: NDArray[np.float32]) -> bytes:
    """What everybody does: TensorFlow's converter with a representative data set."""
    import tensorflow as tf

    def representative() -> Iterator[list[NDArray[np.float32]]]:
        for value in inputs:
            yield [value[None]]

    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    return bytes(converter.convert())


if __name__ == "__main__":
    sys.exit(main())
