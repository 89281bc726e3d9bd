"""The imported network beside onnxruntime running the file itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from convert.onnx_import.graph import Graph
from edge.errors import ConversionRefused

Floats = NDArray[np.float32]

MOST_RELATIVE_ERROR: Final = 1e-4
"""Largest difference of any output, relative to the largest output of the batch."""


def open_reference(path: Path, graph: Graph) -> Callable[[Floats], Floats]:
    """A function that runs the file in onnxruntime: float32 (N, size, size, 3) to (N, outputs).

    Raises:
        ConversionRefused: onnxruntime does not take the file.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    # As written: an optimizer of its own would be judged as well.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime has an exception for every status
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise ConversionRefused(f"onnxruntime refuses {path.name}: {lines[0][:200]}.") from error
    entry: str = session.get_inputs()[0].name

    def run(pictures: Floats) -> Floats:
        fed = pictures if graph.channels_last else pictures.transpose(0, 3, 1, 2)
        fed = np.ascontiguousarray(fed, dtype=np.float32)
        if graph.dynamic_batch:
            answers = [session.run(None, {entry: fed})[0]]
        else:
            answers = _in_batches(session, entry, fed, graph.batch)
        whole: Floats = np.concatenate(answers)[: len(pictures)]
        return whole

    return run


def _in_batches(session: Any, entry: str, fed: Floats, batch: int) -> list[Floats]:
    """Answers of a file that takes just ``batch`` pictures at a time; the last ones repeated."""
    answers = []
    for start in range(0, len(fed), batch):
        part = fed[start : start + batch]
        whole = np.concatenate([part, np.repeat(part[-1:], batch - len(part), axis=0)])
        answers.append(session.run(None, {entry: whole})[0])
    return answers


def relative_error(found: Floats, wanted: Floats) -> float:
    """Largest difference, relative to the largest magnitude wanted."""
    largest = float(np.abs(wanted).max())
    return float(np.abs(found - wanted).max()) / max(largest, 1e-12)


def refuse_difference(found: Floats, wanted: Floats, name: str, on: str) -> float:
    """The relative error, which must be small.

    Args:
        found: Outputs of the imported network, float32 (N, outputs).
        wanted: Those of onnxruntime.
        name: Of the file.
        on: What they were computed for.

    Raises:
        ConversionRefused: It is not.
    """
    if found.shape != wanted.shape:
        raise ConversionRefused(
            f"{name} gives {found.shape[1:]} numbers as imported, and {wanted.shape[1:]} in "
            "onnxruntime."
        )
    error = relative_error(found, wanted)
    if not error <= MOST_RELATIVE_ERROR:
        raise ConversionRefused(
            f"{name} as imported differs from onnxruntime by {error:.1e} on {on} (at most "
            f"{MOST_RELATIVE_ERROR:.0e}).",
            "Report the network: the importer is wrong about one of its operators.",
        )
    return error
