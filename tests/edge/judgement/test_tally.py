import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.judgement.tally import Tally


@given(st.lists(st.sampled_from([True, False, None]), max_size=60))
@settings(derandomize=True, max_examples=60)
def test_every_cell_is_counted_once_in_its_place(calls):
    tally = Tally()
    for call in calls:
        tally = tally.add(call)
    assert (tally.blasts, tally.unflagged) == (calls.count(True), calls.count(False))
    assert tally.abstained == calls.count(None)
    assert tally.seen == len(calls) == tally.cells + tally.abstained


def test_a_tally_does_not_change_and_starts_empty():
    first = Tally()
    first.add(True)
    assert first == Tally(0, 0, 0)
    assert first.abstention_share == 0


def test_flagged_cells_do_not_dilute_the_abstentions():
    assert Tally(10, 0, 10).abstention_share == 0.5
    assert Tally(100, 90, 10).abstention_share == 0.5


@pytest.mark.parametrize("counts", [(1, 2, 0), (-1, 0, 0), (1, -1, 0), (1, 0, -1)])
def test_impossible_counts_are_refused(counts):
    with pytest.raises(ValueError, match="impossible"):
        Tally(*counts)
