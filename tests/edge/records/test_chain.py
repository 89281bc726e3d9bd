"""The chain of hashes, as pure functions."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.records.chain import GENESIS, canonical, link

VALUES = st.one_of(
    st.text(max_size=20),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none(),
)
RECORDS = st.dictionaries(st.text(min_size=1, max_size=8), VALUES, max_size=6)


def test_a_record_has_one_spelling():
    assert canonical({"b": 0.1, "a": "é"}) == b'{"a":"\\u00e9","b":0.1}'
    assert canonical({"a": "é", "b": 0.1}) == canonical({"b": 0.1, "a": "é"})


def test_the_first_hash_is_what_it_always_was():
    """Chains written by earlier versions must still verify: this figure never changes."""
    assert link(GENESIS, {"kind": "cells", "id": 1}) == (
        "03ed4b4ca35b66e8dc6637c3a3be093dd3bfcb3a3dcf8ce97f99a09b1f63da97"
    )


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_a_number_that_json_cannot_say_is_refused(number):
    with pytest.raises(ValueError, match="JSON"):
        canonical({"x": number})


@settings(derandomize=True, max_examples=100, deadline=None)
@given(RECORDS, RECORDS)
def test_different_records_have_different_hashes(one, other):
    assert (canonical(one) == canonical(other)) == (link(GENESIS, one) == link(GENESIS, other))


@settings(derandomize=True, max_examples=50, deadline=None)
@given(RECORDS, RECORDS)
def test_a_change_changes_every_later_hash(before, after):
    changed = {**before, "x": "altered", "y": 1}
    assert link(link(GENESIS, before), after) != link(link(GENESIS, changed), after)
