"""One int8 model on trial: its decision, its answers on the holdout, and the gate's judgement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.cells import CellSet
from convert.description import NetworkDescription
from convert.device_network import DeviceNetwork, steps_apart
from convert.evaluation import figures_of
from convert.examinations import Examined, examine_both
from convert.figures import Floats
from convert.gate import (
    INTERPRETERS,
    SENSITIVITY_KEPT,
    Check,
    Evidence,
    decide_alike,
    interpreters_check,
    mean_step_error,
    run_gate,
)
from convert.inspection import ModelFacts, delegate_partitions, inspect_model
from convert.layers import LayerError, layer_errors
from convert.operating_point import (
    Answers,
    Decision,
    Rate,
    Reference,
    answer,
    measure_false_blasts,
    measure_sensitivity,
    set_decision,
)
from convert.patients import Reading, read_rates
from convert.recalibration import read_line
from convert.score_reference import score_reference
from convert.settings import ConvertSettings
from convert.unseen_cameras import with_unseen_cameras
from edge.inference.interpreter import open_interpreter
from edge.inference.recalibration import AS_IT_IS
from edge.inference.views import at_right_angle
from edge.judgement.operating_point import OperatingPoint
from edge.judgement.score_bins import ScoreReference
from edge.judgement.slide import SlideRules


@dataclass(frozen=True)
class Rung:
    """One way to int8.

    Attributes:
        name: What was done, in words.
        model: Bytes of the int8 model.
        exact: Bytes of the float model it was made of.
        kept_float: Operators left in float, by the name of their output.
    """

    name: str
    model: bytes
    exact: bytes
    kept_float: tuple[str, ...] = ()


@dataclass(frozen=True)
class Court:
    """What all rungs are judged by; the float network's part is computed once.

    Attributes:
        network: Labels and pixels.
        calibration: Cells that set the decision.
        holdout: Cells of patients never seen.
        float_calibration: The float network's answers to the calibration cells.
        float_holdout: Of the holdout.
        float_turned: Of the holdout, had its cells lain at a right angle.
        folds: Out-of-fold cells and answers, or None.
        report: The trainer's cross-validation, or None.
        layer_inputs: float32 (N, size, size, 3): cells on which layers are compared.
        layer_crops: The same as crops, uint8.
        settings: Limits.
        threads: Of the interpreter.
    """

    network: NetworkDescription
    calibration: CellSet
    holdout: CellSet
    float_calibration: Floats
    float_holdout: Floats
    float_turned: Floats
    folds: tuple[CellSet, Answers] | None
    report: dict[str, Any] | None
    layer_inputs: NDArray[np.float32]
    layer_crops: NDArray[np.uint8]
    settings: ConvertSettings
    threads: int

    @property
    def reference(self) -> Reference | None:
        """What sets threshold and band instead of the calibration cells."""
        if self.folds is None:
            return None
        cells, answers = self.folds
        return Reference(cells, answers.scores.p_blast, read_line(self.report) or AS_IT_IS)


@dataclass(frozen=True)
class Trial:
    """A rung and what was found.

    Attributes:
        rung: Which.
        device: Its model in the interpreter.
        facts: Of the model file.
        decision: How its logits become answers.
        int8: Its answers on the holdout.
        own: The float network's answers, by the float network's own decision.
        unadjusted: The int8 network's answers, by the float network's decision.
        readings: What int8 does to both rates: each network by its own decision, and both by the
            float network's.
        sensitivity: Its operating point.
        false_blasts: Likewise.
        figures: For ``bundle.json``.
        scores: Of every patient, for ``bundle.json``.
        examined: Every patient's verdict.
        layers: Errors of all operators.
        checks: The gate.
    """

    rung: Rung
    device: DeviceNetwork
    facts: ModelFacts
    decision: Decision
    int8: Answers
    own: Answers
    unadjusted: Answers
    readings: tuple[Reading, Reading]
    sensitivity: Rate
    false_blasts: Rate
    figures: dict[str, Any]
    scores: dict[str, Any]
    examined: Sequence[Examined]
    layers: Sequence[LayerError]
    checks: Sequence[Check]

    @property
    def failed(self) -> list[Check]:
        """Checks that were not passed."""
        return [check for check in self.checks if not check.passed]

    @property
    def only_rounding_is_wrong(self) -> bool:
        """Nothing failed but what the rounding of the logits decides: calls at the threshold, and
        how far interpreters lie apart. An output of another width rounds them otherwise."""
        return {check.name for check in self.failed} <= {INTERPRETERS, SENSITIVITY_KEPT}


def try_rung(rung: Rung, court: Court, told: Callable[[str], None]) -> Trial:
    """Judge a rung on the holdout.

    Interpreters are compared on every cell, which takes longest, and so only where all else holds.

    Args:
        rung: Which.
        court: What it is judged by.
        told: Hears what is being done.

    Raises:
        DataMissing: The cells cannot decide anything.
    """
    settings, network, holdout = court.settings, court.network, court.holdout
    device = DeviceNetwork(network, open_interpreter(rung.model, court.threads))
    decision = set_decision(
        device.answers(court.calibration.crops),
        court.calibration,
        network,
        settings,
        court.reference,
    )
    raw, logits = device.ask(holdout.crops)
    int8 = answer(logits, network, decision)
    exact = answer(court.float_holdout, network, decision)
    # The float network's figures are those it would have had as a bundle: by its own decision.
    own_decision = set_decision(
        court.float_calibration, court.calibration, network, settings, court.reference
    )
    own = answer(court.float_holdout, network, own_decision)
    unadjusted = answer(logits, network, own_decision)
    turned = device.answers(at_right_angle(holdout.crops))
    own_turned = answer(court.float_turned, network, own_decision)
    measured = court.folds or (holdout, int8)
    sensitivity = measure_sensitivity(*measured)
    false_blasts = with_unseen_cameras(
        measure_false_blasts(*measured, settings),
        court.report if settings.count_unseen_cameras else None,
    )
    scores = score_reference(measured[0], measured[1].scores.p_blast)
    patients = tuple(tuple(row["cells"]) for row in scores["patients"])
    rules = SlideRules(
        OperatingPoint(sensitivity.spread, false_blasts.spread),
        reference=ScoreReference(patients) if patients else None,
    )
    step = device.output_quantization.scale
    figures = {
        "int8": figures_of(holdout, int8),
        "float": figures_of(holdout, own),
        "agreement": round(float(decide_alike(int8, exact).mean()), 5),
        "mean_step_error": round(mean_step_error(logits, court.float_holdout, step), 3),
    }
    facts = inspect_model(rung.model)
    evidence = Evidence(
        cells=holdout,
        int8=int8,
        reference=exact,
        raw=raw,
        facts=facts,
        partitions=delegate_partitions(rung.model),
        figures=figures,
        own=read_rates(
            holdout, [(int8, own), (answer(turned, network, decision), own_turned)], settings.seed
        ),
        shared=read_rates(
            holdout,
            [(unadjusted, own), (answer(turned, network, own_decision), own_turned)],
            settings.seed,
        ),
        examined=examine_both(holdout, int8, own, network, rules, settings.seed),
        layers=layer_errors(
            rung.exact, rung.model, court.layer_inputs, device.stored(court.layer_crops)
        ),
        kept_float=rung.kept_float,
    )
    checks = run_gate(evidence, settings)
    if all(check.passed for check in checks):
        told(f"comparing interpreters on {len(holdout)} holdout cells")
        steps, compared = steps_apart(rung.model, device, holdout.crops, network.views)
        checks.append(interpreters_check(steps, compared, settings.most_steps))
    return Trial(
        rung=rung,
        device=device,
        facts=facts,
        decision=decision,
        int8=int8,
        own=own,
        unadjusted=unadjusted,
        readings=(evidence.own, evidence.shared),
        sensitivity=sensitivity,
        false_blasts=false_blasts,
        figures=figures,
        scores=scores,
        examined=evidence.examined,
        layers=evidence.layers,
        checks=tuple(checks),
    )
