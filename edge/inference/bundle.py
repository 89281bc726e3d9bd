"""A model bundle: what it must hold, and loading one that is whole or not at all.

``bundle.json`` describes the network and carries the SHA-256 of every other file. The bytes that
were hashed are the bytes that are used: nothing is read twice.
"""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edge.errors import BundleAltered, BundleMissing, BundleRefused
from edge.inference.fields import Fields, parse_object
from edge.inference.recalibration import AS_IT_IS, Recalibration
from edge.inference.self_told import refuse_contradiction
from edge.inference.signature import check_signature, public_key_file
from edge.inference.views import VIEWS
from edge.judgement.operating_point import BetaSpread, CertainSign, OperatingPoint
from edge.judgement.score_bins import BINS, SCORE_EDGES, ScoreReference

SCHEMA_VERSION: Final = 2
"""2: p_blast may be recalibrated; a program that passed that over would judge by other scores."""

DESCRIPTION_FILE: Final = "bundle.json"
MODEL_FILE: Final = "model.tflite"
GOLDEN_FILE: Final = "golden.npz"
CARD_FILE: Final = "MODEL_CARD.md"
REQUIRED_FILES: Final = (MODEL_FILE, GOLDEN_FILE, CARD_FILE)

LARGEST_FILE_BYTES: Final = 200_000_000
"""No file of a bundle for a Pi is larger; a larger one is not read into memory."""


@dataclass(frozen=True)
class Quantization:
    """Affine int8 quantization: real = (stored - zero_point) * scale."""

    scale: float
    zero_point: int


@dataclass(frozen=True)
class InputSpec:
    """What the network expects to see.

    Attributes:
        size_px: Side of the square crop, pixels.
        um_per_px: Scale of the crop, micrometres per pixel.
        colour_method: Name of the colour preparation of ``edge.imaging``.
        colour_parameters: Its numbers.
        multiply: Per channel (red, green, blue): real = pixel * multiply + add.
        add: See ``multiply``.
        quantization: Of the input tensor.
        views: Mirror images of each cell whose answers are averaged: see ``edge.inference.views``.
    """

    size_px: int
    um_per_px: float
    colour_method: str
    colour_parameters: dict[str, float]
    multiply: tuple[float, float, float]
    add: tuple[float, float, float]
    quantization: Quantization
    views: int = 1


@dataclass(frozen=True)
class Abstention:
    """Where the network does not answer.

    Attributes:
        unsure_low: With ``unsure_high``: a p_blast inside (low, high) is no answer.
        unsure_high: See ``unsure_low``; equal values mean no band.
        minimum_energy: Cells whose logsumexp of the logits lies below are unlike the training
            cells (Liu et al. 2020, Energy-based Out-of-distribution Detection).
    """

    unsure_low: float
    unsure_high: float
    minimum_energy: float


@dataclass(frozen=True)
class MeasuredOn:
    """How much evidence one measured rate rests on."""

    patients: int
    cells: int


@dataclass(frozen=True)
class Bundle:
    """A verified bundle.

    Attributes:
        name: Of the network.
        version: Of the network.
        input: What the network expects to see.
        output: Quantization of the logits.
        labels: In the order of the logits.
        blast_labels: Which of them count as blasts.
        non_cell_labels: Which of them are no white cell.
        temperature: Divides the logits before softmax (Guo et al. 2017).
        blast_offset: Added to the divided logits of the blast labels.
        recalibration: Of p_blast; none changes it where the bundle tells none.
        threshold: A cell with p_blast at or above is called a blast.
        abstention: Where the network does not answer.
        operating_point: Sensitivity and false-blast rate between patients never trained on,
            among white cells on which the network did not abstain.
        sensitivity_evidence: What the sensitivity rests on.
        false_blast_evidence: What the false-blast rate rests on.
        certain_threshold: The p_blast from which a flagged cell is certain; None where the bundle
            tells no rates of that sign: then it never speaks.
        score_reference: Scores of the patients it was measured on; None where the bundle tells
            none: then whether a slide is unlike them all is not checked.
        model: Bytes of the int8 TFLite model.
        golden_crops: uint8, shape (N, size_px, size_px, 3).
        golden_outputs: int8, shape (N, labels).
        sha256: Of ``bundle.json``, hexadecimal: identifies the bundle in records.
        description: ``bundle.json`` as read: figures and terms for people.
    """

    name: str
    version: str
    input: InputSpec
    output: Quantization
    labels: tuple[str, ...]
    blast_labels: tuple[str, ...]
    non_cell_labels: tuple[str, ...]
    temperature: float
    blast_offset: float
    recalibration: Recalibration
    threshold: float
    abstention: Abstention
    operating_point: OperatingPoint
    sensitivity_evidence: MeasuredOn
    false_blast_evidence: MeasuredOn
    certain_threshold: float | None
    score_reference: ScoreReference | None
    model: bytes
    golden_crops: NDArray[np.uint8]
    golden_outputs: NDArray[np.int8]
    sha256: str
    description: dict[str, Any]


