"""From a float network to a proven bundle: the order of the steps, and no algorithm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.card import model_card
from convert.cells import CellSet, Progress, list_cells, read_cells, refuse_overlap
from convert.description import NetworkDescription
from convert.evaluation import figures_of
from convert.figures import Floats
from convert.float_network import FloatNetwork
from convert.gate import Check, decide_alike, mean_step_error, run_gate
from convert.golden_inputs import choose_apart, draw_cells
from convert.inspection import ModelFacts, inspect_model
from convert.onnx_source import compare
from convert.operating_point import (
    Decision,
    Rate,
    Reference,
    answer,
    measure_false_blasts,
    measure_sensitivity,
    set_decision,
)
from convert.out_of_fold import CALLS_FILE, read_out_of_fold, read_report
from convert.quantize import choose_representative, quantize_network
from convert.score_reference import score_reference
from convert.second_opinion import ask, plain_kernels
from convert.settings import ConvertSettings
from convert.sources import load_source
from convert.unseen_cameras import with_unseen_cameras
from convert.write import check_target, golden_file, write_bundle
from edge.errors import ConversionRefused, GateFailed
from edge.inference.bundle import (
    CARD_FILE,
    GOLDEN_FILE,
    MODEL_FILE,
    SCHEMA_VERSION,
    Bundle,
    InputSpec,
    Quantization,
)
from edge.inference.classifier import Classifier, dequantize, pixel_table, quantize
from edge.inference.golden import TOLERANCE_STEPS, replay_golden
from edge.inference.interpreter import LIBRARIES, Interpreter, open_interpreter

_GOLDEN_POOL = 1000
_COMPARED_IMPORT = 32

Say = Callable[[str], None]


@dataclass(frozen=True)
class Job:
    """What was asked for.

    Attributes:
        source: The float network.
        calibration: Cells that set ranges and decision.
        holdout: Cells of patients never seen.
        out: Folder of the bundle.
        name: Instead of the trainer's; None keeps it.
        version: Instead of the trainer's; None keeps it.
        threads: Of the interpreters.
        cells_um_per_px: Scale of pictures whose index tells none.
        report: Folder of the trainer's cross-validation, to take threshold and operating point
            from and to quote; None takes them from calibration cells and holdout.
    """

    source: Path
    calibration: Path
    holdout: Path
    out: Path
    name: str | None = None
    version: str | None = None
    threads: int = 1
    cells_um_per_px: float | None = None
    report: Path | None = None


class DeviceNetwork:
    """The int8 model in one interpreter, fed as the device feeds it."""

    def __init__(self, network: NetworkDescription, interpreter: Interpreter) -> None:
        self.interpreter = interpreter
        found = interpreter.input
        self.input_quantization = Quantization(found.scale, found.zero_point)
        self.output_quantization = Quantization(
            interpreter.output.scale, interpreter.output.zero_point
        )
        self._table = pixel_table(
            InputSpec(
                size_px=network.size_px,
                um_per_px=network.um_per_px,
                colour_method=network.colour["method"],
                colour_parameters=network.colour["parameters"],
                multiply=network.multiply,
                add=network.add,
                quantization=self.input_quantization,
            )
        )

    def stored(self, crops: NDArray[np.uint8]) -> NDArray[np.int8]:
        """The model's input for crops, uint8."""
        return quantize(crops, self._table)

    def raw(self, crops: NDArray[np.uint8]) -> NDArray[np.int8]:
        """Raw outputs, int8, shape (N, labels), for crops, uint8."""
        return self.interpreter.run(self.stored(crops))

    def logits(self, raw: NDArray[np.int8]) -> Floats:
        """Logits of raw outputs."""
        return dequantize(raw, self.output_quantization)


