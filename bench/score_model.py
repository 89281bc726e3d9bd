"""A slide-level model of the distribution of scores: an alternative to counting flagged cells.

Scores are put into bins of log-odds, and a slide is a multinomial over the bins. Cells of a slide
share stain, day and patient, so all its scores may lie higher or lower than usual: a slide draws
one shift for its blasts and one for its other cells. Blasts are found among the bins with a share
s. Counts in bins then have a likelihood under "no blasts" and under "some share of S or more";
their ratio is the evidence. It is a martingale on slides without blasts, so it exceeds 1 / e on at
most a part e of them, however often one looks (Ville's inequality).

The shape of both distributions is that of all patients together, each counting alike. How far
shifts reach is not known well from a dozen patients without blasts: normal distributions of all
widths are averaged, each weighed by how well it explains the patients.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from convert.cells import CellSet
from convert.figures import Flags, Floats
from convert.operating_point import blast_free
from edge.judgement.rates import share_grid
from edge.judgement.verdict import VerdictSettings

EDGES: Final = (-1.0, 0.5, 1.5, 2.5, 3.5, 4.5)
"""Below -1 lies the bulk of cells that are no blasts; where exactly says more of the stain than of
blasts."""

_GRID: Final = np.linspace(-16, 9, 251)
_SMOOTHING: Final = 0.4
_SHIFTS: Final = np.linspace(-4, 4, 17)
_WIDTHS: Final = np.linspace(0.2, 4.0, 20)
_FEWEST_CELLS: Final = 3
_MOST_OF_A_GROUP: Final = 200
"""A source of thousands of cells knows no more of rare scores on other slides than a patient."""


def bin_counts(scores: Floats) -> Floats:
    """Cells in each bin, shape (bins,), for log-odds of p_blast."""
    return np.bincount(np.searchsorted(EDGES, scores, "right"), minlength=len(EDGES) + 1).astype(
        float
    )


@dataclass(frozen=True)
class ShiftedScores:
    """Where scores of one kind of cell lie, as a mixture over slides.

    Attributes:
        weights: Of each shift that a slide may draw, shape (shifts,), sum 1.
        bins: Probability of each bin, shape (shifts, bins), rows of sum 1.
    """

    weights: Floats
    bins: Floats


@dataclass(frozen=True)
class ScoreModel:
    """The scores of one network.

    Attributes:
        others: Of white cells that are no blasts, on slides without blasts.
        blasts: Of blasts.
    """

    others: ShiftedScores
    blasts: ShiftedScores

    def log_evidence(self, counts: Floats) -> float:
        """ln of the likelihood ratio of "a share of S or more" to "no blasts".

        Args:
            counts: Cells in each bin, shape (bins,).
        """
        shares = np.array(share_grid(VerdictSettings().share_limit))
        part = shares[:, None, None, None]
        some = part * self.blasts.bins[:, None, :] + (1 - part) * self.others.bins[None, :, :]
        weight = np.multiply.outer(self.blasts.weights, self.others.weights) / shares.size
        weights = np.broadcast_to(weight, some.shape[:-1])
        return _mixed(np.log(some) @ counts, weights) - _mixed(
            np.log(self.others.bins) @ counts, self.others.weights
        )

    def log_ratio_sum(self, counts: Floats) -> float:
        """The same without spread between patients: a sum over cells, for the likeliest shares.

        Each cell adds ln(s p1 / p0 + 1 - s); the shares are weighed alike.
        """
        none, blast = self._plain(self.others), self._plain(self.blasts)
        shares = np.array(share_grid(VerdictSettings().share_limit))[:, None]
        each_share = np.log(shares * blast / none + 1 - shares) @ counts
        return _mixed(each_share, np.full(shares.size, 1 / shares.size))

    @staticmethod
    def _plain(scores: ShiftedScores) -> Floats:
        """Bins of a slide whose scores are not shifted."""
        middle: Floats = scores.bins[len(scores.bins) // 2]
        return middle


def _mixed(log_likelihood: Floats, weights: Floats) -> float:
    """ln of a weighted sum of likelihoods."""
    top = float(log_likelihood.max())
    return top + float(np.log((np.exp(log_likelihood - top) * weights).sum()))


def fit_score_model(cells: CellSet, scores: Floats, blast_free_below: float) -> ScoreModel:
    """Fit it.

    Args:
        cells: Whose scores; patients never trained on.
        scores: Log-odds of p_blast, shape (cells,).
        blast_free_below: Patients with a smaller share of signed blasts stand for "no blasts".
    """
    others = cells.is_white & ~cells.is_blast & blast_free(cells, blast_free_below)
    return ScoreModel(
        _shifted(_groups(cells, scores, others)), _shifted(_groups(cells, scores, cells.is_blast))
    )


def _groups(cells: CellSet, scores: Floats, chosen: Flags) -> list[Floats]:
    """The chosen cells' scores, patient by patient."""
    names = np.array([f"{source}/{patient}" for source, patient in cells.groups])
    found = [scores[chosen & (names == name)] for name in sorted(set(names.tolist()))]
    return [own for own in found if len(own) >= _FEWEST_CELLS]


def _shifted(groups: list[Floats]) -> ShiftedScores:
    density = np.mean([_density(own) for own in groups], axis=0)
    known = sum(min(len(own), _MOST_OF_A_GROUP) for own in groups)
    bins = np.array([_bins(density, shift, known) for shift in _SHIFTS])
    counts = np.array([bin_counts(own) * min(1.0, _MOST_OF_A_GROUP / len(own)) for own in groups])
    return ShiftedScores(_weights(counts @ np.log(bins).T), bins)


def _density(scores: Floats) -> Floats:
    """Smoothed density of one group on the grid, sum 1."""
    step = _GRID[1] - _GRID[0]
    place = np.clip(np.round((scores - _GRID[0]) / step).astype(int), 0, _GRID.size - 1)
    heights = np.bincount(place, minlength=_GRID.size) / len(scores)
    reach = int(4 * _SMOOTHING / step)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * step / _SMOOTHING) ** 2)
    smoothed: Floats = np.convolve(heights, kernel / kernel.sum(), "same")
    return smoothed


def _bins(density: Floats, shift: float, known: int) -> Floats:
    """Probability of each bin for a slide of this shift; half a cell of every bin is added."""
    moved = np.interp(_GRID - shift, _GRID, density, left=0.0, right=0.0)
    parts = np.bincount(np.searchsorted(EDGES, _GRID, "right"), moved, len(EDGES) + 1)
    counted: Floats = parts / parts.sum() * known + 0.5
    return np.asarray(counted / counted.sum())


def _weights(log_likelihood: Floats) -> Floats:
    """Weights of the shifts from the groups' likelihood at each, shape (groups, shifts)."""
    priors = np.exp(-0.5 * (_SHIFTS[None, :] / _WIDTHS[:, None]) ** 2)
    priors /= priors.sum(axis=1, keepdims=True)
    top = log_likelihood.max(axis=1, keepdims=True)
    of_width = np.log(np.exp(log_likelihood - top) @ priors.T).sum(axis=0)
    plausible = np.exp(of_width - of_width.max())
    weights: Floats = plausible @ priors / plausible.sum()
    return weights
