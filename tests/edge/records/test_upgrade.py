"""Records of an older program still open, still verify, and lose nothing."""

import sqlite3
from pathlib import Path

import pytest

from edge.records import schema
from edge.records.audit import audit
from edge.records.reviews import newest_calls, review_cell
from edge.records.search import search
from edge.records.store import FILE_NAME, Signoff, State, Store
from tests.edge.records.examples import finished_examination

VERSION_1 = Path(__file__).with_name("version1.sql").read_text(encoding="utf-8")


@pytest.fixture
def home(tmp_path):
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    connection.executescript(VERSION_1)
    connection.close()
    return tmp_path


def test_they_are_upgraded_and_verify(home):
    with Store.open(home) as store:
        report = store.inspect_chain()
        first, second, third = store.examinations()
        assert [cell.record.label for cell in store.cells(1)] == ["lymphocyte", "blast", "monocyte"]
        upgrade = audit(store)[0]
    assert report.whole
    assert report.records == 13
    assert [e.state for e in (first, second, third)] == [
        State.FINISHED,
        State.FINISHED,
        State.INTERRUPTED,
    ]
    assert (first.clock, first.reviewed, first.signoff) == (None, 0, Signoff.UNSIGNED)
    assert upgrade.kind == "UPGRADE"
    assert upgrade.details == {"from": 1, "to": schema.SCHEMA_VERSION}


def test_they_are_worked_on_as_new_ones(home):
    with Store.open(home) as store:
        review_cell(store, 1, "blast", True, "Dr Amina", None)
        finished_examination(store, "new")
    with Store.open(home) as store:
        assert set(newest_calls(store, 1)) == {1}
        assert store.inspect_chain().whole
        assert search(store).total == 4


def test_reading_them_changes_nothing(home):
    before = (home / FILE_NAME).read_bytes()
    with Store.open_to_read(home) as store:
        assert store.inspect_chain().whole
        assert [e.slide for e in store.examinations()] == ["A", "B", "C"]
        assert newest_calls(store, 1) == {}
        assert len(audit(store)) == 5
        assert store.conditions(1) is None
    assert (home / FILE_NAME).read_bytes() == before


def test_an_altered_old_record_is_still_found(home):
    connection = sqlite3.connect(home / FILE_NAME)
    connection.execute("DROP TRIGGER cells_no_update")
    connection.execute("UPDATE cells SET label = 'x' WHERE id = 2")
    connection.commit()
    connection.close()
    with Store.open(home) as store:
        named = store.inspect_chain().altered
    assert named == "cell 2 of examination 1 (slide A) was altered"


def test_an_upgrade_that_fails_half_way_leaves_the_old_records(home, monkeypatch):
    broken = [*schema.statements(1)[:5], "CREATE TABLE nonsense ("]
    monkeypatch.setattr("edge.records.database.statements", lambda version: broken)
    before = sqlite3.connect(home / FILE_NAME)
    tables = before.execute("SELECT name FROM sqlite_master ORDER BY name").fetchall()
    with pytest.raises(Exception, match="incomplete input"):
        Store.open(home)
    assert before.execute("SELECT name FROM sqlite_master ORDER BY name").fetchall() == tables
    assert before.execute("PRAGMA user_version").fetchone()[0] == 1
    before.close()


def test_an_old_and_a_new_database_are_built_alike(home, tmp_path_factory):
    fresh = tmp_path_factory.mktemp("fresh")
    Store.open(fresh).close()
    Store.open(home).close()

    def built(folder):
        connection = sqlite3.connect(folder / FILE_NAME)
        made = connection.execute("SELECT type, name, tbl_name FROM sqlite_master").fetchall()
        connection.close()
        return sorted(made)

    assert built(home) == built(fresh)
