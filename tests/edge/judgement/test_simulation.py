import pytest

from edge.judgement.betabinomial import cdf
from edge.judgement.operating_point import BetaSpread
from edge.judgement.simulation import operating_characteristics, simulate
from edge.judgement.verdict import VerdictSettings
from tests.edge.judgement.networks import GOOD, USUAL


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
    fixed = _fixed_count(GOOD, settings.share_limit)
    runs = [simulate(GOOD, s, settings, slides=2000, seed=9) for s in (0.0, 0.05, 0.2)]
    ratios = [run.mean_cells / fixed for run in runs]
    print(f"fixed count {fixed}; sequential / fixed: " + ", ".join(f"{r:.2f}" for r in ratios))
    assert ratios[0] < 0.6
    assert ratios[2] < 0.6


def _fixed_count(point, share):
    """Fewest cells at which one limit keeps 1% and 1%, slides of ``share`` moment-matched."""
    t, f = point.sensitivity, point.false_blast_rate
    mean = share * t.mean + (1 - share) * f.mean
    sd = ((share * t.sd) ** 2 + ((1 - share) * f.sd) ** 2) ** 0.5
    sick = BetaSpread.from_mean_sd(mean, sd)
    for cells in range(20, 3000, 10):
        limit = next(k for k in range(cells) if 1 - cdf(k - 1, cells, f) <= 0.01)
        if cdf(limit - 1, cells, sick) <= 0.01:
            return cells
    raise AssertionError("no fixed count keeps the error rates")
