"""Where the network decides, set on the calibration cells, and how well, on the holdout.

Set on calibration cells: temperature, offset and energy limit; threshold and band of no answer too,
unless out-of-fold calls of many more patients are there to set them, and to recalibrate p_blast.
Measured on the holdout, or on those out-of-fold calls, on patients never trained on: sensitivity
and false-blast rate with their spread between patients, among the cells the network answers for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from convert.cells import CellSet
from convert.description import NetworkDescription
from convert.figures import Flags, Floats, negative_log_likelihood
from convert.settings import ConvertSettings
from edge.errors import DataMissing
from edge.inference.classifier import Scores, score
from edge.inference.recalibration import AS_IT_IS, Recalibration
from edge.judgement.betabinomial import fit_beta_binomial
from edge.judgement.operating_point import BetaSpread

NORMAL_DIFFERENTIAL: Final = {
    "neutrophil": 0.60,
    "lymphocyte": 0.30,
    "monocyte": 0.06,
    "eosinophil": 0.03,
    "basophil": 0.01,
}
"""Shares of white cells in healthy adult blood: a collection of single cells has another mix,
chosen by its collectors, and its false-blast rate is brought to this one."""

_FEWEST_CELLS: Final = 50
"""Fewer cells of a group set no limit of their own."""

_FEWEST_AT_ALL: Final = 20
"""Of blasts, and of other white cells: with fewer, one cell more or less is over 5% of them."""


@dataclass(frozen=True)
class Decision:
    """How logits become answers; all set on the calibration cells.

    Attributes:
        temperature: Divides the logits.
        blast_offset: Added to the divided logits of the blast labels.
        recalibration: Of p_blast.
        threshold: On p_blast.
        unsure_low: The band of no answer, on p_blast.
        unsure_high: See ``unsure_low``.
        minimum_energy: Of an answer.
    """

    temperature: float
    blast_offset: float
    recalibration: Recalibration
    threshold: float
    unsure_low: float
    unsure_high: float
    minimum_energy: float


@dataclass(frozen=True)
class Reference:
    """Calibrated scores of patients never trained on, by this network or others of its recipe.

    Attributes:
        cells: Whose; without pictures.
        p_blast: shape (cells,), calibrated, and recalibrated by a line like ``recalibration``.
        recalibration: For this network's own p_blast.
    """

    cells: CellSet
    p_blast: Floats
    recalibration: Recalibration = AS_IT_IS


@dataclass(frozen=True)
class Answers:
    """What a network answers for a set of cells.

    Attributes:
        scores: Of all cells.
        counted: bool, shape (cells,): taken for a white cell.
        answered: bool, shape (cells,): counted, and not abstained from.
        flagged: bool, shape (cells,): p_blast at or above the threshold, answered or not.
    """

    scores: Scores
    counted: Flags
    answered: Flags
    flagged: Flags


@dataclass(frozen=True)
class Rate:
    """A rate between patients.

    Attributes:
        spread: Its Beta distribution.
        flagged: Flagged cells of each group.
        cells: Answered cells of each group.
        groups: Name of each group: a patient, or a whole source that names none.
    """

    spread: BetaSpread
    flagged: tuple[int, ...]
    cells: tuple[int, ...]
    groups: tuple[str, ...]


def network_scores(
    logits: Floats,
    network: NetworkDescription,
    temperature: float,
    blast_offset: float,
    recalibration: Recalibration = AS_IT_IS,
) -> Scores:
    """Scores of logits, as the device computes them."""
    return score(
        logits,
        temperature,
        blast_offset,
        network.labels,
        network.blast_labels,
        network.non_cell_labels,
        recalibration,
    )


def set_decision(
    logits: Floats,
    cells: CellSet,
    network: NetworkDescription,
    settings: ConvertSettings,
    reference: Reference | None = None,
) -> Decision:
    """Temperature, threshold and limits from the calibration cells.

    Args:
        logits: The int8 network's logits of ``cells``, float64, shape (cells, labels).
        cells: The calibration cells.
        network: Labels.
        settings: Targets.
        reference: Sets threshold and band instead of the calibration cells, where it is given, and
            how sure scores may be.

    Raises:
        DataMissing: The cells lack blasts, or white cells that are no blasts, or are too few to
            set a threshold on.
    """
    white = cells.is_white
    if not cells.is_blast.any() or not (white & ~cells.is_blast).any():
        raise DataMissing(
            "The calibration cells hold no blasts, or nothing but blasts.",
            "Give cells of both kinds.",
        )
    temperature, offset = _calibrate(logits[white], cells.is_blast[white], network)
    line = AS_IT_IS if reference is None else reference.recalibration
    scores = network_scores(logits, network, temperature, offset, line)
    judged = reference or Reference(cells, scores.p_blast)
    _refuse_few(judged.cells)
    threshold = _threshold(judged.p_blast, judged.cells, settings)
    low, high = _unsure_band(judged, threshold, settings.conformal_error)
    energy = float(np.quantile(scores.energy[white], settings.strange_share))
    return Decision(temperature, offset, line, threshold, low, high, round(energy, 3))


def _refuse_few(cells: CellSet) -> None:
    """A threshold and a band without answers can be set on anything; on a handful they say nothing.

    Raises:
        DataMissing: There are fewer blasts, or fewer other white cells, than one guarantee asks.
    """
    blasts, white = int(cells.is_blast.sum()), int(cells.is_white.sum())
    if min(blasts, white - blasts) < _FEWEST_AT_ALL:
        raise DataMissing(
            f"The calibration cells hold {blasts} blasts and {white - blasts} other white cells: "
            "too few to set a threshold on.",
            f"Give at least {_FEWEST_AT_ALL} of each, better hundreds from many patients.",
        )


def answer(logits: Floats, network: NetworkDescription, decision: Decision) -> Answers:
    """What the device would answer."""
    scores = network_scores(
        logits, network, decision.temperature, decision.blast_offset, decision.recalibration
    )
    no_cell = np.array([label in network.non_cell_labels for label in network.labels])
    counted = ~no_cell[scores.best]
    unsure = (scores.p_blast > decision.unsure_low) & (scores.p_blast < decision.unsure_high)
    strange = scores.energy < decision.minimum_energy
    return Answers(
        scores, counted, counted & ~unsure & ~strange, scores.p_blast >= decision.threshold
    )


def measure_sensitivity(cells: CellSet, answers: Answers) -> Rate:
    """Share of signed blasts flagged, by patient.

    Raises:
        DataMissing: There are no answered blasts.
    """
    return _rate(cells.is_blast & answers.answered, answers.flagged, cells, "blasts")


def measure_false_blasts(cells: CellSet, answers: Answers, settings: ConvertSettings) -> Rate:
    """Share of other white cells flagged, by patient without blasts.

    Patients with leukemia are left out: their other cells border on blasts in stain and label,
    and the rate says what a slide without blasts shows.

    Raises:
        DataMissing: There is no patient or source without blasts.
    """
    free = blast_free(cells, settings.blast_free_below)
    chosen = free & cells.is_white & ~cells.is_blast & answers.answered
    rate = _rate(chosen, answers.flagged, cells, "patients without blasts")
    return _at_normal_differential(rate, chosen, answers.flagged, cells)


def blast_free(cells: CellSet, below: float) -> Flags:
    """Cells of patients, or of sources that name none, with next to no signed blasts."""
    free = np.zeros(len(cells), dtype=bool)
    for members in members_of_groups(cells).values():
        white = members[cells.is_white[members]]
        if len(white) and cells.is_blast[white].mean() < below:
            free[members] = True
    return free


def group_name(group: tuple[str, str]) -> str:
    """How a group is called in figures."""
    source, patient = group
    return f"{source}/{patient}" if patient else source


def members_of_groups(cells: CellSet) -> dict[tuple[str, str], NDArray[np.int64]]:
    """Indices of the cells of each (source, patient), in order of name."""
    found: dict[tuple[str, str], list[int]] = {}
    for index, group in enumerate(cells.groups):
        found.setdefault(group, []).append(index)
    return {group: np.array(found[group]) for group in sorted(found)}


def _rate(chosen: Flags, flagged: Flags, cells: CellSet, what: str) -> Rate:
    """Counts of the chosen cells by group, and the spread that they show."""
    counts = {
        group_name(group): (int(flagged[own].sum()), len(own))
        for group, members in members_of_groups(cells).items()
        if len(own := members[chosen[members]])
    }
    if not counts:
        raise DataMissing(
            f"The holdout cells hold no {what}.",
            "Give some; index.csv tells whose each picture is (column patient), and pictures of a "
            "folder without that column count as one patient.",
        )
    hits, totals = zip(*counts.values(), strict=True)
    return Rate(fit_beta_binomial(hits, totals), hits, totals, tuple(counts))


def _at_normal_differential(rate: Rate, chosen: Flags, flagged: Flags, cells: CellSet) -> Rate:
    """The rate with every source that names no patients brought to a normal differential.

    Such a source counts as one donor: rate sum(share * rate of the label), and as many cells as
    that sum's variance is worth (Kish's effective size).
    """
    hits, totals = list(rate.flagged), list(rate.cells)
    for group, members in members_of_groups(cells).items():
        name = group_name(group)
        if group[1] or name not in rate.groups:
            continue
        own = members[chosen[members]]
        labels = np.array([cells.cells[index].label for index in own])
        present = {k: v for k, v in NORMAL_DIFFERENTIAL.items() if (labels == k).any()}
        if not present:
            continue
        total = sum(present.values())
        weight = np.zeros(len(own))
        for label, part in present.items():
            weight[labels == label] = part / total / (labels == label).sum()
        effective = round(1 / float((weight**2).sum()))
        where = rate.groups.index(name)
        totals[where] = effective
        hits[where] = min(effective, round(float(weight @ flagged[own]) * effective))
    return Rate(fit_beta_binomial(hits, totals), tuple(hits), tuple(totals), rate.groups)


def _calibrate(logits: Floats, is_blast: Flags, network: NetworkDescription) -> tuple[float, float]:
    """Temperature and offset that make p_blast of these white cells likeliest (Platt 1999)."""

    def offset_for(temperature: float) -> float:
        return _offset(network_scores(logits, network, temperature, 0.0).p_blast, is_blast)

    def loss(log_temperature: float) -> float:
        temperature = float(np.exp(log_temperature))
        scores = network_scores(logits, network, temperature, offset_for(temperature))
        return negative_log_likelihood(is_blast, scores.p_blast)

    temperature = round(float(np.exp(_lowest(loss, float(np.log(0.1)), float(np.log(10.0))))), 4)
    return temperature, round(offset_for(temperature), 4)


def _offset(p_blast: Floats, is_blast: Flags) -> float:
    """What added to the log-odds makes the expected count of blasts the true one: the maximum of
    the likelihood in the offset. By bisection, the expected count grows with it."""
    clipped = np.clip(p_blast, 1e-12, 1 - 1e-12)
    log_odds = np.log(clipped / (1 - clipped))
    low, high = -20.0, 20.0
    for _ in range(50):
        middle = (low + high) / 2
        if (1 / (1 + np.exp(-log_odds - middle))).sum() < is_blast.sum():
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _lowest(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a function with one valley is lowest: golden section, 30 steps."""
    ratio = (5**0.5 - 1) / 2
    for _ in range(30):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if function(left) <= function(right):
            high = right
        else:
            low = left
    return (low + high) / 2


