import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.judgement.share import corrected_share, share_interval
from edge.judgement.simulation import draw_rates
from tests.edge.judgement.networks import GOOD, NOISY, POOR, USELESS, USUAL

NETWORKS = {"good": GOOD, "usual": USUAL, "noisy": NOISY, "poor": POOR}
SHARES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8)
SLIDES = 3000
# Three standard errors of a coverage of 95% over the slides of all shares together: 0.4%.
NOISE = 3 * (0.05 * 0.95 / (SLIDES * len(SHARES))) ** 0.5


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("cells", [20, 50, 100, 400, 1000])
def test_the_95_percent_interval_holds_the_truth_on_94_to_97_slides_of_100(name, cells):
    covered = [_coverage(NETWORKS[name], cells, share) for share in SHARES]
    shown = " ".join(f"{s:.0%} {c:.3f}" for s, c in zip(SHARES, covered, strict=True))
    print(f"{name}, {cells} cells, {np.mean(covered):.3f} +- {NOISE / 3:.3f}; by share: {shown}")
    assert 0.94 - NOISE <= np.mean(covered) <= 0.97 + NOISE
    # Few cells show few different counts: no interval can hold single shares 95% of the time.
    assert min(covered) >= (0.91 if cells >= 100 else 0.88)


@pytest.mark.parametrize("coverage", [0.8, 0.99])
def test_other_coverages_are_kept_too(coverage):
    covered = [_coverage(USUAL, 200, share, coverage) for share in SHARES]
    print(f"asked {coverage}, found {np.mean(covered):.3f}")
    assert np.mean(covered) == pytest.approx(coverage, abs=0.02)


def _coverage(point, cells, share, coverage=0.95):
    rng = np.random.default_rng(11)
    flagged = rng.binomial(cells, draw_rates(point, share, SLIDES, rng).flagged)
    held = 0
    for count, times in zip(*np.unique(flagged, return_counts=True), strict=True):
        low, high = share_interval(cells, int(count), point, coverage)
        held += int(times) * (low <= share <= high)
    return held / SLIDES


def test_the_corrected_share_is_that_of_rogan_and_gladen():
    assert corrected_share(1000, 450, USUAL) == pytest.approx((0.45 - 0.02) / 0.86)
    assert corrected_share(400, 1, USUAL) == 0.0
    assert corrected_share(40, 40, USUAL) == 1.0


def test_nothing_counted_says_nothing():
    assert corrected_share(0, 0, USUAL) == 0.0
    assert share_interval(0, 0, USUAL) == (0.0, 1.0)


def test_a_network_no_better_than_chance_corrects_nothing_and_admits_it():
    assert corrected_share(100, 30, USELESS) == 0.0
    low, high = share_interval(100, 15, USELESS)
    assert high - low > 0.8


@given(st.integers(1, 1000), st.floats(0, 1), st.sampled_from([GOOD, USUAL, POOR]))
@settings(derandomize=True, max_examples=60, deadline=None)
def test_the_interval_holds_the_estimate_and_lies_between_0_and_1(cells, part, point):
    blasts = round(cells * part)
    low, high = share_interval(cells, blasts, point)
    assert 0 <= low <= corrected_share(cells, blasts, point) <= high <= 1


@given(st.integers(1, 400), st.floats(0, 1))
@settings(derandomize=True, max_examples=40, deadline=None)
def test_one_more_flagged_cell_never_lowers_share_or_interval(cells, part):
    blasts = min(cells - 1, int(cells * part))
    fewer, more = (share_interval(cells, blasts + extra, USUAL) for extra in (0, 1))
    assert corrected_share(cells, blasts + 1, USUAL) >= corrected_share(cells, blasts, USUAL)
    assert more[0] >= fewer[0] - 0.0051  # one step of its resolution
    assert more[1] >= fewer[1] - 0.0051


def test_a_worse_network_gives_a_wider_interval_at_the_same_share():
    widths = []
    for point in (GOOD, USUAL, NOISY, POOR):
        rate = 0.3 * point.sensitivity.mean + 0.7 * point.false_blast_rate.mean
        low, high = share_interval(400, round(400 * rate), point)
        widths.append(high - low)
    print("width of the interval at 30% blasts, 400 cells:", [f"{w:.3f}" for w in widths])
    assert widths == sorted(widths)
