"""The store: what was acknowledged is there, whatever happens."""

import dataclasses
import math
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import DiskFull, StoreDamaged, StoreTooNew, StoreUnwritable, UsageFault
from edge.records import database as database_module
from edge.records import faults, schema
from edge.records.store import FILE_NAME, CellRecord, State, Store, VerdictRecord

REPOSITORY = Path(__file__).resolve().parents[3]
CELL = CellRecord(
    frame=3,
    place=1,
    x_um=12.5,
    y_um=-4.25,
    box=(100.0, 50.5, 60.0, 58.0),
    label="lymphocyte",
    blast=False,
    p_blast=0.02,
    abstained=False,
    reason=None,
    crop_webp=b"RIFF....WEBP",
)
UNSURE = dataclasses.replace(CELL, label="monocyte", blast=None, abstained=True, reason="unsure")
BLAST = dataclasses.replace(CELL, label="blast", blast=True, p_blast=0.97)
VERDICT = VerdictRecord(
    verdict="REVIEW",
    reason="One cell in three looks like a blast.",
    cells=3,
    blasts=1,
    abstained=1,
    blast_share=0.31,
    interval=(0.1, 0.6),
    frames=7,
)


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def store(home):
    with Store.open(home) as opened:
        yield opened


def begin(store, slide="S-1", **more):
    return store.begin_examination(slide, "leuko 1", "ab" * 32, "phantom:healthy", **more)


def finished_examination(store, slide="S-1"):
    number = begin(store, slide)
    store.add_cells(number, [CELL, BLAST, UNSURE])
    store.finish(number, VERDICT)
    return number


def tamper(home, statement, *values, triggers=()):
    """Alter the database as somebody with a database tool would."""
    connection = sqlite3.connect(home / FILE_NAME)
    for trigger in triggers:
        connection.execute(f"DROP TRIGGER {trigger}")
    connection.execute(statement, values)
    connection.commit()
    connection.close()


def test_what_is_recorded_is_read_back(home):
    started = datetime(2026, 5, 4, 12, 30, 1, 500_000, timezone(timedelta(hours=2)))
    with Store.open(home) as store:
        number = begin(store, um_per_px=0.2, started_at=started)
        assert store.add_cells(number, [CELL, BLAST]) == [1, 2]
        assert store.add_cells(number, [UNSURE]) == [3]
        assert store.add_cells(number, []) == []
        store.finish(number, dataclasses.replace(VERDICT, um_per_px=0.21, seconds=4.5))
    with Store.open(home) as store:
        assert [cell.record for cell in store.cells(number)] == [CELL, BLAST, UNSURE]
        assert [cell.record.crop_webp for cell in store.cells(number, crops=False)] == [b""] * 3
        (listed,) = store.examinations()
        assert store.inspect_chain().whole
    assert listed.state is State.FINISHED
    assert (listed.cells, listed.blasts, listed.abstained) == (3, 1, 1)
    assert listed.um_per_px == 0.21
    assert listed.started_at == started
    assert listed.verdict.finished_at.tzinfo is not None
    assert dataclasses.replace(listed.verdict, finished_at=None) == dataclasses.replace(
        VERDICT, um_per_px=0.21, seconds=4.5
    )


def test_cards_are_told_to_flush_before_a_cell_is_acknowledged(store):
    pragma = {
        name: store.connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "foreign_keys")
    }
    assert pragma == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


@settings(derandomize=True, max_examples=40, deadline=None)
@given(
    st.tuples(*[st.floats(-1e9, 1e9)] * 6),
    st.floats(0, 1),
    st.text(max_size=30),
    st.binary(max_size=50),
)
def test_any_finite_cell_is_kept_exactly_and_verifies(numbers, p_blast, reason, crop):
    cell = CellRecord(
        frame=1,
        place=0,
        x_um=numbers[0],
        y_um=numbers[1],
        box=numbers[2:],
        label="blast",
        blast=None,
        p_blast=p_blast,
        abstained=True,
        reason=reason,
        crop_webp=crop,
    )
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.row_factory = sqlite3.Row
    for statement in schema.statements():
        connection.execute(statement)
    with Store(connection, Path("memory")) as store:
        number = begin(store)
        store.add_cells(number, [cell])
        assert store.cells(number)[0].record == cell
        assert store.inspect_chain().altered is None