def _threshold(p_blast: Floats, cells: CellSet, settings: ConvertSettings) -> float:
    """The lowest threshold that keeps both specificities, on four digits.

    That of blast-free patients and sources is their mean, each counting alike: the strangest of
    them would set it alone if each had to keep it, and the spread between them is the verdict's.
    """
    others = cells.is_white & ~cells.is_blast
    bounds = [_quantile_above(p_blast[others], settings.specificity)]
    free = others & blast_free(cells, settings.blast_free_below)
    groups = [members[free[members]] for members in members_of_groups(cells).values()]
    large = [own for own in groups if len(own) >= _FEWEST_CELLS]
    if large:
        scores = np.concatenate([p_blast[own] for own in large])
        weights = np.concatenate([np.full(len(own), 1 / len(own) / len(large)) for own in large])
        order = np.argsort(scores)
        below = np.cumsum(weights[order])
        first = int(np.searchsorted(below, settings.blast_free_specificity))
        bounds.append(float(scores[order][min(first, len(scores) - 1)]))
    return float(min(0.999, max(0.01, np.ceil(max(bounds) * 1e4) / 1e4)))


def _quantile_above(p_blast: Floats, specificity: float) -> float:
    """The p_blast above which no more than 1 - specificity of the cells lie."""
    return float(np.quantile(p_blast, specificity, method="higher"))


