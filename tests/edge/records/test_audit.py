"""The audit: what happened, in order, and whether somebody changed it."""

import sqlite3
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.records.audit import EventKind, audit, event_details, record_event
from edge.records.reviews import add_note, review_cell, review_state, sign
from edge.records.rows import Conditions
from edge.records.schema import CHAINED, statements
from edge.records.store import FILE_NAME, Store
from tests.edge.records.examples import CONDITIONS, MovableClock, finished_examination, moment


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


def whole_day(home):
    """A morning, an examination, its review and signature."""
    record_event(home, EventKind.START, software="leukoscope 0")
    with Store.open(home, MovableClock(moment(3, 1))) as store:
        number = finished_examination(store, "A")
        review_cell(store, 1, "blast", True, "Dr Amina", None)
        add_note(store, number, "Look again.", "Dr Amina")
        sign(store, number, "Dr Amina", {"blasts": 2}, review_state(store, number))
    record_event(home, EventKind.LOGIN_LOCKED, "reviewer", attempts=5)


def test_everything_that_happened_is_there_newest_first(home):
    whole_day(home)
    with Store.open_to_read(home) as store:
        entries = audit(store)
        of_examination = audit(store, examination=1)
    kinds = [entry.kind for entry in entries if entry.kind != "CLOCK"]
    assert kinds == [
        "LOGIN_LOCKED",
        "SIGNATURE",
        "NOTE",
        "REVIEW",
        "VERDICT",
        "EXAMINATION",
        "START",
    ]
    review = next(entry for entry in entries if entry.kind == "REVIEW")
    assert review.actor == "Dr Amina"
    assert review.slide == "A"
    assert review.details == {"cell": 1, "label": "blast", "machine": "lymphocyte"}
    assert [entry.seq for entry in entries] == sorted((e.seq for e in entries), reverse=True)
    assert {e.kind for e in of_examination} == {
        "SIGNATURE",
        "NOTE",
        "REVIEW",
        "VERDICT",
        "EXAMINATION",
    }


def test_it_is_read_page_by_page(home):
    for number in range(7):
        record_event(home, EventKind.FAULT, number=f"E-CAM-0{number}")
    with Store.open_to_read(home) as store:
        first = audit(store, limit=3)
        second = audit(store, before=first[-1].seq, limit=3)
        rest = audit(store, before=second[-1].seq)
    seen = [entry.details.get("number", "clock") for entry in (*first, *second, *rest)]
    assert seen == [*(f"E-CAM-0{number}" for number in range(6, -1, -1)), "clock"]


def test_threads_write_side_by_side_and_nothing_is_lost(home):
    Store.open(home).close()

    def login(person):
        for attempt in range(10):
            record_event(home, EventKind.LOGIN, person, attempt=attempt)

    people = [threading.Thread(target=login, args=(f"person {i}",)) for i in range(4)]
    for person in people:
        person.start()
    with Store.open(home) as store:
        for slide in range(5):
            finished_examination(store, f"S-{slide}")
    for person in people:
        person.join()
    with Store.open(home) as store:
        assert len(event_details(store, EventKind.LOGIN)) == 40
        assert store.inspect_chain().whole


def test_changed_settings_and_bundles_are_found_at_the_next_examination(home):
    stricter = {"verdict": {"share_limit": 0.02, "coverage": 0.95}}
    other = {**CONDITIONS.bundle, "version": "2", "sha256": "cd" * 32}
    with Store.open(home) as store:
        for conditions in (
            CONDITIONS,
            CONDITIONS,
            Conditions(stricter, CONDITIONS.bundle, "leukoscope 0"),
            Conditions(stricter, other, "leukoscope 1"),
        ):
            finished_examination(store, conditions=conditions)
        told = {kind: event_details(store, kind) for kind in EventKind}
    ((_, setting),) = told[EventKind.SETTING]
    assert setting == {"verdict.share_limit": [0.05, 0.02]}
    ((_, bundle),) = told[EventKind.BUNDLE]
    assert bundle["version"] == ["1", "2"]
    ((_, software),) = told[EventKind.SOFTWARE]
    assert software == {"software": ["leukoscope 0", "leukoscope 1"]}


@pytest.mark.parametrize(
    ("table", "change", "named"),
    [
        (
            "events",
            "UPDATE events SET actor = 'nobody' WHERE id = 1",
            "event 1 (CLOCK) was altered",
        ),
        ("events", "UPDATE events SET details = '{}' WHERE id = 2", "event 2 (START) was altered"),
        ("events", "DELETE FROM events WHERE id = 2", "event 2 is missing"),
        (
            "reviews",
            "UPDATE reviews SET label = 'lymphocyte'",
            "review 1 of examination 1 (slide A) was altered",
        ),
        (
            "signatures",
            "UPDATE signatures SET signer = 'Dr Nobody'",
            "signature 1 of examination 1 (slide A) was altered",
        ),
        ("notes", "DELETE FROM notes", "note 1 is missing"),
        (
            "conditions",
            "UPDATE conditions SET settings = '{}'",
            "the conditions of examination 1 (slide A) was altered",
        ),
    ],
)
def test_whoever_changes_the_audit_is_found(home, table, change, named):
    whole_day(home)
    connection = sqlite3.connect(home / FILE_NAME)
    connection.execute(f"DROP TRIGGER {table}_no_update")
    connection.execute(f"DROP TRIGGER {table}_no_delete")
    connection.execute(change)
    connection.commit()
    connection.close()
    with Store.open(home) as store:
        assert store.inspect_chain().altered == named


def test_details_are_plain_values(home):
    with pytest.raises(ValueError, match="Out of range"):
        record_event(home, EventKind.FAULT, share=float("nan"))
    with Store.open(home) as store:
        assert event_details(store, EventKind.FAULT) == []


def make_chain(texts):
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.row_factory = sqlite3.Row
    for statement in statements():
        connection.execute(statement)
    for name in [
        row[0]
        for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    ]:
        connection.execute(f"DROP TRIGGER {name}")
    store = Store(connection, FILE_NAME, MovableClock(moment(3, 1)))
    for text in texts:
        with store.transaction():
            store.append_event("FAULT", text, {"said": text})
    return store


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=8), min_size=1, max_size=6), st.data())
def test_any_one_change_to_any_entry_is_found(texts, data):
    """Whichever row of the audit, whichever column, altered or removed: the chain breaks."""
    with make_chain(texts) as store:
        assert store.inspect_chain().whole
        events = [row["id"] for row in store.all("SELECT id FROM events")]
        number = data.draw(st.sampled_from(events))
        column = data.draw(st.sampled_from(["kind", "actor", "details", "at", None]))
        if column is None:
            store.connection.execute("DELETE FROM events WHERE id = ?", (number,))
        else:
            before = store.first(f"SELECT {column} FROM events WHERE id = ?", number)[0]
            now = data.draw(st.text(max_size=8).filter(lambda text: text != before))
            store.connection.execute(f"UPDATE events SET {column} = ? WHERE id = ?", (now, number))
        report = store.inspect_chain()
        assert not report.whole
        assert f"event {number}" in report.altered
        assert report.records == number - 1


def test_every_chained_table_is_kept_as_written(home):
    with Store.open(home) as store:
        triggers = {
            row[0] for row in store.all("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        }
    for table in CHAINED:
        assert {f"{table}_no_update", f"{table}_no_delete"} <= triggers