def test_numpy_numbers_are_kept_as_plain_ones(store):
    number = begin(store, um_per_px=np.float32(0.25))
    cell = dataclasses.replace(
        CELL,
        frame=np.int64(3),
        x_um=np.float32(1.5),
        box=tuple(np.float64([1, 2, 3, 4])),
        blast=np.bool_(True),
        p_blast=np.float32(0.5),
        abstained=np.bool_(False),
    )
    store.add_cells(number, [cell])
    (read,) = store.cells(number)
    assert read.record.blast is True
    assert (read.record.frame, read.record.x_um, read.record.p_blast) == (3, 1.5, 0.5)
    assert store.inspect_chain().whole


@pytest.mark.parametrize(
    "wrong",
    [
        {"x_um": math.nan},
        {"y_um": math.inf},
        {"box": (1, 2, 3, math.nan)},
        {"box": (1, 2, 3)},
        {"p_blast": 1.5},
        {"p_blast": math.nan},
        {"abstained": True},
        {"blast": None},
    ],
)
def test_a_cell_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match=r"\w"):
        dataclasses.replace(CELL, **wrong)


@pytest.mark.parametrize(
    "wrong",
    [{"verdict": "KEEP_COUNTING"}, {"verdict": "GREEN"}, {"blast_share": math.nan}],
)
def test_a_verdict_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match=r"\w"):
        dataclasses.replace(VERDICT, **wrong)


def test_a_slide_needs_an_identifier_and_a_start_its_time_zone(store):
    with pytest.raises(UsageFault):
        begin(store, slide="two\nlines")
    with pytest.raises(ValueError, match="time zone"):
        begin(store, started_at=datetime(2026, 1, 1))
    assert store.examinations() == []


def test_a_source_with_bytes_that_are_no_text_is_kept(store):
    store.begin_examination("S", "leuko", "00", "replay:\udcff")
    assert store.examinations()[0].source == "replay:\\udcff"
    assert store.inspect_chain().whole


def test_a_finished_examination_takes_no_more(store):
    number = finished_examination(store)
    with pytest.raises(ValueError, match="finished already"):
        store.add_cells(number, [CELL])
    with pytest.raises(ValueError, match="finished already"):
        store.finish(number, VERDICT)
    with pytest.raises(LookupError, match="no examination 99"):
        store.add_cells(99, [CELL])
    assert len(store.cells(number)) == 3
    assert store.inspect_chain().whole


def test_of_several_cells_all_or_none_are_kept(store):
    number = begin(store)
    broken = dataclasses.replace(CELL, frame=2**70)
    with pytest.raises(OverflowError):
        store.add_cells(number, [CELL, broken])
    assert store.cells(number) == []
    store.add_cells(number, [CELL])
    assert store.inspect_chain().whole


def test_an_examination_is_running_until_its_store_closes(home):
    with Store.open(home) as store, Store.open_to_read(home) as other:
        begin(store, "first")
        assert [e.state for e in other.examinations()] == [State.RUNNING]
        begin(store, "second")
        assert [e.state for e in other.examinations()] == [State.INTERRUPTED, State.RUNNING]
    with Store.open(home) as store:
        states = {e.slide: e.state for e in store.examinations()}
        assert states == {"first": State.INTERRUPTED, "second": State.INTERRUPTED}
        assert all(e.verdict is None for e in store.examinations())


# --- the process is killed -----------------------------------------------------------------

