"""Cells of two runs are matched by where they lie; what only one of them judged is told."""

from __future__ import annotations

from bench.known_ground import Judged, only_in


def test_a_cell_that_only_one_run_judged_is_told() -> None:
    once = [Judged(10.0, 10.0, 60.0, "lymphocyte"), Judged(50.0, 10.0, 80.0, "blast")]
    whole = [Judged(50.4, 9.0, 82.0, "blast"), Judged(12.0, 13.0, 61.0, "lymphocyte")]
    speck = Judged(90.0, 40.0, 15.0, "erythroblast")
    assert only_in(once, whole) == only_in(whole, once) == []
    assert only_in([*whole, speck], once) == [speck]
