"""The gate: the int8 network must hold what the float one promised, or no bundle is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from convert.cells import CellSet
from convert.examinations import Examined
from convert.figures import Flags, Floats
from convert.inspection import ModelFacts, Partitions
from convert.layers import LayerError
from convert.operating_point import Answers
from convert.patients import Loss, Reading
from convert.settings import ConvertSettings

_ENOUGH_OF_A_LABEL = 20
_FEWEST_LEVELS = 8
_TOLD_APART = 0.05
"""Difference of float's p_blast by which two cells with one int8 score were told apart."""


@dataclass(frozen=True)
class Check:
    """One demand and how it was met.

    Attributes:
        name: What is demanded.
        passed: Whether it is met.
        found: What was found, in words and numbers.
        warning: Met, but a person should know.
    """

    name: str
    passed: bool
    found: str
    warning: bool = False


@dataclass(frozen=True)
class Evidence:
    """What the gate judges.

    Attributes:
        cells: The holdout.
        int8: Answers of the int8 network.
        reference: Answers of the float network, at the same decision.
        raw: The int8 network's raw outputs, int8, shape (cells, labels).
        facts: Of the model file.
        partitions: Of the model in the delegate.
        figures: ``int8`` and ``float`` as ``figures_of`` returns them, and ``agreement``.
        own: Rates over patients, each network by its own decision: what runs, against what would
            run if the float network were a bundle.
        shared: Rates over patients, both by the float network's decision.
        examined: Every patient's verdict by both.
        layers: Errors of all operators.
        kept_float: Operators left in float on purpose.
    """

    cells: CellSet
    int8: Answers
    reference: Answers
    raw: NDArray[np.int8]
    facts: ModelFacts
    partitions: Partitions
    figures: dict[str, Any]
    own: Reading
    shared: Reading
    examined: Sequence[Examined]
    layers: Sequence[LayerError]
    kept_float: Sequence[str] = ()


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


INTERPRETERS: Final = "interpreters answer alike"
SENSITIVITY_KEPT: Final = "sensitivity is kept"


def run_gate(found: Evidence, settings: ConvertSettings) -> list[Check]:
    """All checks but that of the interpreters, passed or not."""
    agreement = found.figures["agreement"]
    now, before = found.figures["int8"], found.figures["float"]
    return [
        Check(
            "int8 and float decide alike",
            agreement >= settings.least_agreement,
            f"{agreement:.2%} of {len(found.cells)} cells (at least "
            f"{settings.least_agreement:.0%})",
        ),
        _silence(found.int8, found.reference, settings),
        _auc(before["auc"], now["auc"], settings.most_auc_loss),
        _kept(SENSITIVITY_KEPT, "loss", found.own.sensitivity, settings.most_sensitivity_loss),
        _kept(
            "false-blast rate is kept",
            "rise",
            found.own.false_blasts,
            settings.most_false_blast_rise,
        ),
        _one_decision(found.shared, settings),
        _change("calibration error", before["ece"], now["ece"], settings.most_ece_change),
        _verdicts(found.examined, settings.most_verdicts_changed),
        *_answers_alive(found),
        _scales(found.layers, settings),
        *_integers_only(found),
        _one_partition(found.partitions),
    ]


def interpreters_check(steps: Floats, compared: str, most: int) -> Check:
    """How far the answers of different interpreters lie apart.

    Args:
        steps: Largest difference of every holdout cell's answer, float64 (cells,).
        compared: Which interpreters.
        most: Steps allowed.
    """
    worst = float(steps.max())
    return Check(
        INTERPRETERS,
        worst <= most,
        f"{compared}: {worst:.3g} steps apart at most (at most {most}) on {len(steps)} cells",
    )


def _silence(int8: Answers, reference: Answers, settings: ConvertSettings) -> Check:
    now, before = (
        float((answers.counted & ~answers.answered).mean()) for answers in (int8, reference)
    )
    return Check(
        "as many cells get no answer",
        abs(now - before) <= settings.most_silence_change,
        f"{before:.2%} float, {now:.2%} int8 (change at most {settings.most_silence_change:.0%})",
    )


def _auc(before: float | None, now: float | None, most: float) -> Check:
    if before is None or now is None:
        return Check("AUC is kept", False, "cannot be measured: the holdout lacks blasts or others")
    found = f"{before:.4f} float, {now:.4f} int8 (loss at most {most:g})"
    return Check("AUC is kept", before - now <= most, found)


def _kept(name: str, what: str, loss: Loss | None, most: float) -> Check:
    """A rate of the network that ships, by its own decision, beside float's by float's own.

    Both rates are asked: a decision set anew can buy one of them with the other, never both.
    """
    if loss is None:
        return Check(name, False, "cannot be measured: the holdout lacks such cells")
    return Check(name, loss.bound <= most, f"{_told(what, loss)} (at most {most:.1%})")


def _one_decision(shared: Reading, settings: ConvertSettings) -> Check:
    """What int8 alone moves, before its decision is set anew: told, and no reason to fail.

    A shift that is the same for every cell moves both rates here and is gone once the decision is
    set on int8's own answers, as it is in every bundle; anything else stays, and the checks of
    both rates find it.
    """
    pairs = (
        ("loss of sensitivity", shared.sensitivity, settings.most_sensitivity_loss),
        ("rise of false blasts", shared.false_blasts, settings.most_false_blast_rise),
    )
    return Check(
        "rates at one decision for both",
        True,
        "; ".join(_told(what, loss) for what, loss, _ in pairs if loss is not None),
        warning=any(loss is not None and loss.bound > most for _, loss, most in pairs),
    )


