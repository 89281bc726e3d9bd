"""Choosing a library, with modules that stand in for the real ones; real models: tests/convert."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edge.errors import BundleRefused, InferenceFailed, InterpreterMissing
from edge.inference.interpreter import open_interpreter

MODEL = b"\x1c\x00\x00\x00TFL3"


class FakeRaw:
    """Doubles what it is given; as talkative as the real ones."""

    def __init__(self, model_content: bytes, num_threads: int) -> None:
        os.write(2, b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n")
        self.held = np.zeros((1, 2), dtype=np.int8)

    def allocate_tensors(self) -> None: ...

    def invoke(self) -> None:
        if self.held.max() == 99:
            raise RuntimeError("node 3 failed")

    def get_input_details(self) -> list[dict[str, Any]]:
        return [{"index": 0, "shape": [1, 2], "dtype": np.int8, "quantization": (0.5, -1)}]

    get_output_details = get_input_details

    def set_tensor(self, index: int, value: Any) -> None:
        self.held = value

    def get_tensor(self, index: int) -> Any:
        return self.held * 2


def _install(monkeypatch: pytest.MonkeyPatch, **libraries: Any) -> None:
    """Make ``import_module`` know only these: a class, or an error to raise when constructed."""

    def import_module(name: str) -> Any:
        found = libraries.get(name.split(".")[0])
        if found is None:
            raise ModuleNotFoundError(name)
        if isinstance(found, Exception):

            def fail(**_: Any) -> None:
                raise found

            return SimpleNamespace(Interpreter=fail)
        return SimpleNamespace(Interpreter=found)

    monkeypatch.setattr(importlib, "import_module", import_module)
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "9.9")


def test_the_newer_library_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    _install(monkeypatch, ai_edge_litert=FakeRaw, tflite_runtime=FakeRaw)
    assert open_interpreter(MODEL).library == "ai-edge-litert 9.9"
    assert open_interpreter(MODEL, library="tflite-runtime").library == "tflite-runtime 9.9"


@pytest.mark.parametrize(
    "broken",
    [ImportError("numpy.core.multiarray failed"), AttributeError("_ARRAY_API"), SystemError("x")],
)
def test_a_library_that_cannot_construct_is_passed_over(
    broken: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install(monkeypatch, ai_edge_litert=broken, tflite_runtime=FakeRaw)
    assert open_interpreter(MODEL).library == "tflite-runtime 9.9"


def test_none_works_and_each_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    _install(monkeypatch, tflite_runtime=ImportError("built for numpy 1"))
    with pytest.raises(InterpreterMissing, match=r"litert is not installed.+built for numpy 1"):
        open_interpreter(MODEL)


def test_a_model_that_cannot_run_is_the_bundles_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    _install(monkeypatch, ai_edge_litert=RuntimeError("Unresolved custom op"))
    with pytest.raises(BundleRefused, match="custom op"):
        open_interpreter(MODEL)
    with pytest.raises(BundleRefused, match="no TFLite model"):
        open_interpreter(b"PK\x03\x04 something else")


def test_native_chatter_stays_off_stderr(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    _install(monkeypatch, ai_edge_litert=FakeRaw)
    open_interpreter(MODEL)
    os.write(2, b"heard again\n")
    assert capfd.readouterr().err == "heard again\n"


def test_it_runs_crop_by_crop_and_copies_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    _install(monkeypatch, ai_edge_litert=FakeRaw)
    known = open_interpreter(MODEL)
    batch = np.array([[1, 2], [3, 4], [5, 6]], dtype=np.int8)
    np.testing.assert_array_equal(known.run(batch), batch * 2)
    assert known.run(batch[:0]).shape == (0, 2)
    assert known.input.scale == 0.5


def test_a_failing_library_and_a_wrong_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    _install(monkeypatch, ai_edge_litert=FakeRaw)
    known = open_interpreter(MODEL)
    with pytest.raises(InferenceFailed, match="node 3"):
        known.run(np.array([[99, 0]], dtype=np.int8))
    with pytest.raises(ValueError, match="does not fit"):
        known.run(np.zeros((1, 3), dtype=np.int8))


@pytest.mark.parametrize("arguments", [{"threads": 0}, {"library": "onnxruntime"}])
def test_wrong_arguments(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"threads|onnxruntime"):
        open_interpreter(MODEL, **arguments)
