import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.judgement.gamma import log_beta, log_gamma


@given(st.floats(1e-6, 1e8))
@settings(derandomize=True, max_examples=200, deadline=None)
def test_log_gamma_agrees_with_the_standard_library(x):
    assert float(log_gamma(x)) == pytest.approx(math.lgamma(x), rel=1e-11, abs=1e-11)


def test_arrays_keep_their_shape_and_huge_arguments_stay_finite():
    x = np.array([[1.0, 2.0], [1e40, 0.5]])
    assert log_gamma(x).shape == (2, 2)
    assert log_gamma(x)[1, 0] == pytest.approx(math.lgamma(1e40), rel=1e-12)


def test_log_beta_is_that_of_small_factorials():
    assert float(log_beta(3, 4)) == pytest.approx(math.log(2 * 6 / 720))