def _unsure_band(judged: Reference, threshold: float, error: float) -> tuple[float, float]:
    """The p_blast between which there is no answer: label-conditional conformal prediction.

    A cell is answered with a label only if the other label is ruled out at level ``error``: for
    cells exchangeable with those judged here, at most that share of blasts is answered "no blast",
    and at most that share of the others "blast" (Vovk et al. 2003, Mondrian conformal predictors).
    Each source with enough cells has the guarantee of its own; it says nothing of the cells of one
    patient, which are alike: that is measured, not guaranteed.
    """
    low, high = threshold, threshold
    cells = judged.cells
    sources = np.array([cell.source for cell in cells.cells])
    for source in sorted(set(sources)):
        own = (sources == source) & cells.is_white
        blasts = np.sort(judged.p_blast[own & cells.is_blast])
        others = np.sort(judged.p_blast[own & ~cells.is_blast])
        if len(blasts) >= _FEWEST_CELLS:
            low = min(low, float(blasts[max(0, int(error * (len(blasts) + 1)) - 1)]))
        if len(others) >= _FEWEST_CELLS:
            last = int(np.ceil((1 - error) * (len(others) + 1))) - 1
            high = max(high, float(others[min(last, len(others) - 1)]))
    return round(low, 4), round(high, 4)
