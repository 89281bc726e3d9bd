import numpy as np
import pytest

from edge.judgement.fixed_count import fixed_count, fixed_count_settling
from edge.judgement.simulation import (
    draw_rates,
    monte_carlo_error,
    operating_characteristics,
    simulate,
)
from edge.judgement.verdict import VerdictSettings
from tests.edge.judgement.networks import GOOD, POOR, USUAL


def test_the_same_seed_gives_the_same_slides():
    assert simulate(USUAL, 0.1, slides=50, seed=3) == simulate(USUAL, 0.1, slides=50, seed=3)
    assert simulate(USUAL, 0.1, slides=50, seed=3) != simulate(USUAL, 0.1, slides=50, seed=4)


def test_more_blasts_are_found_more_often_and_with_fewer_cells():
    table = operating_characteristics(USUAL, (0.0, 0.05, 0.1, 0.2, 0.3, 0.5), slides=1000)
    for row in table:
        print(
            f"{row.blast_share:4.0%}: REVIEW {row.review:.3f}  green {row.no_blasts_found:.3f}  "
            f"CANNOT_JUDGE {row.cannot_judge:.3f}  {row.mean_cells:.0f} cells on average, "
            f"{row.cells_95:.0f} for 95%"
        )
        assert row.review + row.no_blasts_found + row.cannot_judge == pytest.approx(1)
    reviews = [row.review for row in table]
    assert reviews == sorted(reviews)
    assert reviews[3] >= 0.88
    assert reviews[4] >= 0.98
    assert table[5].mean_cells < 60
    assert table[0].no_blasts_found > 0.65


def test_a_good_network_decides_nearly_every_slide():
    healthy, sick = (simulate(GOOD, share, slides=1000) for share in (0.0, 0.1))
    print(f"good: healthy green {healthy.no_blasts_found:.3f}, 10% REVIEW {sick.review:.3f}")
    assert healthy.no_blasts_found >= 0.97
    assert sick.review >= 0.98


def test_a_slide_with_few_cells_is_left_undecided():
    assert simulate(GOOD, 0.0, slides=200, cells_on_slide=60).cannot_judge >= 0.95
    assert simulate(GOOD, 0.0, slides=200, cells_on_slide=60).mean_cells <= 60


def test_fewer_cells_than_a_fixed_count_at_the_same_error_rates():
    # Where both decide nearly every slide: see the test of the good network above.
    settings = VerdictSettings()
    fixed = fixed_count(GOOD, settings)
    runs = [simulate(GOOD, s, settings, slides=2000, seed=9) for s in (0.0, 0.05, 0.2)]
    ratios = [run.mean_cells / fixed for run in runs]
    print(f"fixed count {fixed}; sequential / fixed: " + ", ".join(f"{r:.2f}" for r in ratios))
    assert ratios[0] < 0.6
    assert ratios[2] < 0.6


def test_the_fixed_count_keeps_its_error_rates_and_fewer_cells_do_not():
    rng = np.random.default_rng(5)
    fixed, settings = fixed_count(GOOD), VerdictSettings()
    healthy = rng.binomial(fixed, draw_rates(GOOD, 0.0, 100_000, rng).flagged)
    sick = rng.binomial(fixed, draw_rates(GOOD, settings.share_limit, 100_000, rng).flagged)
    limits = range(fixed)
    worse = [max((healthy >= k).mean(), (sick < k).mean()) for k in limits]
    assert min(worse) <= 0.0105  # 1%, and luck
    fewer = fixed - 20
    healthy = rng.binomial(fewer, draw_rates(GOOD, 0.0, 100_000, rng).flagged)
    sick = rng.binomial(fewer, draw_rates(GOOD, settings.share_limit, 100_000, rng).flagged)
    assert min(max((healthy >= k).mean(), (sick < k).mean()) for k in limits) > 0.01


def test_where_patients_differ_too_much_no_fixed_count_is_enough():
    assert fixed_count(POOR, most_cells=500) is None


def test_the_monte_carlo_error_covers_the_truth_and_is_never_nothing():
    assert monte_carlo_error(0.0, 2000) > 0
    rng = np.random.default_rng(2)
    share, slides = 0.9, 400
    drawn = rng.binomial(slides, share, 2000) / slides
    covered = np.mean([abs(d - share) <= monte_carlo_error(d, slides) for d in drawn])
    assert 0.93 <= covered <= 0.97


def test_a_fixed_count_that_may_stay_open_needs_more_cells_to_settle_more():
    needed = [fixed_count_settling(USUAL, green, 0.2, 0.5) for green in (0.3, 0.6)]
    print(needed)
    assert None not in needed
    assert needed[0] <= needed[1]
    assert fixed_count_settling(POOR, 0.99, 0.2, 0.99, most_cells=200) is None


def test_the_sequential_test_settles_as_many_slides_with_fewer_cells():
    free, full = simulate(USUAL, 0.0, slides=1000), simulate(USUAL, 0.2, slides=1000, seed=1)
    cells = fixed_count_settling(USUAL, free.no_blasts_found, 0.2, full.review)
    ratio = (free.mean_cells + full.mean_cells) / 2 / cells
    print(f"{ratio:.2f} of {cells} cells")
    assert ratio < 0.95
