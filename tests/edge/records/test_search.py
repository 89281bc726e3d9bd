"""Finding an examination again."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import UsageFault
from edge.records.reviews import review_state, sign
from edge.records.search import Search, examinations_of, search
from edge.records.store import Store
from tests.edge.records.examples import MovableClock, begin, finished_examination, moment


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    clock = MovableClock(moment(3, 1))
    with Store.open(tmp_path_factory.mktemp("home"), clock) as opened:
        for number in range(23):
            finished_examination(opened, f"2027-{number:03d}")
            clock.wait(86400)
        finished_examination(opened, "100%_sure")
        finished_examination(opened, "2027-001")
        begin(opened, "2027-UNFINISHED")
        sign(opened, 1, "Dr Amina", {}, review_state(opened, 1))
        yield opened


def found(store, **wanted):
    return [e.slide for e in search(store, Search(**wanted), size=500).examinations]


def test_pages_hold_everything_once_newest_first(store):
    first = search(store, size=10)
    assert (first.total, first.pages) == (26, 3)
    numbers = [
        e.number for page in (1, 2, 3) for e in search(store, page=page, size=10).examinations
    ]
    assert numbers == list(range(26, 0, -1))
    assert search(store, page=99, size=10).page == 3
    assert search(store, page=-5, size=0).examinations[0].number == 26


def test_by_slide_verdict_date_and_signature(store):
    assert found(store, slide="2027-00") == [
        "2027-001",
        *(f"2027-{number:03d}" for number in range(9, -1, -1)),
    ]
    assert found(store, slide="unfinished") == ["2027-UNFINISHED"]
    assert found(store, verdict="UNFINISHED") == ["2027-UNFINISHED"]
    assert found(store, verdict="NO_BLASTS_FOUND") == []
    assert len(found(store, verdict="REVIEW")) == 25
    assert found(store, since=date(2027, 3, 2), until=date(2027, 3, 3)) == ["2027-002", "2027-001"]
    assert len(found(store, unsigned=True)) == 25


def test_days_are_those_of_the_clinic(store):
    """13 hours east of Greenwich, noon in Greenwich is the next day."""
    east = timedelta(hours=13)
    assert found(store, since=date(2027, 3, 2), until=date(2027, 3, 2), utc_offset=east) == [
        "2027-000"
    ]


def test_signs_of_a_pattern_are_taken_for_themselves(store):
    assert found(store, slide="%") == ["100%_sure"]
    assert found(store, slide="0%_s") == ["100%_sure"]
    assert found(store, slide="_") == ["100%_sure"]
    assert found(store, slide="\\") == []
    assert found(store, slide="'; DROP TABLE cells; --") == []


def test_a_slide_number_used_before_is_known(store):
    assert [e.number for e in examinations_of(store, "2027-001")] == [2, 25]
    assert examinations_of(store, "2027-01") == []


@pytest.mark.parametrize(
    "wrong", [{"verdict": "GREEN"}, {"since": date(2027, 3, 2), "until": date(2027, 3, 1)}]
)
def test_what_cannot_be_looked_for_is_said(wrong):
    with pytest.raises(UsageFault):
        Search(**wrong)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.text(max_size=12))
def test_any_text_finds_exactly_the_slides_that_hold_it(store, text):
    slides = [e.slide for e in store.examinations()]
    ascii_only = str.maketrans({chr(c): chr(c + 32) for c in range(65, 91)})
    wanted = sorted(s for s in slides if text.translate(ascii_only) in s.translate(ascii_only))
    if "\x00" not in text:
        assert sorted(found(store, slide=text)) == wanted
