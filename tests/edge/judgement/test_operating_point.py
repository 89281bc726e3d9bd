import math

import pytest

from edge.judgement.operating_point import BetaSpread


def test_mean_and_sd_between_patients_are_those_asked_for():
    spread = BetaSpread.from_mean_sd(0.88, 0.10)
    assert spread.mean == pytest.approx(0.88)
    assert spread.sd == pytest.approx(0.10)
    assert spread.concentration == pytest.approx(0.88 * 0.12 / 0.01 - 1)


@pytest.mark.parametrize("shape", [0.0, -1.0, math.nan, math.inf])
def test_a_shape_that_is_no_shape_is_refused_by_name(shape):
    with pytest.raises(ValueError, match=r"BetaSpread\.b"):
        BetaSpread(1.0, shape)


@pytest.mark.parametrize(("mean", "sd"), [(0, 0.1), (1, 0.1), (0.5, 0.5), (0.5, 0), (math.nan, 1)])
def test_a_mean_and_sd_that_no_beta_distribution_has_are_refused(mean, sd):
    with pytest.raises(ValueError, match="no Beta distribution"):
        BetaSpread.from_mean_sd(mean, sd)