def load_bundle(folder: Path) -> Bundle:
    """Read and verify a bundle; what is returned is whole.

    Raises:
        BundleMissing: The folder or its ``bundle.json`` is not there.
        BundleRefused: ``bundle.json`` is damaged, lacks a field, is too new, or contradicts what
            the model file says of itself; a file is missing.
        BundleAltered: A file's SHA-256 differs.
        BundleUnsigned: This device has its maker's public key, and the bundle was not signed
            with its private half.
    """
    folder = Path(folder)
    text = _read_description(folder)
    key_file = public_key_file()
    if key_file is not None:
        check_signature(folder, text, key_file)
    fields = parse_object(text, DESCRIPTION_FILE)
    _check_schema(fields)
    files = _read_files(folder, fields.section("files"))
    refuse_contradiction(files[MODEL_FILE], fields)
    labels = fields.texts("labels")
    blast_labels = _subset(fields, "blast_labels", labels)
    non_cell_labels = _subset(fields, "non_cell_labels", labels)
    if not blast_labels or set(blast_labels) & set(non_cell_labels):
        raise fields.wrong("blast_labels", "labels, at least one, of white cells")
    if len(blast_labels) + len(non_cell_labels) >= len(labels):
        raise fields.wrong("labels", "a list with at least one white cell that is no blast")
    spec = _input(fields.section("input"))
    crops, outputs = _golden(files[GOLDEN_FILE], spec.size_px, len(labels))
    decision = fields.section("decision")
    threshold = decision.number("threshold", 0.0, 1.0)
    rates = fields.section("operating_point")
    sensitivity, sensitivity_evidence = _rate(rates.section("sensitivity"))
    false_blasts, false_blast_evidence = _rate(rates.section("false_blast_rate"))
    certain_threshold, certain = _certain(rates, threshold)
    _check_told(fields)
    return Bundle(
        name=fields.text("name"),
        version=fields.text("version"),
        input=spec,
        output=_output(fields.section("output")),
        labels=labels,
        blast_labels=blast_labels,
        non_cell_labels=non_cell_labels,
        temperature=decision.positive("temperature", 1000.0),
        blast_offset=decision.number("blast_offset", -50.0, 50.0),
        recalibration=_recalibration(decision),
        threshold=threshold,
        abstention=_abstention(fields.section("abstention"), threshold),
        operating_point=OperatingPoint(sensitivity, false_blasts, certain),
        sensitivity_evidence=sensitivity_evidence,
        false_blast_evidence=false_blast_evidence,
        certain_threshold=certain_threshold,
        score_reference=_score_reference(fields),
        model=files[MODEL_FILE],
        golden_crops=crops,
        golden_outputs=outputs,
        sha256=hashlib.sha256(text).hexdigest(),
        description=fields.values,
    )


def files_of(folder: Path) -> list[str]:
    """Names of the files that belong to a bundle, by its ``bundle.json``; nothing is verified.

    Raises:
        BundleMissing, BundleRefused: ``bundle.json`` cannot be read, or names no files.
    """
    fields = parse_object(_read_description(folder), DESCRIPTION_FILE)
    return [DESCRIPTION_FILE, *(_plain_name(name) for name in fields.section("files").values)]