WRITER = """
import dataclasses, sys
from pathlib import Path
from edge.records.store import CellRecord, Store
crop = b"x" * 4000
cell = CellRecord(0, 0, 1.0, 2.0, (1.0, 2.0, 3.0, 4.0), "blast", True, 0.9, False, None, crop)
with Store.open(Path(sys.argv[1])) as store:
    number = store.begin_examination("S-kill", "leuko", "00", "phantom:leukemic")
    print("began", number, flush=True)
    while True:
        for cell_number in store.add_cells(number, [cell] * 3):
            print("cell", cell_number, flush=True)
"""


def start_writer(home):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(home)], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )


def test_a_killed_process_loses_no_acknowledged_cell(home):
    acknowledged = 0
    for after in (1, 2, 7, 20, 33):
        writer = start_writer(home)
        told = [writer.stdout.readline() for _ in range(after)]
        writer.send_signal(signal.SIGKILL)
        told += writer.stdout.read().splitlines()
        writer.wait()
        writer.stdout.close()
        numbers = [int(text.split()[1]) for text in told if text.startswith("cell ")]
        with Store.open(home) as store:
            report = store.inspect_chain()
            newest = store.examinations()[-1]
            kept = {cell.number for cell in store.cells(newest.number)}
        assert report.altered is None
        assert set(numbers) <= kept
        assert newest.state is State.INTERRUPTED
        assert newest.verdict is None
        acknowledged += len(numbers)
    print(f"5 kills: {acknowledged} cells acknowledged, none lost")


def test_others_list_while_one_writes(home):
    writer = start_writer(home)
    try:
        assert writer.stdout.readline().startswith("began")
        seen = []
        for _ in range(20):
            with Store.open_to_read(home) as reader:
                (listed,) = reader.examinations()
            seen.append(listed.cells)
            assert listed.state is State.RUNNING
            writer.stdout.readline()
        assert seen == sorted(seen)
        assert seen[-1] > seen[0]
        assert all(count % 3 == 0 for count in seen)
    finally:
        writer.kill()
        writer.wait()
        writer.stdout.close()


def test_several_processes_make_and_write_one_store(home):
    story = """
import sys
from pathlib import Path
from edge.records.store import Store
with Store.open(Path(sys.argv[1])) as store:
    for i in range(5):
        store.begin_examination(f"S-{i}", "leuko", "00", "phantom:healthy")
"""
    started = [
        subprocess.Popen([sys.executable, "-c", story, str(home)], cwd=REPOSITORY) for _ in range(4)
    ]
    assert [process.wait() for process in started] == [0] * 4
    with Store.open(home) as store:
        assert len(store.examinations()) == 20
        assert store.inspect_chain().records == 21  # the clock's state is one more
        assert store.inspect_chain().whole


def test_the_write_lock_is_taken_before_anything_is_read(store):
    """Else two writers could read the same end of the chain, and one would lose its cell."""
    number = begin(store)
    said = []
    store.connection.set_trace_callback(said.append)
    store.add_cells(number, [CELL])
    store.finish(number, VERDICT)
    begun = [statement for statement in said if statement.startswith("BEGIN")]
    assert begun == ["BEGIN IMMEDIATE"] * 2
    assert said[0] == "BEGIN IMMEDIATE"


# --- the disk ------------------------------------------------------------------------------


def test_a_full_disk_is_named_and_what_was_acknowledged_stays(store):
    number = begin(store)
    pages = store.connection.execute("PRAGMA page_count").fetchone()[0]
    store.connection.execute(f"PRAGMA max_page_count = {pages + 8}")
    big = dataclasses.replace(CELL, crop_webp=os.urandom(4000))
    acknowledged = []

    def fill():
        while True:
            acknowledged.extend(store.add_cells(number, [big]))

    with pytest.raises(DiskFull) as caught:
        fill()
    assert caught.value.number == "E-REC-02"
    assert acknowledged
    assert [cell.number for cell in store.cells(number)] == acknowledged
    assert store.inspect_chain().whole
    store.connection.execute("PRAGMA max_page_count = 100000")
    assert store.add_cells(number, [big]) == [acknowledged[-1] + 1]
    assert store.inspect_chain().whole


