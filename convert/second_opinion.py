"""The same model by other arithmetic: plain kernels, and another interpreter library.

The plain kernels of ai-edge-litert round as tflite-runtime does (equal on every output compared),
so that the fast ones can be checked against them wherever a conversion runs. The other library
runs in a process of its own: tflite-runtime cannot load a model once TensorFlow is in the process
("vector::reserve"), and a library that crashes must not take the conversion with it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from convert.quiet import quiet
from edge.errors import InferenceFailed, InterpreterMissing, LeukoscopeError
from edge.inference.interpreter import open_interpreter

_NOT_HERE: Final = 3
"""Exit status of the other process where its library does not work."""


def plain_kernels(model: bytes, batch: NDArray[np.int8]) -> NDArray[np.int8]:
    """Raw outputs of ``model`` without XNNPACK, int8, shape (N, labels)."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    with quiet():
        interpreter = Interpreter(
            model_content=model,
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
        interpreter.allocate_tensors()
    entry = interpreter.get_input_details()[0]["index"]
    end = interpreter.get_output_details()[0]["index"]
    answers = []
    for crop in batch:
        interpreter.set_tensor(entry, crop[None])
        interpreter.invoke()
        answers.append(interpreter.get_tensor(end)[0])
    return np.stack(answers)


def ask(library: str, model: bytes, batch: NDArray[np.int8]) -> NDArray[np.int8] | None:
    """Raw outputs of ``model`` in ``library``.

    Args:
        library: One of ``edge.inference.interpreter.LIBRARIES``.
        model: Bytes of the int8 model.
        batch: int8, shape (N, size, size, 3).

    Returns:
        int8, shape (N, labels); None where the library is not installed or does not work here.

    Raises:
        InferenceFailed: The library is there, and failed on this model.
    """
    with tempfile.TemporaryDirectory(prefix="leukoscope-convert-") as scratch:
        folder = Path(scratch)
        (folder / "model.tflite").write_bytes(model)
        np.save(folder / "batch.npy", batch)
        command = [sys.executable, "-m", "convert.second_opinion", library, scratch]
        root = Path(__file__).resolve().parent.parent
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        if done.returncode == _NOT_HERE:
            return None
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"]
            raise InferenceFailed(f"{library} failed on the model: {lines[-1]}.")
        answers: NDArray[np.int8] = np.load(folder / "answers.npy", allow_pickle=False)
        return answers


def main(library: str, scratch: Path) -> int:
    """The other process: read model and batch, write answers."""
    try:
        interpreter = open_interpreter((scratch / "model.tflite").read_bytes(), 1, library)
        np.save(scratch / "answers.npy", interpreter.run(np.load(scratch / "batch.npy")))
    except InterpreterMissing:
        return _NOT_HERE
    except LeukoscopeError as fault:
        print(fault.cause, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
