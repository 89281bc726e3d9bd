import dataclasses
import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.judgement.tally import Tally
from edge.judgement.verdict import Judgement, Verdict, VerdictSettings, judge
from tests.edge.judgement.networks import GOOD, GRID, NOISY, UNEVEN, USELESS, USUAL

GREEN, RED = Verdict.NO_BLASTS_FOUND, Verdict.REVIEW
OPEN, AMBER = Verdict.KEEP_COUNTING, Verdict.CANNOT_JUDGE
# How green a verdict is: what more blasts must never raise.
GREENNESS = {GREEN: 2, OPEN: 1, AMBER: 1, RED: 0}
counts = st.tuples(st.integers(0, 1100), st.floats(0, 1), st.integers(0, 500))


def tally_of(cells, part, abstained):
    # Small parts as likely as large ones: the decisions lie there.
    return Tally(cells, int(cells * part**3), abstained)


def test_a_clear_slide_goes_green_by_four_hundred_cells():
    for flagged in range(4):
        judgement = judge(Tally(400, flagged), USUAL)
        assert judgement.verdict is GREEN, flagged
        assert judgement.cells_needed == 0
        assert judgement.blast_share < 0.01
        assert judgement.interval[1] < 0.05


def test_nearly_all_healthy_draws_of_four_hundred_cells_go_green():
    rng = random.Random(4)
    ends = []
    for slide in range(50):
        rate = 0.01 * slide / 49  # false blasts of 0 to 1% from slide to slide
        tally, verdict = Tally(), OPEN
        while verdict is OPEN and tally.cells < 400:
            tally = tally.add(rng.random() < rate)
            verdict = judge(tally, USUAL, final=tally.cells == 400).verdict
        ends.append(verdict)
    print(f"50 healthy draws of 400 cells: green {ends.count(GREEN)}, red {ends.count(RED)}")
    assert ends.count(GREEN) >= 46
    assert ends.count(RED) <= 1


@pytest.mark.parametrize(("cells", "flagged"), [(100, 60), (40, 25), (20, 18)])
def test_many_blasts_ask_for_review_early(cells, flagged):
    judgement = judge(Tally(cells, flagged), USUAL)
    assert judgement.verdict is RED
    assert judgement.cells_needed == 0
    assert judgement.interval[0] > 0.3
    assert f"{flagged} of {cells}" in judgement.reason


def test_few_cells_and_no_more_to_come_cannot_be_judged():
    judgement = judge(Tally(30, 0), USUAL, final=True)
    assert judgement.verdict is AMBER
    assert 70 <= judgement.cells_needed <= 150
    assert judgement.reason.startswith("Only 30 cells")
    assert judge(Tally(30, 0), USUAL).verdict is OPEN


def test_nothing_counted_is_never_green():
    assert judge(Tally(), USUAL).verdict is OPEN
    assert judge(Tally(), USUAL, final=True).verdict is AMBER
    assert judge(Tally(0, 0, 5), USUAL, final=True).verdict is AMBER


def test_a_slide_between_clear_and_suspect_ends_undecided_at_the_maximum():
    at_end = judge(Tally(1000, 45), USUAL)
    assert at_end.verdict is AMBER
    assert at_end.cells_needed is None
    assert judge(Tally(999, 45), USUAL).verdict is OPEN


def test_too_many_abstentions_are_never_green():
    assert judge(Tally(400, 1, 100), USUAL).verdict is GREEN
    unsure = judge(Tally(400, 1, 200), USUAL)
    assert unsure.verdict is AMBER
    assert unsure.cells_needed is None
    assert "200 of 600" in unsure.reason
    # At the start of a slide a few abstentions are not yet a finding.
    assert judge(Tally(5, 0, 5), USUAL).verdict is OPEN


def test_abstentions_cannot_select_a_review():
    # 12 of 40 is a REVIEW, but not when 200 other cells were left out of the count.
    assert judge(Tally(40, 12, 0), USUAL).verdict is RED
    assert judge(Tally(40, 12, 200), USUAL).verdict is AMBER
    # Enough flagged cells for all that were seen are.
    assert judge(Tally(100, 80, 60), USUAL).verdict is RED