def test_a_disk_too_full_even_to_begin_is_named(home, monkeypatch):
    def no_space(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "mkdir", no_space)
    with pytest.raises(DiskFull):
        Store.open(home)


def error_of(code, message="disk I/O error"):
    error = sqlite3.OperationalError(message)
    error.sqlite_errorcode = code
    return error


def faulty(error, database):
    with faults.named_faults(database):
        raise error


@pytest.mark.parametrize(
    ("code", "free_bytes", "fault"),
    [
        (sqlite3.SQLITE_FULL, 1 << 30, DiskFull),
        (sqlite3.SQLITE_IOERR_WRITE, 4096, DiskFull),
        (sqlite3.SQLITE_IOERR_WRITE, 1 << 30, StoreUnwritable),
        (sqlite3.SQLITE_READONLY_DBMOVED, 1 << 30, StoreUnwritable),
        (sqlite3.SQLITE_BUSY, 1 << 30, StoreUnwritable),
        (sqlite3.SQLITE_CORRUPT, 1 << 30, StoreDamaged),
    ],
)
def test_what_sqlite_complains_of_has_a_number(tmp_path, monkeypatch, code, free_bytes, fault):
    usage = type("Usage", (), {"free": free_bytes})
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(fault):
        faulty(error_of(code), tmp_path / FILE_NAME)


def test_a_mistake_of_the_program_is_not_blamed_on_the_disk(tmp_path):
    with pytest.raises(sqlite3.IntegrityError):
        faulty(sqlite3.IntegrityError("UNIQUE"), tmp_path / FILE_NAME)


