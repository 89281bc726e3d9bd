"""The chart of the control: what was passed, what was not, and the lines between."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest

from edge.errors import StoreUnwritable
from edge.levey_jennings import levey_jennings_svg, write_levey_jennings
from edge.records.clock import ClockTrust
from edge.records.controls import StoredRun
from tests.edge.records.examples import moment
from tests.edge.test_control_state import FAILED, RUN


def history(*flagged: int) -> list[StoredRun]:
    return [
        StoredRun(
            number=day,
            examination=day,
            run=dataclasses.replace(RUN if k < 20 else FAILED, flagged=k, answered=100),
            at=moment(3, 1) + timedelta(days=day),
            clock=ClockTrust.SET,
            boot="b",
            since_boot_s=0.0,
        )
        for day, k in enumerate(flagged)
    ]


def test_each_run_is_a_dot_and_one_that_failed_a_square() -> None:
    drawn = levey_jennings_svg("lot <7>", history(1, 2, 0, 40), 3)
    ElementTree.fromstring(drawn)  # whole, and the name does no harm
    assert drawn.count("<circle") == 2 * 3
    assert drawn.count('fill="#b71c1c"><title>') == 2 * 1
    assert "+3s" in drawn
    assert "lot &lt;7&gt;" in drawn


def test_before_there_are_limits_it_says_how_many_runs_are_lacking() -> None:
    drawn = levey_jennings_svg("lot 7", history(1, 2), 20)
    assert "2 of 20 passed runs" in drawn
    assert "+3s" not in drawn


def test_no_runs_and_no_cells_are_drawn_too() -> None:
    ElementTree.fromstring(levey_jennings_svg("lot 7", [], 20))
    (empty,) = history(1)
    nothing = dataclasses.replace(empty.run, flagged=0, answered=0, abstained=0)
    ElementTree.fromstring(
        levey_jennings_svg("lot 7", [dataclasses.replace(empty, run=nothing)], 20)
    )


def test_a_chart_that_cannot_be_written_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(StoreUnwritable, match="cannot be written"):
        write_levey_jennings(tmp_path / "nowhere" / "trend.svg", "lot 7", history(1), 20)
