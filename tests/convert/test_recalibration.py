"""A network that is too sure of itself is taken at less than its word; its ranking stays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convert.recalibration import fit_line, read_line
from edge.errors import DataMissing
from edge.inference.recalibration import AS_IT_IS, Recalibration


@settings(deadline=None, max_examples=25)
@given(slope=st.floats(0.3, 3.0), shift=st.floats(-2.0, 2.0), seed=st.integers(0, 10**6))
def test_the_line_that_cells_were_drawn_by_is_found_again(
    slope: float, shift: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    odds = rng.normal(0.0, 3.0, 20_000)
    is_blast = rng.random(odds.size) < Recalibration(slope, shift).apply(odds)
    found = fit_line(odds, is_blast, rng.choice(["one", "other"], odds.size).tolist())
    assert found.slope == pytest.approx(slope, rel=0.12)
    assert found.shift == pytest.approx(shift, abs=0.25)


def test_scores_that_are_far_too_sure_do_not_break_the_fit() -> None:
    """Log-odds of +-27, as probabilities of 0 and 1 come out, one in fifty of them wrong."""
    rng = np.random.default_rng(1)
    is_blast = rng.random(5000) < 0.3
    wrong = rng.random(5000) < 0.02
    odds = np.where(is_blast != wrong, 27.0, -27.0)
    found = fit_line(odds, is_blast, ["one"] * 5000)
    sure = found.apply(np.array([27.0, -27.0]))
    assert sure[0] == pytest.approx(is_blast[odds > 0].mean(), abs=0.01)
    assert sure[1] == pytest.approx(is_blast[odds < 0].mean(), abs=0.01)


def test_the_largest_laboratory_does_not_decide_alone() -> None:
    """Its scores are right, those of a laboratory a hundredth as large far too sure."""
    rng = np.random.default_rng(2)
    odds = rng.normal(0.0, 3.0, 20_200)
    large = np.arange(odds.size) < 20_000
    truth = Recalibration(1.0, 0.0).apply(np.where(large, odds, 0.2 * odds))
    is_blast = rng.random(odds.size) < truth
    names = np.where(large, "large", "small").tolist()
    together, alike = fit_line(odds, is_blast, names), fit_line(odds, is_blast, ["one"] * odds.size)
    assert together.slope < alike.slope - 0.03


@given(
    st.lists(st.floats(-30, 30), min_size=2, max_size=20),
    st.floats(0.05, 20),
    st.floats(-10, 10),
)
def test_no_order_changes(odds: list[float], slope: float, shift: float) -> None:
    ordered = np.sort(np.array(odds))
    made = Recalibration(slope, shift).apply(ordered)
    assert np.all(np.diff(made) >= 0)
    assert np.all((made >= 0) & (made <= 1))


def test_certain_answers_stay_probabilities() -> None:
    assert Recalibration(20.0, 0.0).apply(np.array([-1e6, 1e6])).tolist() == [0.0, 1.0]
    assert AS_IT_IS.apply(np.array([0.0])) == pytest.approx([0.5])


def test_a_report_from_before_tells_no_line() -> None:
    assert read_line(None) is None
    assert read_line({"recipe": "mine"}) is None
    assert read_line({"recalibration": {"slope": 0.7, "shift": 1}}) == Recalibration(0.7, 1.0)


@pytest.mark.parametrize(
    "told", [{"slope": 0.0, "shift": 0.0}, {"slope": 1.0}, {"slope": "x", "shift": 0}, 3]
)
def test_a_line_that_makes_no_sense_is_refused(told: object) -> None:
    with pytest.raises(DataMissing, match="recalibration"):
        read_line({"recalibration": told})
