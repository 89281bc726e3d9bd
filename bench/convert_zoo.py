"""Networks of many families from source to bundle, or refused for a reason.

Weights are random, the head is fitted to drawn cells, so that each network has something to lose.
Each conversion is a process of its own: a crash is a result too.

    python -m bench.convert_zoo [NAME...] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.zoo import keras_networks
from bench.zoo.cells import LABELS, write_cells, write_description
from convert.cells import list_cells, read_cells
from convert.description import read_description
from convert.quiet import hush_tensorflow, quiet

REPOSITORY: Final = Path(__file__).resolve().parent.parent

_TORCH_SIDE: Final = 64
_LENIENT: Final = (
    # Drawn cells of a few patients prove the way, not the network: figures of so few are coarse.
    "representative_cells=100", "contract_cells=0", "most_sensitivity_loss=0.1",
    "most_ece_change=0.05", "most_auc_loss=0.02", "least_agreement=0.95", "most_silence_change=0.1",
    "most_verdicts_changed=1",
)  # fmt: skip


def main() -> int:
    """Convert all; 0 where every network came out as a bundle or was refused by name."""
    hush_tensorflow()
    from bench.zoo import torch_networks

    torch_names = [*torch_networks.NETWORKS, "vision_transformer"]
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help="of networks; all, if left out")
    parser.add_argument("--json", type=Path)
    told = parser.parse_args()
    known = [*torch_names, *keras_networks.NETWORKS]
    chosen = told.names or known
    rows = []
    with tempfile.TemporaryDirectory(prefix="leukoscope-zoo-") as scratch:
        for number, name in enumerate(chosen):
            folder = Path(scratch) / name
            folder.mkdir()
            source, side = _write(name, folder, newer=bool(number % 2))
            rows.append({"network": name, "source": source.suffix} | _convert(source, side))
            print(f"{name:20} {rows[-1]['outcome']:8} {rows[-1]['words']}", flush=True)
    bundles = sum(row["outcome"] == "bundle" for row in rows)
    refused = sum(row["outcome"] == "refused" for row in rows)
    report = {
        "date": time.strftime("%Y-%m-%d"),
        "networks": len(rows),
        "bundles": bundles,
        "refused": refused,
        "rows": rows,
    }
    print(f"{len(rows)} networks: {bundles} bundles, {refused} refused")
    if told.json:
        told.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0 if bundles + refused == len(rows) else 1


def _write(name: str, folder: Path, newer: bool) -> tuple[Path, int]:
    """A network with its description and cells, and its side, pixels."""
    keras = name in keras_networks.NETWORKS
    path = folder / ("float.keras" if keras else "float.onnx")
    side = keras_networks.side_of(name) if keras else _TORCH_SIDE
    write_description(path.with_suffix(".json"), name, side)
    known = read_description(path.with_suffix(".json"))
    place = write_cells(folder / "calibration", 1, "ABCD", side, 12)
    cells = read_cells(list_cells(place, known), known, lambda *_: None)
    pixels = cells.crops.astype(np.float32) / np.float32(127.5) - np.float32(1)
    with quiet():
        if keras:
            model = keras_networks.make(name, len(LABELS))
            keras_networks.fit(model, pixels, cells.label_index)
            model.save(path)
        else:
            from bench.zoo import torch_networks

            network = torch_networks.make(name, len(LABELS))
            nchw = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))
            torch_networks.fit(network, nchw, cells.label_index)
            torch_networks.export(network, str(path), side, newer, True, 18)
    return path, side


def _convert(source: Path, side: int) -> dict[str, Any]:
    folder = source.parent
    calibration = folder / "calibration"
    holdout = write_cells(folder / "holdout", 2, "EFGH", side, 12)
    out = folder / "bundle"
    command = [sys.executable, "-m", "convert", str(source), "--calibration", str(calibration)]
    command += ["--holdout", str(holdout), "--out", str(out)]
    for setting in _LENIENT:
        command += ["--set", setting]
    started_s = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPOSITORY)
    lines = done.stderr.strip().splitlines() or ["nothing was said"]
    outcome = {0: "bundle", 2: "refused"}.get(done.returncode, "failed")
    if outcome == "failed" and "E-CNV-02" in lines[-1]:
        outcome = "refused"
    if outcome == "bundle" and not (out / "bundle.json").is_file():
        outcome = "failed"
    return {
        "outcome": outcome,
        "words": lines[-1].replace(f"{out}: ", "")[:300],
        "seconds": round(time.perf_counter() - started_s, 1),
    }


if __name__ == "__main__":
    sys.exit(main())
