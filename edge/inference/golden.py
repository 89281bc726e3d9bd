"""The golden test: this device must answer as the machine that proved the bundle did."""

from __future__ import annotations

from typing import Final

import numpy as np

from edge.errors import GoldenTestFailed
from edge.inference.bundle import Bundle
from edge.inference.classifier import pixel_table, quantize
from edge.inference.interpreter import Interpreter

TOLERANCE_STEPS: Final = 1
"""Largest difference allowed, in steps of the output quantization."""


def replay_golden(bundle: Bundle, interpreter: Interpreter, only: int | None = None) -> int:
    """Run the bundle's golden crops, as the device runs cells.

    Args:
        bundle: A verified bundle.
        interpreter: Its model, loaded.
        only: One crop instead of all (taken modulo their number): a sign of life, in a moment.

    Returns:
        The largest difference found, in steps of the output quantization.

    Raises:
        GoldenTestFailed: A difference is larger than ``TOLERANCE_STEPS``.
    """
    table = pixel_table(bundle.input)
    count = len(bundle.golden_crops)
    chosen = slice(None) if only is None else slice(only % count, only % count + 1)
    answers = interpreter.run(quantize(bundle.golden_crops[chosen], table))
    steps = np.abs(answers.astype(np.int16) - bundle.golden_outputs[chosen].astype(np.int16))
    worst = int(steps.max())
    if worst > TOLERANCE_STEPS:
        wrong = int((steps.max(axis=1) > TOLERANCE_STEPS).sum())
        raise GoldenTestFailed(
            f"{bundle.name} {bundle.version} on {interpreter.library}: {wrong} of {len(steps)} "
            f"golden answers differ, by up to {worst} steps."
        )
    return worst
