"""The bundle that travels with the package, in every interpreter that works here."""

from __future__ import annotations

import subprocess
import sys

import pytest

from edge.errors import InterpreterMissing
from edge.inference.bundle import Bundle, load_bundle
from edge.inference.classifier import Classifier
from edge.inference.interpreter import LIBRARIES, open_interpreter
from edge.inference.shelf import find_bundle
from tests.shared_data import REPOSITORY


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_bundle(find_bundle())


# In a process of its own: tflite-runtime cannot load a model once TensorFlow is in the process.
_REPLAY = """
import sys
from edge.errors import InterpreterMissing
from edge.inference.bundle import load_bundle
from edge.inference.golden import replay_golden
from edge.inference.interpreter import open_interpreter
from edge.inference.shelf import find_bundle

bundle = load_bundle(find_bundle())
try:
    interpreter = open_interpreter(bundle.model, library=sys.argv[1])
except InterpreterMissing as fault:
    print(fault.cause)
    sys.exit(3)
print(interpreter.library, "differs by", replay_golden(bundle, interpreter), "steps at most")
"""


@pytest.mark.parametrize("library", LIBRARIES)
def test_it_passes_its_golden_test(library: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _REPLAY, library],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 3:
        pytest.skip(done.stdout.strip())
    assert done.returncode == 0, done.stderr
    print(done.stdout.strip())


def test_its_golden_cells_reach_both_answers(bundle: Bundle) -> None:
    try:
        classifier = Classifier(bundle, open_interpreter(bundle.model))
    except InterpreterMissing as fault:
        pytest.skip(fault.cause)
    p_blast = [call.p_blast for call in classifier.classify(bundle.golden_crops)]
    assert min(p_blast) < bundle.threshold < max(p_blast)


def test_it_says_what_it_was_trained_on_and_what_it_lacks(bundle: Bundle) -> None:
    assert all(source["terms"] for source in bundle.description["trained_on"])
    card = (find_bundle() / "MODEL_CARD.md").read_text(encoding="utf-8")
    for said in ("not a diagnosis", "No lymphoblasts", "No children marked"):
        assert said in card


def test_it_holds_what_the_first_network_must(bundle: Bundle) -> None:
    """Floors of the first shipped network, on patients held out of the lent data."""
    int8, reference = (bundle.description["figures"][kind] for kind in ("int8", "float"))
    barcelona = int8["by_source"]["barcelona"]["false_blast_rate"]
    print("AUC", int8["auc"], "float", reference["auc"], "false blasts, Barcelona", barcelona)
    assert int8["auc"] >= 0.96
    assert reference["auc"] - int8["auc"] <= 0.003
    assert barcelona <= 0.02
