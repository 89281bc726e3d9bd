"""The gate: the int8 network must hold what the float one promised, or no bundle is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.cells import CellSet
from convert.figures import Flags, Floats
from convert.inspection import ModelFacts
from convert.operating_point import Answers
from convert.settings import ConvertSettings

_ENOUGH_OF_A_LABEL = 20


@dataclass(frozen=True)
class Check:
    """One demand and how it was met.

    Attributes:
        name: What is demanded.
        passed: Whether it is met.
        found: What was found, in words and numbers.
    """

    name: str
    passed: bool
    found: str


def decide_alike(int8: Answers, reference: Answers) -> Flags:
    """bool, shape (cells,): what the device says is not contradicted.

    Artefact or white cell alike; and blast or not alike, unless one of the two does not answer:
    the band of no answer lies where a rounding may turn a call. That both are silent as often is
    a check of its own.
    """
    same_kind = int8.counted == reference.counted
    same_call = int8.flagged == reference.flagged
    silent = int8.counted & reference.counted & ~(int8.answered & reference.answered)
    alike: Flags = same_kind & (same_call | silent | ~int8.counted)
    return alike


def run_gate(
    cells: CellSet,
    int8: Answers,
    reference: Answers,
    raw: NDArray[np.int8],
    facts: ModelFacts,
    figures: dict[str, Any],
    steps: int,
    settings: ConvertSettings,
) -> list[Check]:
    """All checks, passed or not.

    Args:
        cells: The holdout.
        int8: Answers of the int8 network.
        reference: Answers of the float network, at the same decision.
        raw: The int8 network's raw outputs, int8, shape (cells, labels).
        facts: Of the model file.
        figures: ``int8`` and ``float`` as ``figures_of`` returns them, and ``agreement``.
        steps: Largest difference between interpreters, in steps of the output.
        settings: Limits.
    """
    agreement = figures["agreement"]
    now, before = figures["int8"], figures["float"]
    return [
        Check(
            "int8 and float decide alike",
            agreement >= settings.least_agreement,
            f"{agreement:.2%} of {len(cells)} cells (at least {settings.least_agreement:.0%})",
        ),
        _silence(int8, reference, settings),
        _loss("AUC", before["auc"], now["auc"], settings.most_auc_loss),
        _loss(
            "sensitivity", before["sensitivity"], now["sensitivity"], settings.most_sensitivity_loss
        ),
        _change("calibration error", before["ece"], now["ece"], settings.most_ece_change),
        *_answers_alive(cells, int8, reference, raw),
        *_integers_only(facts),
        _interpreters(steps, settings),
    ]


def _silence(int8: Answers, reference: Answers, settings: ConvertSettings) -> Check:
    now, before = (
        float((answers.counted & ~answers.answered).mean()) for answers in (int8, reference)
    )
    return Check(
        "as many cells get no answer",
        abs(now - before) <= settings.most_silence_change,
        f"{before:.2%} float, {now:.2%} int8 (change at most {settings.most_silence_change:.0%})",
    )


def _loss(name: str, before: float | None, now: float | None, most: float) -> Check:
    if before is None or now is None:
        return Check(f"{name} is kept", False, "cannot be measured: the holdout lacks blasts")
    found = f"{before:.4f} float, {now:.4f} int8 (loss at most {most:g})"
    return Check(f"{name} is kept", before - now <= most, found)


def _change(name: str, before: float, now: float, most: float) -> Check:
    found = f"{before:.4f} float, {now:.4f} int8 (change at most {most:g})"
    return Check(f"{name} is kept", abs(before - now) <= most, found)


def _answers_alive(
    cells: CellSet, int8: Answers, reference: Answers, raw: NDArray[np.int8]
) -> list[Check]:
    """Outputs that do not move, labels that are never said, outputs stuck at their ends."""
    still = int((raw.min(axis=0) == raw.max(axis=0)).sum())
    dead = [
        int(label)
        for label in np.unique(cells.label_index)
        if (reference.scores.best == label).sum() >= _ENOUGH_OF_A_LABEL
        and not (int8.scores.best == label).any()
    ]
    highest = raw.max(axis=1)
    stuck = float(((raw == 127).sum(axis=1) > 1).mean() + (highest == -128).mean())
    distinct = len(np.unique(raw, axis=0))
    return [
        Check(
            "no output is constant",
            still == 0 and distinct > 1,
            f"{still} of {raw.shape[1]} outputs, {distinct} different answers",
        ),
        Check("no label is lost", not dead, f"{len(dead)} labels that float says and int8 never"),
        Check(
            "outputs are not saturated into ties",
            stuck <= 0.01,
            f"{stuck:.2%} of cells (at most 1%)",
        ),
    ]


def _integers_only(facts: ModelFacts) -> list[Check]:
    scaled, all_of_them = facts.per_channel
    return [
        Check(
            "built-in operators only",
            not facts.custom,
            ", ".join(facts.custom) or f"{sum(facts.operators.values())} operators",
        ),
        Check(
            "no tensor left in float",
            not facts.float_tensors,
            ", ".join(facts.float_tensors[:3]) or "none",
        ),
        Check(
            "weights have a scale per channel",
            scaled > 0 or all_of_them == 0,
            f"{scaled} of {all_of_them} convolutions",
        ),
    ]


def _interpreters(steps: int, settings: ConvertSettings) -> Check:
    name = "interpreters answer alike"
    found = f"{steps} steps apart at most (at most {settings.most_steps})"
    return Check(name, steps <= settings.most_steps, found)


def mean_step_error(logits: Floats, reference: Floats, scale: float) -> float:
    """Mean difference of int8 and float logits, in steps of the output quantization."""
    return float(np.abs(logits - reference).mean() / scale)
