"""Networks of many families from source to bundle, or refused for a reason.

Each is narrow and trained for a few steps on drawn cells, so that it has something to lose; every
second one is written by PyTorch's newest exporter, the others by the one before. Each is tried in
a process of its own: a crash is a result too. Keras' own collection is tried where named: its
networks are deep, and what they learn from so few cells is chance, so that the gate refuses most.

Each row is written as it is found; with the file there already, rows of other networks stay.

    python -m bench.convert_zoo [NAME...] [--json FILE]
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
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

_OUTCOMES: Final = ("bundle", "refused", "gate", "failed")
_TORCH_SIDE: Final = 64
_LENIENT: Final = (
    # Drawn cells of a few patients prove the way, not the network: figures of so few are coarse.
    "representative_cells=100", "contract_cells=0", "most_sensitivity_loss=0.1",
    "most_false_blast_rise=0.1",
    "most_ece_change=0.05", "most_auc_loss=0.02", "least_agreement=0.95", "most_silence_change=0.1",
    "most_verdicts_changed=1",
)  # fmt: skip


def main() -> int:
    """Convert all; 0 where every network came out as a bundle or was refused by name."""
    hush_tensorflow()
    import tensorflow  # noqa: F401  loaded once, see _apart

    from bench.zoo import torch_networks

    torch_names = [*torch_networks.NETWORKS, "vision_transformer"]
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help="of networks; all, if left out")
    parser.add_argument("--json", type=Path)
    told = parser.parse_args()
    chosen = told.names or torch_names
    rows = _rows_of(told.json)
    for number, name in enumerate(chosen):
        with tempfile.TemporaryDirectory(prefix="leukoscope-zoo-") as scratch:
            row = _apart(name, Path(scratch), newer=bool(number % 2))
        rows[name] = row
        print(f"{name:20} {row['outcome']:8} {row['words']}", flush=True)
        if told.json:
            told.json.write_text(json.dumps(_report(rows, torch_names), indent=1) + "\n")
    counts = _report(rows, torch_names)
    print(", ".join(f"{counts[word]} {word}" for word in ("networks", *_OUTCOMES)))
    return 1 if counts["failed"] else 0


def _rows_of(path: Path | None) -> dict[str, Any]:
    """What an earlier run left, by network."""
    if path is None or not path.exists():
        return {}
    return {row["network"]: row for row in json.loads(path.read_text())["rows"]}


def _report(rows: dict[str, Any], order: list[str]) -> dict[str, Any]:
    named = [*(name for name in order if name in rows), *(n for n in rows if n not in order)]
    found = [rows[name] for name in named]
    counts = {word: sum(row["outcome"] == word for row in found) for word in _OUTCOMES}
    return {"date": time.strftime("%Y-%m-%d"), "networks": len(found)} | counts | {"rows": found}


def _apart(name: str, scratch: Path, newer: bool) -> dict[str, Any]:
    """One network in a child of this process, which has the libraries loaded and computed nothing:
    loading them anew for each took longer than converting."""
    end, entry = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            row = convert_one(name, scratch / name, newer)
            os.write(entry, json.dumps(row).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(entry)
    with os.fdopen(end, "rb") as answer:
        said = answer.read()
    os.waitpid(child, 0)
    if said:
        found: dict[str, Any] = json.loads(said)
        return found
    return {"network": name, "source": "", "outcome": "failed", "words": "it ended", "seconds": 0.0}


def convert_one(name: str, folder: Path, newer: bool) -> dict[str, Any]:
    """Make, convert and use one network.

    Args:
        name: Of the zoo.
        folder: To be made, for everything.
        newer: By PyTorch's newest exporter.

    Returns:
        network, source, outcome (``bundle``, ``refused``, ``gate`` or ``failed``), words, seconds.
    """
    folder.mkdir()
    source, side = _write(name, folder, newer)
    kind = source.suffix + (f", dynamo={newer}" if source.suffix == ".onnx" else "")
    return {"network": name, "source": kind} | _convert(source, side)


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
    """By the command's own code, its words kept."""
    from convert.__main__ import main as converter

    folder = source.parent
    calibration = folder / "calibration"
    holdout = write_cells(folder / "holdout", 2, "EFGH", side, 12)
    out = folder / "bundle"
    command = [str(source), "--calibration", str(calibration), "--holdout", str(holdout)]
    command += ["--out", str(out)]
    for setting in _LENIENT:
        command += ["--set", setting]
    started_s = time.perf_counter()
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        status = converter(command)
    lines = said.getvalue().strip().splitlines() or ["nothing was said"]
    seconds = round(time.perf_counter() - started_s, 1)
    outcome = {0: "bundle", 2: "refused"}.get(status, "failed")
    if status == 1 and "E-CNV-02" in lines[-1]:
        outcome = "gate"
    if outcome == "bundle":
        rungs = [line for line in lines if line.startswith("trying: ")]
        lines.append(f"{rungs[-1].removeprefix('trying: ')}; {lines[-1].partition(', ')[2]}")
        outcome = outcome if _is_used(out, holdout) else "failed"
    return {
        "outcome": outcome,
        "words": lines[-1].replace("leukoscope-convert: ", "")[:300],
        "seconds": seconds,
    }


def _is_used(bundle: Path, cells: Path) -> bool:
    """Whether the device's own command answers for a cell by this bundle."""
    cell = next((cells / LABELS[0]).glob("*.png"))
    command = [sys.executable, "-m", "edge.cli", "classify", str(cell), "--um-per-px", "0.4"]
    command += ["--jsonl", "--model", str(bundle)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPOSITORY)
    return done.returncode == 0 and "p_blast" in json.loads(done.stdout)


if __name__ == "__main__":
    sys.exit(main())
