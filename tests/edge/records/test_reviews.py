"""A trained person beside the machine: both calls are kept, and two people do not collide."""

import subprocess
import sys
from pathlib import Path

import pytest

from edge.errors import RecordMissing, ReviewOutdated, UsageFault
from edge.records.reviews import (
    LABELS,
    add_note,
    calls_of_cell,
    newest_calls,
    notes,
    review_cell,
    review_state,
    sign,
    signatures,
)
from edge.records.store import Signoff, Store
from tests.edge.records.examples import begin, finished_examination

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path) as opened:
        yield opened


def test_both_calls_are_kept_and_the_newest_persons_counts(store):
    number = finished_examination(store)
    first = review_cell(store, 2, "monocyte", False, "Dr Amina", None, "Folded nucleus.")
    second = review_cell(store, 2, "blast", True, "Dr Béla", first.number)
    assert newest_calls(store, number) == {2: second}
    assert [call.label for call in calls_of_cell(store, 2)] == ["monocyte", "blast"]
    assert second.replaces == first.number
    assert store.cell(2)[1].record.label == "blast"
    assert store.examination(number).reviewed == 1
    assert store.inspect_chain().whole


def test_of_two_reviewers_at_once_the_second_is_told_of_the_first(store):
    finished_examination(store)
    review_cell(store, 1, "blast", True, "Dr Amina", None)
    with pytest.raises(ReviewOutdated, match="called blast by Dr Amina") as caught:
        review_cell(store, 1, "lymphocyte", False, "Dr Béla", None)
    assert caught.value.number == "E-REC-06"
    with pytest.raises(ReviewOutdated):
        review_cell(store, 1, "lymphocyte", False, "Dr Béla", 99)
    assert [call.reviewer for call in calls_of_cell(store, 1)] == ["Dr Amina"]


def test_of_many_reviewers_in_many_processes_one_wins_each_round(tmp_path):
    with Store.open(tmp_path) as store:
        number = finished_examination(store)
    story = """
import sys
from pathlib import Path
from edge.errors import ReviewOutdated
from edge.records.reviews import calls_of_cell, review_cell
from edge.records.store import Store
won = 0
with Store.open(Path(sys.argv[1])) as store:
    for _ in range(25):
        calls = calls_of_cell(store, 1)
        try:
            review_cell(store, 1, "blast", True, sys.argv[2], calls[-1].number if calls else None)
            won += 1
        except ReviewOutdated:
            pass
print(won)
"""
    people = [
        subprocess.Popen(
            [sys.executable, "-c", story, str(tmp_path), f"person {i}"],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            text=True,
        )
        for i in range(3)
    ]
    won = sum(int(person.communicate()[0]) for person in people)
    with Store.open(tmp_path) as store:
        calls = calls_of_cell(store, 1)
        assert store.inspect_chain().whole
        assert set(newest_calls(store, number)) == {1}
    assert len(calls) == won
    assert [call.replaces for call in calls] == [None, *(call.number for call in calls[:-1])]


@pytest.mark.parametrize(
    ("label", "blast", "reviewer", "note"),
    [
        ("werewolf", False, "Dr Amina", ""),
        ("blast", None, "Dr Amina", ""),
        ("no_white_cell", False, "Dr Amina", ""),
        ("blast", True, "  ", ""),
        ("blast", True, "two\nlines", ""),
        ("blast", True, "x" * 65, ""),
        ("blast", True, "Dr Amina", "x" * 2001),
    ],
)
def test_a_review_that_cannot_be_is_refused_and_nothing_kept(store, label, blast, reviewer, note):
    number = finished_examination(store)
    with pytest.raises(UsageFault):
        review_cell(store, 1, label, blast, reviewer, None, note)
    assert newest_calls(store, number) == {}


def test_a_cell_that_is_not_there_is_named(store):
    for ask in (
        lambda: review_cell(store, 17, "blast", True, "Dr Amina", None),
        lambda: store.cell(17),
        lambda: store.examination(17),
        lambda: add_note(store, 17, "Words.", "Dr Amina"),
        lambda: sign(store, 17, "Dr Amina", {}, (0, 0)),
    ):
        with pytest.raises(RecordMissing, match="17"):
            ask()


@pytest.mark.parametrize("label", LABELS)
def test_every_label_can_be_given(store, label):
    finished_examination(store)
    blast = None if label in ("no_white_cell", "cannot_tell") else label == "blast"
    assert review_cell(store, 1, label, blast, "Dr Amina", None).blast is blast


def test_an_examination_is_signed_changed_and_signed_again(store):
    number = finished_examination(store)
    assert store.examination(number).signoff is Signoff.UNSIGNED
    review_cell(store, 1, "blast", True, "Dr Amina", None)
    sign(store, number, "Dr Amina", {"blasts": 2}, review_state(store, number), "Agreed.")
    assert store.examination(number).signoff is Signoff.SIGNED
    assert store.examination(number).signed_by == "Dr Amina"
    add_note(store, number, "Auer rods\nin two cells.\x07", "Dr Béla")
    assert store.examination(number).signoff is Signoff.CHANGED
    sign(store, number, "Dr Béla", {"blasts": 2}, review_state(store, number))
    assert store.examination(number).signoff is Signoff.AMENDED
    assert [s.signer for s in signatures(store, number)] == ["Dr Amina", "Dr Béla"]
    assert signatures(store, number)[0].result == {"blasts": 2}
    assert [n.text for n in notes(store, number)] == ["Auer rods\nin two cells."]
    assert store.inspect_chain().whole


def test_nobody_signs_what_they_did_not_see(store):
    number = finished_examination(store)
    seen = review_state(store, number)
    review_cell(store, 1, "blast", True, "Dr Béla", None)
    with pytest.raises(ReviewOutdated):
        sign(store, number, "Dr Amina", {}, seen)
    assert signatures(store, number) == []


def test_an_examination_that_goes_on_cannot_be_signed(store):
    number = begin(store)
    with pytest.raises(UsageFault, match="not finished"):
        sign(store, number, "Dr Amina", {}, (0, 0))


def test_an_empty_note_is_refused(store):
    number = finished_examination(store)
    with pytest.raises(UsageFault, match="empty"):
        add_note(store, number, " \n ", "Dr Amina")