def _plain_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]{0,99}", name):
        raise BundleRefused(f"{DESCRIPTION_FILE}: files: {name[:60]!r} is no plain file name.")
    return name


def _read_description(folder: Path) -> bytes:
    """Bytes of ``bundle.json``."""
    try:
        return _read_limited(folder / DESCRIPTION_FILE)
    except FileNotFoundError as error:
        raise BundleMissing(f"No model bundle in {folder} (no {DESCRIPTION_FILE}).") from error
    except OSError as error:
        reason = error.strerror or error
        raise BundleMissing(f"The bundle in {folder} cannot be read: {reason}.") from error


def _read_limited(path: Path) -> bytes:
    """Bytes of a file that is not absurdly large."""
    if path.stat().st_size > LARGEST_FILE_BYTES:
        raise BundleRefused(f"{path.name} is larger than any model for this device.")
    return path.read_bytes()


def _check_schema(fields: Fields) -> None:
    """Older and newer forms are told apart from damage."""
    version = fields.whole("schema_version", 1, 10**6)
    if version > SCHEMA_VERSION:
        raise BundleRefused(
            f"{DESCRIPTION_FILE}: schema_version is {version}, newer than the {SCHEMA_VERSION} "
            "this program knows.",
            "Update leukoscope, or use an older bundle.",
        )


def _read_files(folder: Path, listed: Fields) -> dict[str, bytes]:
    """All listed files, each the one it was proven with."""
    for name in REQUIRED_FILES:
        if name not in listed.values:
            raise BundleRefused(f"{listed.path}.{name} is missing.")
    contents = {}
    for name in listed.values:
        _plain_name(name)
        expected = listed.text(name).lower()
        if not re.fullmatch(r"[0-9a-f]{64}", expected):
            raise listed.wrong(name, "a SHA-256 of 64 hexadecimal digits")
        contents[name] = _read_proven(folder / name, expected)
    return contents


def _read_proven(path: Path, sha256: str) -> bytes:
    """Bytes of a file with this hash."""
    try:
        content = _read_limited(path)
    except FileNotFoundError as error:
        raise BundleRefused(f"{path.name} is missing from the bundle {path.parent}.") from error
    except OSError as error:
        raise BundleRefused(f"{path} cannot be read: {error.strerror or error}.") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise BundleAltered(f"{path} is not the file the bundle was proven with (SHA-256).")
    return content


def _subset(fields: Fields, key: str, labels: tuple[str, ...]) -> tuple[str, ...]:
    """A list of labels that are all in ``labels``."""
    chosen = fields.texts(key)
    strange = [label for label in chosen if label not in labels]
    if strange:
        raise BundleRefused(f"{fields.path}: {key} names {strange[0]!r}, which is no label.")
    return chosen


def _input(fields: Fields) -> InputSpec:
    colour = fields.section("colour")
    parameters = colour.section("parameters")
    pixels = fields.section("pixels")
    if pixels.text("order") != "RGB":
        raise pixels.wrong("order", '"RGB"')
    if colour.text("method") != "white_reference":
        raise colour.wrong("method", '"white_reference"')
    return InputSpec(
        size_px=fields.whole("size_px", 16, 1024),
        um_per_px=fields.number("um_per_px", 0.02, 1.0),
        colour_method=colour.text("method"),
        colour_parameters={key: parameters.number(key) for key in parameters.values},
        multiply=pixels.triple("multiply"),
        add=pixels.triple("add"),
        quantization=_quantization(fields.section("quantization")),
        views=read_views(fields),
    )


def read_views(fields: Fields) -> int:
    """How many views of a cell are asked for; one where nothing is said, as in older bundles."""
    if "views" not in fields.values:
        return 1
    views = fields.whole("views", min(VIEWS), max(VIEWS))
    if views not in VIEWS:
        raise fields.wrong("views", "1, 2 or 4")
    return views


