"""Statistical control of a measurement that is repeated on the same slide day after day.

A control slide read again and again gives counts that scatter about a mean of their own. Levey and
Jennings (1950) draw them on a chart with lines at the mean and one to three standard deviations;
Westgard's rules (Westgard et al. 1981, Clinical Chemistry 27:493) say when the scatter has become
too large or the mean has moved:

    1-2s   one value beyond two standard deviations: a warning, no rejection
    1-3s   one value beyond three: rejected
    2-2s   two values in a row beyond two on the same side: rejected

A share of cells is looked at on the scale asin(sqrt((k + 3/8) / (n + 3/4))), where k of n cells
scatter by 1 / (2 sqrt(n + 1/2)) whatever the share (Anscombe 1948). The standard deviation of the
chart is never taken smaller than that: what counting alone scatters (Ruemke 1985) is no fault of
the device. Mean and standard deviation come from the first runs, twenty by default (CLSI C24), and
stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

_LINES = (-3, -2, -1, 0, 1, 2, 3)


class Rule(StrEnum):
    """A rule that a run broke."""

    WARNING_1_2S = "1-2s"
    REJECTED_1_3S = "1-3s"
    REJECTED_2_2S = "2-2s"

    @property
    def rejects(self) -> bool:
        """Whether a run that breaks it is rejected."""
        return self is not Rule.WARNING_1_2S


@dataclass(frozen=True)
class CountedShare:
    """One run's share: so many of so many cells.

    Attributes:
        count: Cells with the property.
        cells: All cells; at least 1, and at least ``count``.

    Raises:
        ValueError: The counts are impossible.
    """

    count: int
    cells: int

    def __post_init__(self) -> None:
        if not 0 <= self.count <= self.cells or self.cells < 1:
            raise ValueError(f"impossible counts: {self.count} of {self.cells}")

    @property
    def share(self) -> float:
        """0 to 1."""
        return self.count / self.cells

    @property
    def angle(self) -> float:
        """asin(sqrt((count + 3/8) / (cells + 3/4))), radians, 0 to pi / 2."""
        return float(np.arcsin(np.sqrt((self.count + 0.375) / (self.cells + 0.75))))

    @property
    def counting_error(self) -> float:
        """Standard deviation of ``angle`` by counting alone, radians."""
        return float(1 / (2 * np.sqrt(self.cells + 0.5)))


@dataclass(frozen=True)
class Limits:
    """Mean and standard deviation of a control on its own device.

    Attributes:
        mean: Of the angles, radians.
        sd: Of the angles between runs, radians; never below the error of counting.
        runs: How many runs they rest on.
    """

    mean: float
    sd: float
    runs: int

    def deviations(self, found: CountedShare) -> float:
        """How many standard deviations a run lies above the mean."""
        return (found.angle - self.mean) / max(self.sd, found.counting_error)

    def lines(self) -> tuple[float, ...]:
        """Shares at -3, -2, ... 3 standard deviations, 0 to 1, rising."""
        angles = np.clip([self.mean + step * self.sd for step in _LINES], 0, np.pi / 2)
        return tuple(float(line) for line in np.sin(angles) ** 2)


def limits_of(first: Sequence[CountedShare]) -> Limits:
    """The limits that the first runs of a control set.

    Raises:
        ValueError: There are fewer than two runs.
    """
    if len(first) < 2:
        raise ValueError("limits need at least two runs")
    angles = np.array([run.angle for run in first])
    counting = float(np.sqrt(np.mean([run.counting_error**2 for run in first])))
    return Limits(float(angles.mean()), max(float(angles.std(ddof=1)), counting), len(first))


def broken_rules(
    found: CountedShare, before: CountedShare | None, limits: Limits
) -> tuple[Rule, ...]:
    """The rules that a run breaks.

    Args:
        found: The run.
        before: The run before it; None where there is none.
        limits: Of this control.
    """
    deviation = limits.deviations(found)
    broken = []
    if abs(deviation) > 3:
        broken.append(Rule.REJECTED_1_3S)
    if abs(deviation) > 2:
        earlier = 0.0 if before is None else limits.deviations(before)
        twice = abs(earlier) > 2 and (earlier > 0) == (deviation > 0)
        broken.append(Rule.REJECTED_2_2S if twice else Rule.WARNING_1_2S)
    return tuple(broken)
