"""The share of blasts where a person has called some cells: both kinds of evidence in one.

A reviewed cell counts as the person called it. A cell that nobody reviewed still counts as the
network called it, with the network's error rates; and every cell that both have called says how
often the network errs on this very slide. Which cells are reviewed first (the most suspicious) may
depend on the network's call, but not on the truth behind it: then the likelihood of the share s is

    s^b (1 - s)^(n - b) x E[ p^f (1 - p)^u ],   p = s t + (1 - s) e

with b of n reviewed cells being blasts, f flagged and u unflagged ones not reviewed, and the
expectation over the network's sensitivity t and false-blast rate e on slides, given the calls that
both made (Beta distributions, so that calls simply add to their counts).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.judgement.gamma import FloatArray
from edge.judgement.operating_point import BetaSpread, OperatingPoint
from edge.judgement.rates import log_likelihood, rate_weights
from edge.judgement.share import corrected_share, share_interval

_STEPS = 200  # shares 0, 0.5%, ..., 100%, as in share.py


@dataclass(frozen=True)
class ReviewCounts:
    """Cells of one examination by who called them, and how.

    Attributes:
        blasts: Reviewed cells that the person called blasts.
        others: Reviewed cells that the person called other white cells.
        hits: Of ``blasts``, those the network flagged.
        misses: Of ``blasts``, those the network did not flag.
        false_alarms: Of ``others``, those the network flagged.
        rejections: Of ``others``, those the network did not flag.
        flagged: Cells not reviewed that the network flagged.
        unflagged: Cells not reviewed that the network answered for and did not flag.

    Cells that the network abstained from are among the reviewed ones only; cells that the person
    took out of the count are nowhere.

    Raises:
        ValueError: A count is negative, or more calls agree than there are.
    """

    blasts: int = 0
    others: int = 0
    hits: int = 0
    misses: int = 0
    false_alarms: int = 0
    rejections: int = 0
    flagged: int = 0
    unflagged: int = 0

    def __post_init__(self) -> None:
        counts = (self.hits, self.misses, self.false_alarms, self.rejections)
        if min(*counts, self.blasts, self.others, self.flagged, self.unflagged) < 0:
            raise ValueError(f"impossible counts: {self}")
        if self.hits + self.misses > self.blasts:
            raise ValueError(f"impossible counts: {self}")
        if self.false_alarms + self.rejections > self.others:
            raise ValueError(f"impossible counts: {self}")

    @property
    def reviewed(self) -> int:
        """White cells that a person called."""
        return self.blasts + self.others

    @property
    def cells(self) -> int:
        """White cells in the count."""
        return self.reviewed + self.flagged + self.unflagged


def reviewed_share(
    counts: ReviewCounts, point: OperatingPoint, coverage: float = 0.95
) -> tuple[float, tuple[float, float]]:
    """The share of blasts and its interval, from a person's calls and the network's.

    Without any review it is the network's corrected share and its interval; with every cell
    reviewed the person's plain share. Between them the most likely share of the model above. The
    interval is the shortest set of shares that holds ``coverage`` of the likelihood over a
    uniform share. Resolution 0.5%.

    Returns:
        The share, and lower and upper end of its interval, 0 to 1; (0, (0, 1)) without cells.
    """
    if counts.reviewed == 0:
        cells = counts.flagged + counts.unflagged
        share = corrected_share(cells, counts.flagged, point)
        return share, share_interval(cells, counts.flagged, point, coverage)
    shares = np.linspace(0, 1, _STEPS + 1)
    log_density = _log_density(counts, point, shares)
    density = np.exp(log_density - log_density.max())
    if counts.flagged + counts.unflagged == 0:
        share = counts.blasts / counts.reviewed
    else:
        share = float(shares[int(np.argmax(density))])
    density[[0, -1]] /= 2  # the end points stand for half a step
    low, high = _shortest(shares, density / density.sum(), coverage)
    return share, (min(low, share), max(high, share))


def _log_density(counts: ReviewCounts, point: OperatingPoint, shares: FloatArray) -> FloatArray:
    of_network = 0.0 * shares
    cells = counts.flagged + counts.unflagged
    if cells:
        learned = OperatingPoint(
            BetaSpread(point.sensitivity.a + counts.hits, point.sensitivity.b + counts.misses),
            BetaSpread(
                point.false_blast_rate.a + counts.false_alarms,
                point.false_blast_rate.b + counts.rejections,
            ),
        )
        of_network = log_likelihood(
            np.array([float(cells)]),
            np.array([float(counts.flagged)]),
            rate_weights(learned, tuple(float(s) for s in shares)),
        )[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        of_person = np.where(counts.blasts > 0, counts.blasts * np.log(shares), 0.0)
        of_person = of_person + np.where(counts.others > 0, counts.others * np.log1p(-shares), 0.0)
    return np.asarray(of_network + of_person)


def _shortest(
    shares: FloatArray,
    density: FloatArray,
    coverage: float,
) -> tuple[float, float]:
    """Ends of the shortest set of shares that holds ``coverage`` of a density."""
    order = np.argsort(-density, kind="stable")
    kept = order[: int(np.searchsorted(np.cumsum(density[order]), coverage)) + 1]
    half = 0.5 / _STEPS
    return max(0.0, float(shares[kept.min()]) - half), min(1.0, float(shares[kept.max()]) + half)
