"""Crops to calls: calibrated, and silent where the network does not know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.errors import BundleRefused
from edge.inference.bundle import Bundle, InputSpec, Quantization
from edge.inference.interpreter import Interpreter, TensorSpec
from edge.inference.recalibration import AS_IT_IS, Recalibration
from edge.inference.views import mean_answer

NOT_A_WHITE_CELL: Final = "not a white cell"
UNSURE: Final = "unsure"
UNLIKE_TRAINING: Final = "unlike the training cells"


@dataclass(frozen=True)
class Call:
    """The network's answer for one crop.

    Attributes:
        label: The likeliest label, given even when abstained.
        blast: True or False; None exactly when abstained.
        p_blast: Calibrated probability that it is a blast, given that it is a white cell, 0-1.
        abstained: No answer should be taken from this call.
        reason: Why it abstained; None when it did not.
        white_cell: False for artefacts: not counted at all, not even as abstained.
        probabilities: Calibrated, in the order of the bundle's labels, sum 1.
    """

    label: str
    blast: bool | None
    p_blast: float
    abstained: bool
    reason: str | None
    white_cell: bool
    probabilities: tuple[float, ...]


@dataclass(frozen=True)
class Scores:
    """What the logits of N crops say, before any decision.

    Attributes:
        probabilities: float64, shape (N, labels), calibrated.
        p_blast: float64, shape (N,), conditional on being a white cell.
        energy: float64, shape (N,): logsumexp of the logits; low for what is unlike training.
        best: int64, shape (N,): index of the likeliest label.
    """

    probabilities: NDArray[np.float64]
    p_blast: NDArray[np.float64]
    energy: NDArray[np.float64]
    best: NDArray[np.int64]


def score(
    logits: NDArray[np.float64],
    temperature: float,
    blast_offset: float,
    labels: tuple[str, ...],
    blast_labels: tuple[str, ...],
    non_cell_labels: tuple[str, ...],
    recalibration: Recalibration = AS_IT_IS,
) -> Scores:
    """Probabilities, blast probability and energy of logits.

    Args:
        logits: float64, shape (N, labels).
        temperature: Divides the logits (Guo et al. 2017).
        blast_offset: Added to the divided logits of the blast labels: training draws blasts more
            often than slides hold them (prior shift, Saerens et al. 2002).
        labels: In the order of the logits.
        blast_labels: Which of them count as blasts.
        non_cell_labels: Which of them are no white cell.
        recalibration: Of p_blast alone.
    """
    blasts = np.array([label in blast_labels for label in labels])
    others = np.array([label not in blast_labels + non_cell_labels for label in labels])
    scaled = logits / temperature + blast_offset * blasts
    total = _logsumexp(scaled)
    blast = _logsumexp(scaled[:, blasts])
    other = _logsumexp(scaled[:, others])
    return Scores(
        probabilities=np.exp(scaled - total[:, None]),
        p_blast=recalibration.apply(blast - other),
        energy=_logsumexp(logits),
        best=scaled.argmax(axis=1),
    )


def _logsumexp(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """log(sum(exp(values))) along the second axis, shifted so that nothing overflows."""
    highest = values.max(axis=1)
    total: NDArray[np.float64] = highest + np.log(np.exp(values - highest[:, None]).sum(axis=1))
    return total


def pixel_table(spec: InputSpec) -> NDArray[np.int8]:
    """int8, shape (256, 3): the quantized value of every pixel value, channel by channel."""
    pixels = np.arange(256, dtype=np.float64)[:, None]
    real = pixels * np.array(spec.multiply) + np.array(spec.add)
    # At the usual scale of 1/127.5 every pixel value lies on a half: rounding halves to even would
    # give two pixel values one stored value and lose a bit of the picture. So halves go up, with a
    # thousandth of a step for the last digits of a measured scale.
    stored = np.floor(real / spec.quantization.scale + 0.501) + spec.quantization.zero_point
    table: NDArray[np.int8] = np.clip(stored, -128, 127).astype(np.int8)
    return table


def quantize(crops: NDArray[np.uint8], table: NDArray[np.int8]) -> NDArray[np.int8]:
    """Crops, uint8 (N, S, S, 3), as the network's input, int8 of the same shape."""
    batch = np.empty(crops.shape, dtype=np.int8)
    for channel in range(3):
        batch[..., channel] = table[:, channel][crops[..., channel]]
    return batch