def _recalibration(decision: Fields) -> Recalibration:
    """Of p_blast; none where nothing is said, as in older bundles."""
    if "recalibration" not in decision.values:
        return AS_IT_IS
    line = decision.section("recalibration")
    return Recalibration(line.positive("slope", 20.0), line.number("shift", -50.0, 50.0))


def _output(fields: Fields) -> Quantization:
    if fields.text("kind") != "logits":
        raise fields.wrong("kind", '"logits"')
    return _quantization(fields.section("quantization"))


def _quantization(fields: Fields) -> Quantization:
    return Quantization(fields.positive("scale", 1e6), fields.whole("zero_point", -128, 127))


def _abstention(fields: Fields, threshold: float) -> Abstention:
    limits = Abstention(
        unsure_low=fields.number("unsure_low", 0.0, 1.0),
        unsure_high=fields.number("unsure_high", 0.0, 1.0),
        minimum_energy=fields.number("minimum_energy"),
    )
    if not limits.unsure_low <= threshold <= limits.unsure_high:
        raise fields.wrong("unsure_low", "at most the threshold, and unsure_high at least")
    return limits


def _rate(fields: Fields) -> tuple[BetaSpread, MeasuredOn]:
    """A measured rate: its spread between patients, and the evidence for it."""
    spread = BetaSpread(fields.positive("a", 1e9), fields.positive("b", 1e9))
    evidence = MeasuredOn(fields.whole("patients", 1, 10**9), fields.whole("cells", 1, 10**9))
    return spread, evidence


def _certain(rates: Fields, threshold: float) -> tuple[float | None, CertainSign | None]:
    """The sign of cells that score very high, if the bundle tells of one."""
    if "certain" not in rates.values:
        return None, None
    told = rates.section("certain")
    sensitivity, _ = _rate(told.section("sensitivity"))
    false_rate, _ = _rate(told.section("false_rate"))
    return told.number("threshold", threshold, 1.0), CertainSign(sensitivity, false_rate)


def _score_reference(fields: Fields) -> ScoreReference | None:
    """The scores of each patient, if the bundle tells them."""
    if "score_reference" not in fields.values:
        return None
    told = fields.section("score_reference")
    if told.values.get("edges") != list(SCORE_EDGES):
        raise told.wrong("edges", f"the edges {list(SCORE_EDGES)}")
    rows = [_counts(patient) for patient in told.sections("patients")]
    if not rows:
        raise told.wrong("patients", "a list of at least one patient")
    return ScoreReference(tuple(rows))


def _counts(patient: Fields) -> tuple[int, ...]:
    """One patient's cells in each bin."""
    cells = patient.values.get("cells")
    if not isinstance(cells, list) or len(cells) != BINS or not any(cells):
        raise patient.wrong("cells", f"{BINS} counts of cells, not all of them 0")
    if not all(type(count) is int and 0 <= count <= 10**9 for count in cells):
        raise patient.wrong("cells", f"{BINS} counts of cells")
    return tuple(cells)


def _check_told(fields: Fields) -> None:
    """What people must be able to read: both models' figures, and the data's terms."""
    figures = fields.section("figures")
    for model in ("float", "int8"):
        figures.section(model).number("auc", 0.0, 1.0)
    for source in fields.sections("trained_on"):
        source.text("name")
        source.text("terms")


def _golden(
    content: bytes, size_px: int, labels: int
) -> tuple[NDArray[np.uint8], NDArray[np.int8]]:
    """Inputs and outputs of the golden test."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            crops, outputs = arrays["crops"], arrays["outputs"]
    except (ValueError, KeyError, OSError, EOFError) as error:
        raise BundleRefused(f"{GOLDEN_FILE} is damaged: {error}.") from error
    count = len(crops) if crops.ndim else 0
    if crops.dtype != np.uint8 or crops.shape != (count, size_px, size_px, 3) or not count:
        raise BundleRefused(f"{GOLDEN_FILE}: crops do not fit input.size_px of {DESCRIPTION_FILE}.")
    if outputs.dtype != np.int8 or outputs.shape != (count, labels):
        raise BundleRefused(f"{GOLDEN_FILE}: outputs do not fit the labels of {DESCRIPTION_FILE}.")
    return crops, outputs