def convert(
    job: Job, settings: ConvertSettings, say: Say, progress: Progress
) -> tuple[dict[str, Any], list[Check]]:
    """Convert, prove and write.

    Returns:
        What ``bundle.json`` holds, and the gate's checks.

    Raises:
        ConversionRefused: The network or the target folder cannot be used.
        DataMissing: The cells cannot be used.
        GateFailed: The int8 network does not hold what the float one promised.
    """
    check_target(job.out)
    network = load_source(job.source)
    known = network.description
    for note in network.notes:
        say(note)
    calibration, holdout = _read_both(job, known, progress)
    _compare_import(network, calibration, say)
    chosen = choose_representative(calibration, settings.representative_cells, settings.seed)
    say(f"quantizing with {len(chosen)} of {len(calibration)} calibration cells")
    model = quantize_network(network, calibration.crops[chosen], settings)
    device = DeviceNetwork(known, open_interpreter(model, job.threads))
    say(f"judging on {len(holdout)} holdout cells with {device.interpreter.library}")
    folds = None if job.report is None else read_out_of_fold(job.report / CALLS_FILE, known)
    reference = None if folds is None else Reference(folds[0], folds[1].scores.p_blast)
    decision = set_decision(
        device.logits(device.raw(calibration.crops)), calibration, known, settings, reference
    )
    raw = device.raw(holdout.crops)
    float_logits = network.logits(holdout.crops)
    int8 = answer(device.logits(raw), known, decision)
    exact = answer(float_logits, known, decision)
    # The float network's figures are those it would have had as a bundle: by its own decision.
    own = set_decision(network.logits(calibration.crops), calibration, known, settings, reference)
    step = device.output_quantization.scale
    figures = {
        "int8": figures_of(holdout, int8),
        "float": figures_of(holdout, answer(float_logits, known, own)),
        "agreement": round(float(decide_alike(int8, exact).mean()), 5),
        "mean_step_error": round(mean_step_error(device.logits(raw), float_logits, step), 3),
    }
    facts = inspect_model(model)
    steps = _steps_apart(model, device, _even_sample(holdout, settings.compared_cells))
    measured = folds or (holdout, int8)
    report = read_report(job.report)
    checks = run_gate(holdout, int8, exact, raw, facts, figures, int(steps.max()), settings)
    for check in checks:
        say(f"{'passed' if check.passed else 'FAILED'}  {check.name}: {check.found}")
    _stop_at_failure(checks)
    told = _told(job, network, decision, device, settings, facts) | {
        "operating_point": _operating_point(
            measure_sensitivity(*measured),
            with_unseen_cameras(
                measure_false_blasts(*measured, settings),
                report if settings.count_unseen_cameras else None,
            ),
            job,
        ),
        "figures": figures,
    }
    scores = score_reference(measured[0], measured[1].scores.p_blast)
    if scores["patients"]:
        told["score_reference"] = scores
    files = {
        MODEL_FILE: model,
        GOLDEN_FILE: _golden(model, device, known, settings),
        CARD_FILE: model_card(told, checks, known.told, report).encode(),
    }
    if known.log is not None:
        files[known.log.name] = known.log.read_bytes()
    write_bundle(job.out, told, files, _prove)
    return told, checks


def _read_both(job: Job, known: NetworkDescription, progress: Progress) -> tuple[CellSet, CellSet]:
    calibration = list_cells(job.calibration, known, job.cells_um_per_px)
    holdout = list_cells(job.holdout, known, job.cells_um_per_px)
    refuse_overlap(calibration, holdout)
    return read_cells(calibration, known, progress), read_cells(holdout, known, progress)


def _compare_import(network: FloatNetwork, cells: CellSet, say: Say) -> None:
    """What was imported answers real cells as the file itself does in another library."""
    real = network.real_pixels(_even_sample(cells, _COMPARED_IMPORT))
    error = compare(network, real, "calibration cells")
    if error is not None:
        say(f"imported: {error:.1e} from onnxruntime on {len(real)} calibration cells")


def _steps_apart(
    model: bytes, device: DeviceNetwork, crops: NDArray[np.uint8]
) -> NDArray[np.int64]:
    """Largest difference of each crop's answer between all arithmetic to be had here, in steps.

    int64, shape (N,).
    """
    wanted = device.raw(crops).astype(np.int64)
    apart = [np.abs(plain_kernels(model, device.stored(crops)) - wanted).max(axis=1)]
    for library in LIBRARIES:
        if not device.interpreter.library.startswith(library):
            answers = ask(library, model, device.stored(crops))
            if answers is not None:
                apart.append(np.abs(answers - wanted).max(axis=1))
    farthest: NDArray[np.int64] = np.max(apart, axis=0)
    return farthest


def _even_sample(cells: CellSet, count: int) -> NDArray[np.uint8]:
    """Crops of cells spread evenly over the set, which is sorted by source and label."""
    places = np.linspace(0, len(cells) - 1, min(count, len(cells)))
    crops: NDArray[np.uint8] = cells.crops[np.unique(places.astype(int))]
    return crops


