"""A share from two witnesses: the person where one looked, the network elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.judgement.operating_point import BetaSpread, OperatingPoint
from edge.judgement.reviewed import ReviewCounts, reviewed_share
from edge.judgement.share import corrected_share, share_interval

POINT = OperatingPoint(BetaSpread.from_mean_sd(0.94, 0.05), BetaSpread.from_mean_sd(0.02, 0.015))


def test_without_review_it_is_the_networks_share():
    counts = ReviewCounts(flagged=30, unflagged=170)
    assert reviewed_share(counts, POINT) == (
        corrected_share(200, 30, POINT),
        share_interval(200, 30, POINT),
    )


def test_without_cells_nothing_is_known():
    assert reviewed_share(ReviewCounts(), POINT) == (0.0, (0.0, 1.0))


def test_a_full_review_is_a_plain_count():
    share, (low, high) = reviewed_share(ReviewCounts(blasts=20, others=80), POINT)
    assert share == 0.2
    # The exact binomial interval of 20 in 100 is 12.7% to 29.2%.
    assert low == pytest.approx(0.127, abs=0.012)
    assert high == pytest.approx(0.292, abs=0.012)


def test_every_flagged_cell_taken_back_leaves_no_blasts():
    share, (low, high) = reviewed_share(
        ReviewCounts(others=12, false_alarms=12, unflagged=188), POINT
    )
    assert (share, low) == (0.0, 0.0)
    assert high < 0.04


@settings(derandomize=True, max_examples=25, deadline=None)
@given(st.tuples(*[st.integers(0, 60)] * 6))
def test_shares_and_intervals_are_sound(numbers):
    hits, misses, false_alarms, rejections, flagged, unflagged = numbers
    counts = ReviewCounts(
        blasts=hits + misses,
        others=false_alarms + rejections,
        hits=hits,
        misses=misses,
        false_alarms=false_alarms,
        rejections=rejections,
        flagged=flagged,
        unflagged=unflagged,
    )
    share, (low, high) = reviewed_share(counts, POINT)
    assert 0 <= low <= share <= high <= 1


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5])
def test_the_interval_holds_the_truth_as_often_as_it_says(share):
    """Slides of 120 cells; the person looks at all flagged cells and at a fifth of the rest."""
    random = np.random.default_rng(11)
    held, slides = 0, 150
    for _ in range(slides):
        sensitivity = random.beta(POINT.sensitivity.a, POINT.sensitivity.b)
        false_rate = random.beta(POINT.false_blast_rate.a, POINT.false_blast_rate.b)
        blast = random.random(120) < share
        flagged = random.random(120) < np.where(blast, sensitivity, false_rate)
        looked = flagged | (random.random(120) < 0.2)
        counts = ReviewCounts(
            blasts=int((looked & blast).sum()),
            others=int((looked & ~blast).sum()),
            hits=int((looked & blast & flagged).sum()),
            misses=int((looked & blast & ~flagged).sum()),
            false_alarms=int((looked & ~blast & flagged).sum()),
            rejections=int((looked & ~blast & ~flagged).sum()),
            flagged=int((~looked & flagged).sum()),
            unflagged=int((~looked & ~flagged).sum()),
        )
        low, high = reviewed_share(counts, POINT)[1]
        held += low <= share <= high
    print(f"share {share}: the interval held the truth in {held} of {slides}")
    assert held >= 0.90 * slides


@pytest.mark.parametrize("wrong", [{"blasts": -1}, {"hits": 1}, {"others": 1, "rejections": 2}])
def test_impossible_counts_are_refused(wrong):
    with pytest.raises(ValueError, match="impossible"):
        ReviewCounts(**wrong)
