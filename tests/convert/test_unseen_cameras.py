"""A camera that training never saw belongs to those who stand for "no blasts"."""

from __future__ import annotations

import pytest

from convert.operating_point import Rate
from convert.unseen_cameras import with_unseen_cameras
from edge.errors import DataMissing
from edge.judgement.betabinomial import fit_beta_binomial

FLAGGED, CELLS = (1, 0, 2, 1), (100, 120, 110, 2000)
SCANNERS = Rate(fit_beta_binomial(FLAGGED, CELLS), FLAGGED, CELLS, ("P1", "P2", "P3", "donors"))


def report(*shares: float | None) -> dict[str, object]:
    rows = [{"run": "fold", "answered": 200, "flagged": share} for share in shares]
    return {"healthy_fields": {"phone": {"networks": rows}}}


def test_a_camera_that_is_flagged_more_widens_the_spread_and_is_named() -> None:
    wider = with_unseen_cameras(SCANNERS, report(0.04, 0.06))
    assert wider.groups[-1] == "phone (camera never trained on)"
    assert (wider.flagged[-1], wider.cells[-1]) == (10, 200)
    assert wider.spread.mean > SCANNERS.spread.mean
    assert wider.spread.sd > SCANNERS.spread.sd
    assert wider.groups[:-1] == SCANNERS.groups


def test_without_such_cameras_nothing_changes() -> None:
    assert with_unseen_cameras(SCANNERS, None) is SCANNERS
    assert with_unseen_cameras(SCANNERS, {"patients": 82}) is SCANNERS
    assert with_unseen_cameras(SCANNERS, report(None)) is SCANNERS


def test_a_report_that_tells_no_counts_is_refused() -> None:
    with pytest.raises(DataMissing, match="phone"):
        with_unseen_cameras(SCANNERS, {"healthy_fields": {"phone": {"networks": [{}]}}})
