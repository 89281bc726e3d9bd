"""Healthy blood of cameras that no part of training saw, among those who stand for "no blasts".

The clinic's camera is one that training never saw. Its false blasts are no fewer than those of the
scanners that were trained on, and an operating point measured on scanners alone promises an error
rate that the clinic does not get. The trainer's report tells how often its networks flag healthy
white cells of such cameras; each camera counts as one donor more.
"""

from __future__ import annotations

from typing import Any

from convert.operating_point import Rate
from edge.errors import DataMissing
from edge.judgement.betabinomial import fit_beta_binomial


def with_unseen_cameras(rate: Rate, report: dict[str, Any] | None) -> Rate:
    """The false-blast rate with one group more for every camera of the report.

    Args:
        rate: Measured on patients and donors.
        report: The trainer's ``report.json``; None, or one without such cameras, changes nothing.

    Raises:
        DataMissing: The report holds what cannot be counts.
    """
    counts = camera_counts(report or {})
    if not counts:
        return rate
    flagged = (*rate.flagged, *(k for _, k, _ in counts))
    cells = (*rate.cells, *(n for _, _, n in counts))
    groups = (*rate.groups, *(name for name, _, _ in counts))
    return Rate(fit_beta_binomial(flagged, cells), flagged, cells, groups)


def camera_counts(report: dict[str, Any]) -> list[tuple[str, int, int]]:
    """Name, flagged and answered cells of each camera, on average over the networks."""
    found = []
    for name, told in sorted(report.get("healthy_fields", {}).items()):
        try:
            rows = [
                (float(row["flagged"]), int(row["answered"]))
                for row in told["networks"]
                if row["flagged"] is not None
            ]
            cells = round(sum(n for _, n in rows) / max(1, len(rows)))
            flagged = round(cells * sum(share for share, _ in rows) / max(1, len(rows)))
        except (KeyError, TypeError, ValueError) as error:
            raise DataMissing(f"healthy_fields of {name} in the report: {error!r}.") from error
        if cells > 0:
            found.append((f"{name} (camera never trained on)", flagged, cells))
    return found