def dequantize(answers: NDArray[np.int8], quantization: Quantization) -> NDArray[np.float64]:
    """Logits, float64, from the network's raw output."""
    return (answers.astype(np.float64) - quantization.zero_point) * quantization.scale


class Classifier:
    """A verified bundle in an interpreter.

    Attributes:
        bundle: The bundle in use.
        library: Name and version of the interpreter in use.
        interpreter: The model itself.
        proven: Whether the golden test was passed on this device, in this start; no examination
            may end green without it.
    """

    proven = False

    def __init__(self, bundle: Bundle, interpreter: Interpreter) -> None:
        """Join the two.

        Raises:
            BundleRefused: The model is not the one that ``bundle.json`` describes.
        """
        side = bundle.input.size_px
        _check_tensor("input", interpreter.input, (side, side, 3), bundle.input.quantization)
        _check_tensor("output", interpreter.output, (len(bundle.labels),), bundle.output)
        self.bundle = bundle
        self.library = interpreter.library
        self.interpreter = interpreter
        self._table = pixel_table(bundle.input)

    def classify(self, crops: NDArray[np.uint8]) -> list[Call]:
        """One call for each crop.

        Args:
            crops: uint8, shape (N, size_px, size_px, 3), as ``crop_cell`` returns them.

        Raises:
            ValueError: The crops are of another shape or dtype.
            InferenceFailed: The interpreter failed.
        """
        side = self.bundle.input.size_px
        if crops.dtype != np.uint8 or crops.ndim != 4 or crops.shape[1:] != (side, side, 3):
            raise ValueError(f"crops are {crops.dtype} {crops.shape}, not uint8 (N, {side}, ...)")
        if len(crops) == 0:
            return []
        return self.decide(self.logits(crops))

    def logits(self, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
        """The network's logits, float64, shape (N, labels), the mean over the bundle's views of
        each crop; see ``classify``."""
        return mean_answer(self._answer, quantize(crops, self._table), self.bundle.input.views)

    def _answer(self, stored: NDArray[np.int8]) -> NDArray[np.float64]:
        return dequantize(self.interpreter.run(stored), self.bundle.output)

    def decide(self, logits: NDArray[np.float64]) -> list[Call]:
        """One call for each row of logits."""
        known = self.bundle
        scores = score(
            logits,
            known.temperature,
            known.blast_offset,
            known.labels,
            known.blast_labels,
            known.non_cell_labels,
            known.recalibration,
        )
        return [
            self._call(int(best), float(p_blast), float(energy), tuple(map(float, row)))
            for best, p_blast, energy, row in zip(
                scores.best, scores.p_blast, scores.energy, scores.probabilities, strict=True
            )
        ]

    def _call(
        self, best: int, p_blast: float, energy: float, probabilities: tuple[float, ...]
    ) -> Call:
        """The decision for one crop."""
        label = self.bundle.labels[best]
        if label in self.bundle.non_cell_labels:
            return Call(label, None, p_blast, True, NOT_A_WHITE_CELL, False, probabilities)
        limits = self.bundle.abstention
        reason = None
        if energy < limits.minimum_energy:
            reason = UNLIKE_TRAINING
        elif limits.unsure_low < p_blast < limits.unsure_high:
            reason = UNSURE
        blast = None if reason else p_blast >= self.bundle.threshold
        return Call(label, blast, p_blast, reason is not None, reason, True, probabilities)


def _check_tensor(
    role: str, found: TensorSpec, shape: tuple[int, ...], described: Quantization
) -> None:
    """The model's tensor is the one described."""
    if found.shape != shape:
        raise BundleRefused(f"model.tflite: its {role} is {found.shape}, bundle.json says {shape}.")
    same_scale = abs(found.scale - described.scale) <= 1e-6 * described.scale
    if not same_scale or found.zero_point != described.zero_point:
        raise BundleRefused(f"bundle.json: {role}.quantization is not that of model.tflite.")