def test_a_data_folder_that_is_a_file_is_named(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    for home in (blocked, blocked / "below"):
        with pytest.raises(StoreUnwritable) as caught:
            Store.open(home)
        assert caught.value.number == "E-REC-01"


def test_a_database_that_is_a_folder_is_named(home):
    (home / FILE_NAME).mkdir(parents=True)
    with pytest.raises(StoreUnwritable):
        Store.open(home)


def test_records_that_cannot_be_written_say_so(home):
    with Store.open(home) as store:
        finished_examination(store)
    with Store.open_to_read(home) as reader, pytest.raises(StoreUnwritable):
        begin(reader)


def test_a_locked_database_is_named(home, monkeypatch):
    monkeypatch.setattr(database_module, "BUSY_S", 0.05)
    with Store.open(home) as holder:
        holder.connection.execute("BEGIN IMMEDIATE")
        with Store.open(home) as other, pytest.raises(StoreUnwritable, match="locked"):
            begin(other)
        holder.connection.execute("ROLLBACK")


# --- damage --------------------------------------------------------------------------------


@pytest.mark.parametrize("opener", [Store.open, Store.open_to_read])
@pytest.mark.parametrize(
    "content", [b"this is no database at all" * 100, b"SQLite format 3\0" * 64]
)
def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(home, opener, content):
    home.mkdir()
    (home / FILE_NAME).write_bytes(content)
    with pytest.raises(StoreDamaged):
        opener(home)
    assert (home / FILE_NAME).read_bytes() == content


def test_an_empty_file_is_a_database_yet_to_be_made(home):
    home.mkdir()
    (home / FILE_NAME).touch()
    with Store.open(home) as store:
        assert finished_examination(store) == 1


@pytest.mark.parametrize("opener", [Store.open, Store.open_to_read])
def test_another_programs_database_is_refused(home, opener):
    home.mkdir()
    connection = sqlite3.connect(home / FILE_NAME)
    connection.execute("CREATE TABLE contacts (name TEXT)")
    connection.commit()
    connection.close()
    with pytest.raises(StoreDamaged, match="another program"):
        opener(home)


@pytest.mark.parametrize("opener", [Store.open, Store.open_to_read])
def test_records_of_a_newer_program_are_refused_untouched(home, opener):
    Store.open(home).close()
    tamper(home, "PRAGMA user_version = 99")
    before = (home / FILE_NAME).read_bytes()
    with pytest.raises(StoreTooNew, match="version 99") as caught:
        opener(home)
    assert "Update this program" in str(caught.value)
    assert (home / FILE_NAME).read_bytes() == before


def test_pages_overwritten_are_found(home):
    with Store.open(home) as store:
        number = begin(store)
        store.add_cells(number, [dataclasses.replace(CELL, crop_webp=b"x" * 3000)] * 50)
    path = home / FILE_NAME
    content = bytearray(path.read_bytes())
    content[4096:] = b"\x5a" * (len(content) - 4096)
    path.write_bytes(content)

    def read_all():
        with Store.open(home) as store:
            store.examinations()
            store.cells(number)
            store.inspect_chain()

    with pytest.raises(StoreDamaged):
        read_all()


def test_where_nothing_was_recorded_reading_makes_nothing(home):
    with Store.open_to_read(home) as reader:
        assert reader.examinations() == []
        assert reader.inspect_chain().records == 0
    assert not home.exists()


def test_a_copy_without_its_wal_can_be_read(home, tmp_path):
    with Store.open(home) as store:
        finished_examination(store)
    copy = tmp_path / "stick"
    copy.mkdir()
    (copy / FILE_NAME).write_bytes((home / FILE_NAME).read_bytes())
    with Store.open_to_read(copy) as reader:
        assert len(reader.cells(1)) == 3


# --- the chain -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "triggers", "named"),
    [
        (
            "UPDATE cells SET blast = 0 WHERE id = 5",
            ["cells_no_update"],
            "cell 5 of examination 2 (slide B) was altered",
        ),
        (
            "UPDATE cells SET p_blast = p_blast + 1e-9 WHERE id = 1",
            ["cells_no_update"],
            "cell 1 of examination 1 (slide A) was altered",
        ),
        (
            "UPDATE examinations SET slide = 'C' WHERE id = 2",
            ["examinations_no_update"],
            "the start of examination 2 (slide C) was altered",
        ),
        (
            "UPDATE verdicts SET verdict = 'NO_BLASTS_FOUND' WHERE examination = 1",
            ["verdicts_no_update"],
            "the verdict of examination 1 (slide A) was altered",
        ),
        (
            "UPDATE crops SET webp = x'00' WHERE cell = 4",
            ["crops_no_update"],
            "the picture of cell 4 of examination 2 (slide B) was altered",
        ),
        (
            "DELETE FROM verdicts WHERE examination = 2",
            ["verdicts_no_delete"],
            "the verdict of examination 2 (slide B) is missing",
        ),
        ("DELETE FROM chain WHERE seq = 4", ["chain_no_delete"], "entry 4 of the chain is missing"),
        (
            "UPDATE chain SET hash = 'x' WHERE seq = 3",
            ["chain_no_update"],
            "cell 1 of examination 1 (slide A) was altered",
        ),
        (
            "INSERT INTO cells SELECT 99, examination, frame, place, x_um, y_um, left_px, top_px, "
            "width_px, height_px, label, blast, p_blast, abstained, reason, crop_sha256 "
            "FROM cells WHERE id = 1",
            [],
            "cell 99 of examination 1 (slide A) was added around the chain",
        ),
    ],
)
def test_the_first_altered_record_is_named(home, statement, triggers, named):
    with Store.open(home) as store:
        finished_examination(store, "A")
        finished_examination(store, "B")
        assert store.inspect_chain().whole
    tamper(home, statement, triggers=triggers)
    with Store.open(home) as store:
        report = store.inspect_chain()
    assert report.altered == named
    assert not report.whole


