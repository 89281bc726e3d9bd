"""The golden test finds a device that answers otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from edge.errors import GoldenTestFailed
from edge.inference.bundle import load_bundle
from edge.inference.golden import replay_golden
from edge.inference.interpreter import Interpreter
from tests.edge.inference.bundle_maker import ToyInterpreter, write_bundle


@pytest.mark.parametrize("steps", [0, 1, -1])
def test_a_step_of_rounding_passes(steps: int, tmp_path: Path) -> None:
    bundle = load_bundle(write_bundle(tmp_path))
    interpreter = cast(Interpreter, ToyInterpreter(wrong_by_steps=steps))
    assert replay_golden(bundle, interpreter) == abs(steps)


@pytest.mark.parametrize("steps", [2, -2, 90])
def test_more_than_a_step_does_not(steps: int, tmp_path: Path) -> None:
    bundle = load_bundle(write_bundle(tmp_path))
    interpreter = cast(Interpreter, ToyInterpreter(wrong_by_steps=steps))
    with pytest.raises(GoldenTestFailed, match="toy 1"):
        replay_golden(bundle, interpreter)