def test_a_useless_network_never_gives_a_colour():
    for cells, flagged in ((400, 0), (400, 60), (1000, 150)):
        assert judge(Tally(cells, flagged), USELESS, final=True).verdict is AMBER


def test_an_uneven_network_needs_more_cells_for_green_than_a_good_one():
    needed = [judge(Tally(60, 0), point).cells_needed for point in (GOOD, UNEVEN)]
    print(f"after 60 clear cells: good needs {needed[0]} more, uneven {needed[1]}")
    assert needed[0] < needed[1]


@given(counts, st.sampled_from(sorted(GRID)), st.booleans())
@settings(derandomize=True, max_examples=300, deadline=None)
def test_one_more_blast_never_makes_it_greener(drawn, name, final):
    before = tally_of(*drawn)
    greenness = GREENNESS[judge(before, GRID[name], final=final).verdict]
    assert GREENNESS[judge(before.add(True), GRID[name], final=final).verdict] <= greenness
    if before.blasts < before.cells:
        instead = dataclasses.replace(before, blasts=before.blasts + 1)
        assert GREENNESS[judge(instead, GRID[name], final=final).verdict] <= greenness


@given(counts, st.sampled_from(sorted(GRID)), st.booleans())
@settings(derandomize=True, max_examples=300, deadline=None)
def test_one_more_abstention_never_makes_it_surer(drawn, name, final):
    before = tally_of(*drawn)
    after = judge(before.add(None), GRID[name], final=final).verdict
    if after in (GREEN, RED):
        assert judge(before, GRID[name], final=final).verdict is after


@given(counts, st.booleans(), st.sampled_from([(GOOD, USUAL), (USUAL, NOISY)]))
@settings(derandomize=True, max_examples=200, deadline=None)
def test_more_false_blasts_never_make_a_review_surer(drawn, final, networks):
    better, worse = networks
    tally = tally_of(*drawn)
    if judge(tally, worse, final=final).verdict is RED:
        assert judge(tally, better, final=final).verdict is RED


@given(st.lists(st.sampled_from([True, False, None]), max_size=40), st.randoms())
@settings(derandomize=True, max_examples=40, deadline=None)
def test_the_order_of_cells_does_not_matter(calls, shuffler):
    shuffled = list(calls)
    shuffler.shuffle(shuffled)
    first, second = (judge(_count(order), USUAL) for order in (calls, shuffled))
    assert first == second


def _count(calls):
    tally = Tally()
    for call in calls:
        tally = tally.add(call)
    return tally


@given(counts, st.sampled_from(sorted(GRID)), st.booleans())
@settings(derandomize=True, max_examples=150, deadline=None)
def test_every_judgement_is_whole(drawn, name, final):
    judgement = judge(tally_of(*drawn), GRID[name], final=final)
    assert isinstance(judgement, Judgement)
    low, high = judgement.interval
    assert 0 <= low <= judgement.blast_share <= high <= 1
    assert judgement.reason.endswith(".")
    assert "\n" not in judgement.reason
    if judgement.verdict in (GREEN, RED):
        assert judgement.cells_needed == 0
    elif judgement.cells_needed is not None:
        assert judgement.cells_needed > 0
    assert not (final and judgement.verdict is OPEN)


def test_the_cells_needed_count_down_on_a_clear_slide():
    needed = [judge(Tally(n, 0), USUAL).cells_needed for n in range(40, 100)]
    assert all(a - b in (0, 1, 2) for a, b in pairwise(needed))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("share_limit", 0),
        ("alpha", 0.5),
        ("beta", float("nan")),
        ("coverage", 1),
        ("least_cells_green", 0),
        ("least_cells_review", 2000),
        ("max_cells", 50),
        ("max_cells", 5000),
        ("max_abstention", 1.5),
        ("max_abstention", float("nan")),
    ],
)
def test_settings_out_of_range_are_refused(field, value):
    with pytest.raises(ValueError, match=r"max_cells|alpha|least|" + field):
        VerdictSettings(**{field: value})
