import numpy as np
import pytest
from scipy import stats
from scipy.special import comb

from edge.judgement.operating_point import BetaSpread
from edge.judgement.rates import log_likelihood, quadrature, rate_grid, rate_weights
from tests.edge.judgement.networks import GRID, NOISY, UNEVEN, USUAL


@pytest.mark.parametrize(
    "spread",
    [BetaSpread(0.4, 20), BetaSpread(8.4, 1.15), BetaSpread(0.1, 0.1), BetaSpread(2e4, 8e4)],
)
def test_quadrature_keeps_mean_spread_and_lower_tail(spread):
    x, w = quadrature(spread, 65)
    truth = stats.beta(spread.a, spread.b)
    assert w.sum() == pytest.approx(1)
    assert w @ x == pytest.approx(truth.mean(), rel=1e-3)
    assert np.sqrt(w @ (x - w @ x) ** 2) == pytest.approx(truth.std(), rel=1e-2)
    for n in (5, 40):  # chance of no flagged cell in n
        exact = stats.betabinom(n, spread.a, spread.b).pmf(0)
        assert w @ (1 - x) ** n == pytest.approx(exact, rel=1e-2, abs=1e-9)


@pytest.mark.parametrize("name", GRID)
@pytest.mark.parametrize("n", [10, 100, 400, 1000])
def test_without_blasts_the_likelihood_is_the_beta_binomial(name, n):
    spread = GRID[name].false_blast_rate
    truth = stats.betabinom(n, spread.a, spread.b)
    k = truth.isf([0.99, 0.5, 0.05, 1e-2, 1e-3])
    ours = log_likelihood(np.full(5, float(n)), k, rate_weights(GRID[name], (0.0,)))[:, 0]
    np.testing.assert_allclose(ours + np.log(comb(n, k)), truth.logpmf(k), atol=0.06)


@pytest.mark.parametrize("point", [USUAL, UNEVEN, NOISY])
@pytest.mark.parametrize(("n", "k", "share"), [(200, 4, 0.05), (100, 30, 0.3), (40, 25, 0.7)])
def test_with_blasts_it_is_the_double_integral_over_patients(point, n, k, share):
    sensitivity = stats.beta(point.sensitivity.a, point.sensitivity.b)
    false_rate = stats.beta(point.false_blast_rate.a, point.false_blast_rate.b)

    # Over quantiles, so that the integrand has no pole.
    def chance(u, v):
        p = share * sensitivity.ppf(u) + (1 - share) * false_rate.ppf(v)
        return stats.binom.pmf(k, n, p)

    nodes, weights = np.polynomial.legendre.leggauss(120)
    u, w = (nodes + 1) / 2, weights / 2
    exact = w @ chance(u[:, None], u[None, :]) @ w
    ours = log_likelihood(np.array([n]), np.array([k]), rate_weights(point, (share,)))[0, 0]
    assert np.exp(ours) * comb(n, k) == pytest.approx(exact, rel=0.02)


def test_weights_are_distributions_whose_mean_is_that_of_the_slide():
    shares = (0.0, 0.05, 0.5, 1.0)
    weights = rate_weights(USUAL, shares)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    means = [s * 0.88 + (1 - s) * 0.02 for s in shares]
    np.testing.assert_allclose(weights @ rate_grid(), means, rtol=2e-3)