def _stop_at_failure(checks: list[Check]) -> None:
    failed = [f"{check.name}: {check.found}" for check in checks if not check.passed]
    if failed:
        raise GateFailed(f"{len(failed)} of {len(checks)} gates failed; {'; '.join(failed)}.")


def _golden(
    model: bytes, device: DeviceNetwork, known: NetworkDescription, settings: ConvertSettings
) -> bytes:
    """Golden crops far apart, on which all arithmetic here agrees: exactly, if such crops are
    enough, so that the tolerance is left to processors that are not here."""
    pool = draw_cells(_GOLDEN_POOL, known.size_px, settings.seed)
    raw = device.raw(pool)
    steps = _steps_apart(model, device, pool)
    equal = steps == 0
    allowed = equal if equal.sum() >= 4 * settings.golden_cells else steps <= TOLERANCE_STEPS
    if allowed.sum() < settings.golden_cells:
        raise GateFailed("The interpreters agree on too few drawn cells for a golden test.")
    chosen = choose_apart(raw, allowed, settings.golden_cells)
    return golden_file(pool[chosen], raw[chosen])


def _told(
    job: Job,
    network: FloatNetwork,
    decision: Decision,
    device: DeviceNetwork,
    settings: ConvertSettings,
    facts: ModelFacts,
) -> dict[str, Any]:
    """``bundle.json`` without figures and hashes."""
    known = network.description
    return {
        "schema_version": SCHEMA_VERSION,
        "name": job.name or known.name,
        "version": job.version or known.version,
        "purpose": "Screening aid for research use; not a diagnosis.",
        "input": {
            "size_px": known.size_px,
            "um_per_px": known.um_per_px,
            "colour": known.colour,
            "pixels": {
                "order": "RGB",
                "multiply": list(known.multiply),
                "add": list(known.add),
            },
            "quantization": _quantization(device.input_quantization),
        },
        "output": {"kind": "logits", "quantization": _quantization(device.output_quantization)},
        "labels": list(known.labels),
        "blast_labels": list(known.blast_labels),
        "non_cell_labels": list(known.non_cell_labels),
        "decision": {
            "temperature": decision.temperature,
            "blast_offset": decision.blast_offset,
            "threshold": decision.threshold,
        },
        "abstention": {
            "unsure_low": decision.unsure_low,
            "unsure_high": decision.unsure_high,
            "minimum_energy": decision.minimum_energy,
        },
        "trained_on": known.trained_on,
        "conversion": {
            "method": "full int8, per channel, channels equalised, weights rounded together",
            "representative_cells": settings.representative_cells,
            "specificity": settings.specificity,
            "conformal_error": settings.conformal_error,
            "blast_free_specificity": settings.blast_free_specificity,
            "seed": settings.seed,
            "bytes": facts.bytes,
            "operators": facts.operators,
            "proven_with": device.interpreter.library,
        },
    }


def _quantization(found: Quantization) -> dict[str, float | int]:
    return {"scale": found.scale, "zero_point": found.zero_point}


def _operating_point(sensitivity: Rate, false_blasts: Rate, job: Job) -> dict[str, Any]:
    return {
        "sensitivity": _told_rate(sensitivity),
        "false_blast_rate": _told_rate(false_blasts),
        "measured_on": f"{job.holdout.name}: patients and pictures in neither training nor "
        "calibration."
        if job.report is None
        else f"{CALLS_FILE}: calls of cross-validation, each patient judged by a float "
        "network of the same recipe that never saw the patient; the figures above are of this "
        "network on its own holdout.",
        "note": "False blasts are measured on patients with next to no signed blasts. A source "
        "that names no patients counts as one, its cells brought to the shares of a normal "
        "differential; so does each camera that was never trained on.",
    }


def _told_rate(rate: Rate) -> dict[str, Any]:
    return {
        "a": float(f"{rate.spread.a:.6g}"),
        "b": float(f"{rate.spread.b:.6g}"),
        "mean": round(rate.spread.mean, 5),
        "patients": len(rate.groups),
        "cells": sum(rate.cells),
        "by_patient": [
            {"patient": group, "flagged": flagged, "cells": cells}
            for group, flagged, cells in zip(rate.groups, rate.flagged, rate.cells, strict=True)
        ],
    }


def _prove(bundle: Bundle) -> None:
    """Open it as the device will."""
    interpreter = open_interpreter(bundle.model)
    Classifier(bundle, interpreter)
    if replay_golden(bundle, interpreter) != 0:
        raise ConversionRefused("The interpreter here does not repeat its own answers.")