def _told(what: str, loss: Loss) -> str:
    return (
        f"{what} {loss.mean:+.2%}, below {loss.bound:+.2%} with 95% confidence over "
        f"{loss.patients} patients, cells lying two ways"
    )


def _change(name: str, before: float, now: float, most: float) -> Check:
    found = f"{before:.4f} float, {now:.4f} int8 (change at most {most:g})"
    return Check(f"{name} is kept", abs(before - now) <= most, found)


def _verdicts(examined: Sequence[Examined], most: int) -> Check:
    changed = [each for each in examined if each.float_verdict is not each.int8_verdict]
    shown = ", ".join(
        f"{each.group} {each.float_verdict} to {each.int8_verdict}" for each in changed[:3]
    )
    return Check(
        "no examination's verdict changes",
        len(changed) <= most,
        f"{len(changed)} of {len(examined)}" + (f" ({shown})" if shown else ""),
    )


def _answers_alive(found: Evidence) -> list[Check]:
    """Outputs that do not move, labels that are never said, outputs stuck at their ends."""
    raw, int8, reference = found.raw, found.int8, found.reference
    still = int((raw.min(axis=0) == raw.max(axis=0)).sum())
    dead = [
        int(label)
        for label in np.unique(found.cells.label_index)
        if (reference.scores.best == label).sum() >= _ENOUGH_OF_A_LABEL
        and not (int8.scores.best == label).any()
    ]
    highest = raw.max(axis=1)
    stuck = float(((raw == 127).sum(axis=1) > 1).mean() + (highest == -128).mean())
    distinct = len(np.unique(raw, axis=0))
    white = found.cells.is_white
    ties = _hidden_by_a_tie(int8.scores.p_blast[white], reference.scores.p_blast[white])
    last = found.facts.last_operator
    return [
        Check(
            "no output is constant",
            still == 0 and distinct > 1,
            f"{still} of {raw.shape[1]} outputs, {distinct} different answers",
        ),
        Check("no label is lost", not dead, f"{len(dead)} labels that float says and int8 never"),
        Check(
            "scores are not saturated into ties",
            stuck <= 0.01 and ties <= 0.1,
            f"{stuck:.2%} of cells at the end of the output's range (at most 1%); {ties:.1%} of "
            f"white cells share one score that float puts more than {_TOLD_APART:g} of probability "
            "elsewhere (at most 10%)",
        ),
        Check(
            "outputs are logits",
            last not in {"SOFTMAX", "LOGISTIC", "LOG_SOFTMAX"},
            f"the last operator is {last}",
        ),
    ]


def _hidden_by_a_tie(scores: Floats, reference: Floats) -> float:
    """Share of cells that have the commonest score, and that float tells apart from its middle.

    Cells that float itself calls nearly alike, such as all that are surely no blasts, may well
    round to one score: nothing that anyone would act on is lost by that.

    Args:
        scores: The int8 network's p_blast.
        reference: The float network's, of the same cells.
    """
    values, own, counts = np.unique(scores, return_inverse=True, return_counts=True)
    if not len(values):
        return 0.0
    tied = reference[own == counts.argmax()]
    return float((np.abs(tied - np.median(tied)) > _TOLD_APART).sum() / len(scores))


def _scales(layers: Sequence[LayerError], settings: ConvertSettings) -> Check:
    """No tensor is cut off by its range, or has a range so wide that few values are used.

    The output's range is wide on purpose, and checked by the ties of scores.
    """
    bad = [
        f"{layer.operator} {short(layer.name)} ({layer.clipped:.1%} cut off, {layer.levels} levels)"
        for layer in layers[:-1]
        if layer.clipped > settings.most_clipped or 0 < layer.levels < _FEWEST_LEVELS
    ]
    most = max((layer.clipped for layer in layers[:-1]), default=0.0)
    return Check(
        "no scale is saturated",
        not bad,
        "; ".join(bad[:2])
        or f"{most:.1%} of a layer's values cut off at most (at most {settings.most_clipped:.0%})",
    )


def _integers_only(found: Evidence) -> list[Check]:
    facts = found.facts
    scaled, all_of_them = facts.per_channel
    floats = list(facts.float_tensors)
    kept = [short(name) for name in found.kept_float]
    return [
        Check(
            "built-in operators only",
            not facts.custom,
            ", ".join(facts.custom) or f"{sum(facts.operators.values())} operators",
        ),
        Check(
            "no tensor left in float",
            not floats or bool(kept),
            f"kept in float on purpose: {', '.join(kept)}"
            if kept
            else ", ".join(map(short, floats[:3])) or "none",
            warning=bool(kept),
        ),
        Check(
            "weights have a scale per channel",
            scaled > 0 or all_of_them == 0 or bool(kept),
            f"{scaled} of {all_of_them} convolutions",
        ),
    ]


def _one_partition(found: Partitions) -> Check:
    """One piece of the graph runs in the delegate; more of them cost copies between."""
    alone = found.count == 1 and not found.outside
    reason = ", ".join(f"{name} ({count})" for name, count in found.outside.items())
    return Check(
        "one partition of the delegate",
        True,
        f"{found.count}" + (f"; outside of them {reason}" if reason else ""),
        warning=not alone,
    )


def short(name: str) -> str:
    """The telling part of a tensor's long name."""
    return name.split(";")[0].removesuffix("/")[-60:]


def mean_step_error(logits: Floats, reference: Floats, scale: float) -> float:
    """Mean difference of int8 and float logits, in steps of the output quantization."""
    return float(np.abs(logits - reference).mean() / scale)