def test_verifying_raises_for_an_altered_record_and_counts_whole_ones(home):
    with Store.open(home) as store:
        finished_examination(store, "A")
        assert store.verify_chain() == 6  # one of them the clock's state
    tamper(home, "UPDATE cells SET label = 'x' WHERE id = 2", triggers=["cells_no_update"])
    with Store.open(home) as store, pytest.raises(StoreDamaged) as caught:
        store.verify_chain()
    assert "cell 2 of examination 1 (slide A) was altered" in str(caught.value)
    assert "the 3 records before it are whole" in str(caught.value)


@pytest.mark.parametrize(
    ("last_kept", "named"),
    [
        (5, "the end of the chain was cut off: 1 after entry 5 are missing"),
        (2, "the end of the chain was cut off: 4 after entry 2 are missing"),
        (0, "the end of the chain was cut off: 6 after entry 0 are missing"),
    ],
)
def test_records_cut_off_at_the_end_are_named(home, last_kept, named):
    with Store.open(home) as store:
        finished_examination(store)
    cut_off(home, last_kept)
    with Store.open(home) as store:
        report = store.inspect_chain()
    assert report.altered == named
    assert report.records == last_kept


def cut_off(home, last_kept):
    """Remove the newest records and their entries, as somebody who knows the tables would."""
    connection = sqlite3.connect(home / FILE_NAME)
    for table in ("chain", *schema.CHAINED):
        connection.execute(f"DROP TRIGGER {table}_no_delete")
    gone = connection.execute("SELECT kind, record FROM chain WHERE seq > ?", (last_kept,))
    for kind, record in reversed(gone.fetchall()):
        connection.execute(f"DELETE FROM {kind} WHERE {schema.CHAINED[kind]} = ?", (record,))
    connection.execute("DELETE FROM chain WHERE seq > ?", (last_kept,))
    connection.commit()
    connection.close()


def test_a_head_moved_back_to_hide_a_cut_shows_against_one_written_down(home):
    """Whoever alters everything leaves a whole chain: what was printed before proves it wrong."""
    with Store.open(home) as store:
        finished_examination(store)
        before = store.inspect_chain()
    cut_off(home, 5)
    tamper(home, "UPDATE chain_head SET seq = 5, hash = (SELECT hash FROM chain WHERE seq = 5)")
    with Store.open(home) as store:
        after = store.inspect_chain()
    assert after.whole
    assert after.head != before.head


def test_a_picture_that_vanished_is_named(home):
    with Store.open(home) as store:
        finished_examination(store)
    tamper(home, "DELETE FROM crops WHERE cell = 2", triggers=["crops_no_delete"])
    with Store.open(home) as store:
        report = store.inspect_chain()
    assert report.altered == (
        "the picture of cell 2 of examination 1 (slide S-1) is missing, and no deletion is on "
        "record"
    )


@pytest.mark.parametrize("table", ["examinations", "cells", "verdicts", "events", "chain"])
def test_the_program_itself_cannot_alter_or_remove_a_record(store, table):
    finished_examination(store)
    column = {"chain": "hash", "cells": "label"}.get(table, "rowid")
    for statement in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            store.connection.execute(statement)


def test_how_long_recording_and_verifying_take(store):
    number = begin(store)
    cells = [dataclasses.replace(CELL, crop_webp=os.urandom(4000))] * 4
    begun_s = time.perf_counter()
    for _ in range(50):
        store.add_cells(number, cells)
    recorded_s = time.perf_counter()
    assert store.inspect_chain().records == 202
    verified_s = time.perf_counter()
    print(
        f"200 cells in 50 transactions: {1e3 * (recorded_s - begun_s) / 50:.1f} ms each; "
        f"verified in {1e3 * (verified_s - recorded_s):.0f} ms"
    )


def test_a_start_without_a_time_is_now(store):
    begin(store)
    assert abs(store.examinations()[0].started_at - datetime.now(UTC)) < timedelta(minutes=10)
