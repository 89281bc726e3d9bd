import numpy as np
import pytest
from scipy import stats

from edge.judgement.betabinomial import cdf, fit_beta_binomial, log_pmf, pmf
from edge.judgement.operating_point import BetaSpread


@pytest.mark.parametrize("spread", [BetaSpread(0.4, 20), BetaSpread(8, 1.1), BetaSpread(300, 9000)])
@pytest.mark.parametrize("n", [1, 20, 700])
def test_pmf_and_cdf_agree_with_scipy(spread, n):
    known = stats.betabinom(n, spread.a, spread.b)
    k = np.arange(n + 1)
    np.testing.assert_allclose(pmf(k, n, spread), known.pmf(k), rtol=1e-8, atol=1e-300)
    np.testing.assert_allclose(log_pmf(k, n, spread), known.logpmf(k), rtol=1e-9, atol=1e-9)
    for k_ in (-1, 0, n // 3, n, n + 1):
        assert cdf(k_, n, spread) == pytest.approx(known.cdf(k_), abs=1e-9)


@pytest.mark.parametrize(
    ("mean", "sd"), [(0.02, 0.03), (0.88, 0.10), (0.005, 0.005), (0.5, 0.2), (0.85, 0.25)]
)
def test_the_fit_recovers_the_spread_of_many_patients(mean, sd):
    truth = BetaSpread.from_mean_sd(mean, sd)
    rng = np.random.default_rng(5)
    found = []
    for _ in range(5):
        cells = rng.integers(50, 400, 80)
        flagged = rng.binomial(cells, rng.beta(truth.a, truth.b, 80))
        fit = fit_beta_binomial(flagged.tolist(), cells.tolist())
        found.append((fit.mean, fit.sd))
    means, sds = np.mean(found, axis=0)
    print(f"truth {mean} +- {sd}: fitted {means:.4f} +- {sds:.4f} (5 times 80 patients)")
    assert means == pytest.approx(mean, rel=0.15)
    assert sds == pytest.approx(sd, rel=0.25)


def test_no_false_blast_in_any_patient_leaves_a_small_rate_not_none():
    fit = fit_beta_binomial([0] * 20, [200] * 20)
    print(f"0 of 20 x 200: mean {fit.mean:.5f}, sd {fit.sd:.5f}")
    assert 0 < fit.mean < 1 / 1000
    assert fit.sd > fit.mean / 3


def test_patients_that_are_alike_leave_little_spread():
    rng = np.random.default_rng(7)
    flagged = rng.binomial(300, 0.1, 60)
    fit = fit_beta_binomial(flagged.tolist(), [300] * 60)
    print(f"binomial 0.1 of 60 x 300: mean {fit.mean:.4f}, sd {fit.sd:.4f}")
    assert fit.mean == pytest.approx(0.1, rel=0.1)
    assert fit.sd < 0.02


def test_one_patient_leaves_the_spread_open():
    fit = fit_beta_binomial([45], [50])
    print(f"one patient, 45 of 50: mean {fit.mean:.3f}, sd {fit.sd:.3f}")
    assert 0.7 < fit.mean < 0.92
    assert fit.sd > 0.03


def test_patients_without_cells_say_nothing_and_order_does_not_matter():
    fit = fit_beta_binomial([3, 9, 1], [40, 50, 60])
    assert fit_beta_binomial([0, 1, 9, 3, 0], [0, 60, 50, 40, 0]) == fit


@pytest.mark.parametrize(
    ("successes", "trials", "words"),
    [
        ([1], [1, 2], "one length"),
        ([3], [2], "successes"),
        ([-1], [2], "successes"),
        ([0], [0], "no patient"),
        ([], [], "no patient"),
    ],
)
def test_counts_that_cannot_be_are_refused(successes, trials, words):
    with pytest.raises(ValueError, match=words):
        fit_beta_binomial(successes, trials)
