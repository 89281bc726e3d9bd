"""Intervals over patients: wider than over cells, and they hold what they say."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from convert.figures import roc_auc
from train.evaluation.bootstrap import auc_interval, weighted_auc


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(0, 6), st.integers(0, 3)), min_size=2, max_size=25
    )
)
def test_a_weight_is_a_cell_so_many_times(cells: list[tuple[bool, int, int]]) -> None:
    truth, score, weight = (np.array(column) for column in zip(*cells, strict=True))
    repeated = roc_auc(np.repeat(truth, weight), np.repeat(score.astype(float), weight))
    found = weighted_auc(truth, score.astype(float), weight.astype(float))
    assert np.isnan(found) if repeated is None else np.isclose(found, repeated)


def test_cells_of_few_patients_are_less_sure_than_as_many_patients() -> None:
    rng = np.random.default_rng(4)
    truth = rng.random(600) < 0.4
    of_patient = np.repeat(np.arange(12), 50)
    score = truth * 1.5 + rng.normal(0, 1, 600) + rng.normal(0, 1, 12)[of_patient]
    one_by_one = auc_interval(truth, score, [""] * 600, 1, 300)
    by_patient = auc_interval(truth, score, [f"P{p}" for p in of_patient], 1, 300)
    widths = [high - low for low, high in (one_by_one, by_patient)]
    print(f"interval of the AUC: {widths[0]:.3f} wide over cells, {widths[1]:.3f} over patients")
    assert widths[1] > 1.3 * widths[0]
