"""From a float network to a proven bundle: the order of the steps, and no algorithm."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.card import model_card
from convert.caveats import Say, tell_evidence, tell_if_blind, tell_if_never_unsure
from convert.cells import (
    CellSet,
    Progress,
    list_cells,
    pictures_left_out,
    read_cells,
    refuse_colourless,
    refuse_one_kind,
    refuse_overlap,
    refuse_same_pictures,
)
from convert.description import NetworkDescription
from convert.device_network import steps_apart
from convert.float_network import FloatNetwork
from convert.gate import Check, short
from convert.golden_inputs import choose_apart, draw_cells
from convert.ladder import Calibration, Ladder
from convert.metadata import with_metadata
from convert.onnx_source import compare
from convert.operating_point import Answers, Rate
from convert.out_of_fold import CALLS_FILE, read_out_of_fold, read_report
from convert.pixel_contract import Alternative, check_contract
from convert.quantize import choose_representative, prepare
from convert.report import Story, build_report, write_report
from convert.settings import ConvertSettings
from convert.signing import read_key
from convert.sources import load_source
from convert.trial import Court, Rung, Trial, try_rung
from convert.write import check_target, golden_file, write_bundle
from edge.errors import ConversionRefused, GateFailed
from edge.inference.bundle import (
    CARD_FILE,
    GOLDEN_FILE,
    MODEL_FILE,
    SCHEMA_VERSION,
    Bundle,
    Quantization,
)
from edge.inference.classifier import Classifier
from edge.inference.golden import TOLERANCE_STEPS, replay_golden
from edge.inference.interpreter import open_interpreter
from edge.inference.views import at_right_angle

_GOLDEN_POOL = 1000
_COMPARED_IMPORT = 32
_GATE_WORDS = ("FAILED", "warning", "passed")


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
        key: File of the private key that signs the bundle, or None.
        command: What was typed, for the report.
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
    key: Path | None = None
    command: tuple[str, ...] = ()


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
    key = None if job.key is None else read_key(job.key)
    notes: list[str] = []
    say = _noting(say, notes)
    network = load_source(job.source)
    known = network.description
    for note in network.notes:
        say(note)
    calibration, holdout = _read_both(job, known, say, progress)
    _compare_import(network, calibration, say)
    contract = _check_contract(network, holdout, settings, say)
    folds = None if job.report is None else read_out_of_fold(job.report / CALLS_FILE, known)
    chosen = choose_representative(calibration, settings.representative_cells, settings.seed)
    say(f"quantizing with {len(chosen)} of {len(calibration)} calibration cells")
    report = read_report(job.report)
    prepared = prepare(network, calibration.crops[chosen], settings)
    court = _court(network, calibration, holdout, folds, report, settings, job.threads)
    sample = Calibration(calibration.crops[chosen], network.logits(calibration.crops[chosen]))
    ladder = Ladder(prepared, known, sample, settings)
    say(f"judging on {len(holdout)} holdout cells")
    trials = ladder.climb(lambda rung: _judged(rung, court, say), say)
    if not trials:
        raise GateFailed("No int8 form could be made of the network.")
    if trials[-1].failed:
        _report(job, network, trials, holdout, settings, notes, contract, say)
        raise _failure(trials, prepared.obstacle)
    trial = trials[-1]
    tell_if_blind(trial.figures["float"], say)
    tell_if_never_unsure(trial.decision, settings, say)
    tell_evidence(trial.sensitivity, trial.false_blasts, say)
    told = _told(job, network, trial, settings) | {
        "operating_point": _operating_point(trial.sensitivity, trial.false_blasts, job),
        "figures": trial.figures,
    }
    if trial.scores["patients"]:
        told["score_reference"] = trial.scores
    checks = list(trial.checks)
    files = {
        MODEL_FILE: with_metadata(trial.rung.model, told),
        GOLDEN_FILE: _golden(trial, known, settings),
        CARD_FILE: model_card(told, checks, known.told, report).encode(),
    }
    if known.log is not None:
        files[known.log.name] = known.log.read_bytes()
    write_bundle(job.out, told, files, _prove, key)
    _report(job, network, trials, holdout, settings, notes, contract, say)
    return told, checks


def _read_both(
    job: Job, known: NetworkDescription, say: Say, progress: Progress
) -> tuple[CellSet, CellSet]:
    calibration = list_cells(job.calibration, known, job.cells_um_per_px)
    holdout = list_cells(job.holdout, known, job.cells_um_per_px)
    refuse_overlap(calibration, holdout)
    for place, cells in ((job.calibration, calibration), (job.holdout, holdout)):
        refuse_one_kind(cells, known, place.name)
        if left_out := pictures_left_out(place, cells):
            say(f"{place}: {len(left_out)} pictures are not in its index.csv and are not used")
    both = read_cells(calibration, known, progress), read_cells(holdout, known, progress)
    refuse_same_pictures(*both)
    for place, read in zip((job.calibration, job.holdout), both, strict=True):
        refuse_colourless(read, place.name)
    return both


def _compare_import(network: FloatNetwork, cells: CellSet, say: Say) -> None:
    """What was imported answers real cells as the file itself does in another library."""
    real = network.real_pixels(_even_sample(cells, _COMPARED_IMPORT))
    error = compare(network, real, "calibration cells")
    if error is not None:
        say(f"imported: {error:.1e} from onnxruntime on {len(real)} calibration cells")


def _noting(say: Say, notes: list[str]) -> Say:
    """``say``, which also keeps what was said until the gate speaks."""

    def both(line: str) -> None:
        notes.append(line)
        say(line)

    return both


def _check_contract(
    network: FloatNetwork, holdout: CellSet, settings: ConvertSettings, say: Say
) -> list[Alternative]:
    if not settings.contract_cells:
        return []
    found = check_contract(network, holdout, settings)
    best = max(found[1:], key=lambda way: way.auc or 0.0)
    if found[0].auc is not None and best.auc is not None:
        say(
            f"fed as described: AUC {found[0].auc:.4f} on a sample of the holdout; the best of "
            f"{len(found) - 1} other ways ({best.name}): {best.auc:.4f}"
        )
    return found


def _report(
    job: Job,
    network: FloatNetwork,
    trials: list[Trial],
    holdout: CellSet,
    settings: ConvertSettings,
    notes: list[str],
    contract: list[Alternative],
    say: Say,
) -> None:
    """Write the report beside the bundle's place, whether there will be a bundle or not."""
    story = Story(
        source=job.source.name,
        command=job.command,
        settings=asdict(settings),
        notes=[note for note in notes if not note.startswith(_GATE_WORDS)],
        contract=[{"alternative": way.name, "auc": way.auc} for way in contract],
    )
    report = build_report(story, trials, holdout, network.description)
    for path in write_report(job.out, report):
        say(f"report: {path}")


