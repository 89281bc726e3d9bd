"""Are alpha and beta kept? By exact sums and by simulation, over good and bad networks."""

import dataclasses

import numpy as np
import pytest

from edge.judgement.operating_point import BetaSpread, OperatingPoint
from edge.judgement.rates import share_grid
from edge.judgement.review_boundary import false_review_rates
from edge.judgement.sequential import Boundaries, boundaries
from edge.judgement.simulation import draw_rates, first_decisions, simulate
from edge.judgement.verdict import VerdictSettings
from tests.edge.judgement.networks import GOOD, GRID, NOISY, USELESS, USUAL, network

SETTINGS = VerdictSettings()
PLAN = SETTINGS.plan
SLIDES = 2000
# Three standard errors of a rate of 1% over that many slides.
NOISE = 3 * (0.01 * 0.99 / SLIDES) ** 0.5


@pytest.mark.parametrize("name", GRID)
def test_slides_without_blasts_end_in_review_at_most_once_in_a_hundred(name):
    out = simulate(GRID[name], 0.0, slides=SLIDES, seed=1)
    print(
        f"{name}: no blasts: REVIEW {out.review:.4f}, green {out.no_blasts_found:.3f}, "
        f"{out.mean_cells:.0f} cells"
    )
    assert out.review <= 0.01 + NOISE


@pytest.mark.parametrize("name", GRID)
@pytest.mark.parametrize("share", [0.05, 0.1, 0.5])
def test_slides_with_blasts_end_green_at_most_once_in_a_hundred(name, share):
    out = simulate(GRID[name], share, slides=SLIDES, seed=2)
    print(
        f"{name}: {share:.0%} blasts: green {out.no_blasts_found:.4f}, REVIEW {out.review:.3f}, "
        f"{out.mean_cells:.0f} cells"
    )
    assert out.no_blasts_found <= 0.01 + NOISE


@pytest.mark.parametrize("name", ["good", "usual", "noisy"])
def test_the_error_rates_summed_exactly_are_those_simulated(name):
    limits = boundaries(GRID[name], PLAN)
    never = np.full(PLAN.max_cells + 1, PLAN.max_cells + 2)
    review = _crossing(GRID[name], 0.0, dataclasses.replace(limits, green=-never))
    green = _crossing(GRID[name], PLAN.share_limit, dataclasses.replace(limits, review=never))
    print(f"{name}: false review {limits.false_review:.4f}, simulated {review:.4f}")
    print(f"{name}: false green {limits.false_green:.4f}, simulated {green:.4f}")
    assert limits.false_review <= PLAN.alpha
    assert limits.false_green <= PLAN.beta
    assert review == pytest.approx(limits.false_review, abs=NOISE)
    assert green == pytest.approx(limits.false_green, abs=NOISE)


def _crossing(point: OperatingPoint, share: float, limits: Boundaries) -> float:
    rng = np.random.default_rng(3)
    rates = draw_rates(point, share, SLIDES, rng).flagged
    flagged = np.cumsum(rng.random((SLIDES, PLAN.max_cells)) < rates[:, None], axis=1)
    red, green, _ = first_decisions(flagged, np.zeros_like(flagged), limits)
    return float((red | green).mean())


@pytest.mark.parametrize("name", GRID)
def test_one_more_flagged_cell_never_leads_to_green_nor_one_unflagged_cell_from_it(name):
    limits = boundaries(GRID[name], PLAN)
    green = limits.green
    assert np.all(np.isin(np.diff(green), [0, 1]))
    late = limits.review[PLAN.least_cells_review :]
    assert np.all(np.diff(late) >= 0)
    # While REVIEW can be reached at all, one flagged cell more keeps it reached.
    assert np.all(np.diff(late) <= 1)
    assert np.all(limits.review > green)


def test_colours_wait_for_their_least_counts():
    limits = boundaries(GOOD, PLAN)
    cells = np.arange(PLAN.max_cells + 1)
    assert np.all(limits.review[: PLAN.least_cells_review] > cells[: PLAN.least_cells_review])
    assert np.all(limits.green[: PLAN.least_cells_green] == -1)
    assert np.all(cells - limits.green >= PLAN.least_cells_green * (limits.green >= 0))


def test_a_useless_network_gives_no_colour():
    limits = boundaries(USELESS, PLAN)
    assert np.all(limits.green == -1)
    assert limits.false_green == 0.0
    for share in (0.0, 0.2):
        assert simulate(USELESS, share, slides=500).cannot_judge >= 0.99


@pytest.mark.parametrize(
    ("sensitivity", "false_blasts"),
    [
        (BetaSpread(8, 1), BetaSpread(0.01, 15)),  # a fit to patients without a false blast
        (BetaSpread(20, 0.02), BetaSpread(1, 99)),  # a fit to patients without a missed blast
        (BetaSpread(9e5, 1e5), BetaSpread(1e4, 1e6)),  # all patients alike
        (BetaSpread(0.05, 0.05), BetaSpread(0.05, 0.05)),  # all or nothing
    ],
)
def test_error_rates_hold_at_the_ends_of_what_a_fit_can_give(sensitivity, false_blasts):
    point = OperatingPoint(sensitivity, false_blasts)
    limits = boundaries(point, PLAN)
    clear, sick = (simulate(point, share, slides=1000, seed=5) for share in (0.0, 0.05))
    print(
        f"{sensitivity}, {false_blasts}: clear: {clear.review:.3f} REVIEW, "
        f"{clear.no_blasts_found:.3f} green; 5%: {sick.review:.3f}, {sick.no_blasts_found:.3f}"
    )
    assert max(limits.false_review, limits.false_green) <= 0.01
    assert clear.review <= 0.01 + NOISE * 3**0.5
    assert sick.no_blasts_found <= 0.01 + NOISE * 3**0.5


def test_false_reviews_of_a_fixed_count_are_the_tail_of_the_beta_binomial():
    from scipy import stats

    null = BetaSpread(0.4, 20)
    table = np.arange(101) + 1
    table[100] = 9
    exact = stats.betabinom(100, null.a, null.b).sf(8)
    assert false_review_rates(table[None], null)[0] == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (USUAL, network((0.88, 0.10), (0.03, 0.04))),  # more false blasts
        (USUAL, network((0.88, 0.10), (0.02, 0.04))),  # less alike between patients
        (USUAL, NOISY),
    ],
)
def test_more_false_blasts_never_make_a_review_surer(better, worse):
    assert np.all(boundaries(worse, PLAN).review >= boundaries(better, PLAN).review)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (USUAL, OperatingPoint(BetaSpread(6, 1.2), USUAL.false_blast_rate)),  # misses more
        (USUAL, network((0.88, 0.15), (0.02, 0.03))),  # less alike between patients
    ],
)
def test_a_lower_or_less_even_sensitivity_never_makes_green_surer(better, worse):
    assert np.all(boundaries(worse, PLAN).green <= boundaries(better, PLAN).green)


def test_the_shares_guarded_run_from_the_limit_to_all():
    shares = share_grid(0.05)
    assert shares[0] == pytest.approx(0.05)
    assert shares[-1] == pytest.approx(1.0)
    assert sorted(shares) == list(shares)