def _court(
    network: FloatNetwork,
    calibration: CellSet,
    holdout: CellSet,
    folds: tuple[CellSet, Answers] | None,
    report: dict[str, Any] | None,
    settings: ConvertSettings,
    threads: int,
) -> Court:
    """What all rungs are judged by."""
    crops = _even_sample(calibration, settings.compared_layers)
    return Court(
        network=network.description,
        calibration=calibration,
        holdout=holdout,
        float_calibration=network.answers(calibration.crops),
        float_holdout=network.answers(holdout.crops),
        float_turned=network.answers(at_right_angle(holdout.crops)),
        folds=folds,
        report=report,
        layer_inputs=network.real_pixels(crops),
        layer_crops=crops,
        settings=settings,
        threads=threads,
    )


def _judged(rung: Rung, court: Court, say: Say) -> Trial:
    """A trial, told check by check."""
    trial = try_rung(rung, court, say)
    for check in trial.checks:
        word = _GATE_WORDS[0 if not check.passed else 1 if check.warning else 2]
        say(f"{word:7} {check.name}: {check.found}")
    return trial


def _failure(trials: list[Trial], obstacle: str | None) -> GateFailed:
    """Why no rung passed, with the layer that loses most, and what may help."""
    best = min(trials, key=lambda trial: len(trial.failed))
    failed = [f"{check.name}: {check.found}" for check in best.failed]
    worst = max(best.layers, key=lambda layer: layer.added, default=None)
    layer = (
        f" Most is lost in {worst.operator} {short(worst.name)} ({worst.added:.0%} noise)."
        if worst
        else ""
    )
    careful = "" if obstacle is None else f" Careful rounding could not be tried: {obstacle}."
    return GateFailed(
        f"{len(failed)} of {len(best.checks)} gates failed on the best of {len(trials)} rungs; "
        f"{'; '.join(failed)}.{layer}{careful}",
        "Nothing was written. Train with ReLU6 or weight decay, or give more calibration cells.",
    )


def _even_sample(cells: CellSet, count: int) -> NDArray[np.uint8]:
    """Crops of cells spread evenly over the set, which is sorted by source and label."""
    places = np.linspace(0, len(cells) - 1, min(count, len(cells)))
    crops: NDArray[np.uint8] = cells.crops[np.unique(places.astype(int))]
    return crops


def _golden(trial: Trial, known: NetworkDescription, settings: ConvertSettings) -> bytes:
    """Golden crops far apart, on which all arithmetic here agrees: exactly, if such crops are
    enough, so that the tolerance is left to processors that are not here."""
    pool = draw_cells(_GOLDEN_POOL, known.size_px, settings.seed)
    raw = trial.device.raw(pool)
    steps, _ = steps_apart(trial.rung.model, trial.device, pool, 1)
    equal = steps == 0
    allowed = equal if equal.sum() >= 4 * settings.golden_cells else steps <= TOLERANCE_STEPS
    if allowed.sum() < settings.golden_cells:
        raise GateFailed("The interpreters agree on too few drawn cells for a golden test.")
    chosen = choose_apart(raw, allowed, settings.golden_cells)
    return golden_file(pool[chosen], raw[chosen])


def _told(
    job: Job,
    network: FloatNetwork,
    trial: Trial,
    settings: ConvertSettings,
) -> dict[str, Any]:
    """``bundle.json`` without figures and hashes."""
    known, decision, device = network.description, trial.decision, trial.device
    return {
        "schema_version": SCHEMA_VERSION,
        "name": job.name or known.name,
        "version": job.version or known.version,
        "purpose": "Screening aid for research use; not a diagnosis.",
        "input": {
            "size_px": known.size_px,
            "um_per_px": known.um_per_px,
            "views": known.views,
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
            "recalibration": asdict(decision.recalibration),
            "threshold": decision.threshold,
        },
        "abstention": {
            "unsure_low": decision.unsure_low,
            "unsure_high": decision.unsure_high,
            "minimum_energy": decision.minimum_energy,
        },
        "trained_on": known.trained_on,
        "conversion": {
            "method": trial.rung.name,
            "representative_cells": settings.representative_cells,
            "specificity": settings.specificity,
            "conformal_error": settings.conformal_error,
            "blast_free_specificity": settings.blast_free_specificity,
            "seed": settings.seed,
            "bytes": trial.facts.bytes,
            "operators": trial.facts.operators,
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
