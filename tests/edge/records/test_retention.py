"""The card fills: old pictures make room, and what anybody may still need stays."""

from __future__ import annotations

import dataclasses
import time

import pytest

from edge.cli import main
from edge.records.audit import audit
from edge.records.fields import FieldPicture, add_field, field_of_frame
from edge.records.retention import Retention, Room, delete_oldest, is_blocked, room
from edge.records.reviews import review_cell, review_state, sign
from edge.records.settings import RecordSettings
from edge.records.store import Store
from tests.edge.records.examples import (
    BLAST,
    CELL,
    VERDICT,
    MovableClock,
    begin,
    crop_of,
    finished_examination,
    moment,
)

KEEP = RecordSettings(picture_days=0, free_mb=0)
DAYS = RecordSettings(picture_days=30, free_mb=0)
FULL = RecordSettings(picture_days=0, free_mb=1000)
CELLS = [dataclasses.replace(cell, crop_webp=crop_of(90)) for cell in (CELL, BLAST)]
SECRET = b"\xff\xd8 a field of patient 7 \xff\xd9"


def short(store, settings):
    return Room(10, 1000)


def roomy(store, settings):
    return Room(1000, 10)


@pytest.fixture
def clock():
    return MovableClock(moment(3, 1))


@pytest.fixture
def store(tmp_path, clock):
    with Store.open(tmp_path / "home", clock) as opened:
        yield opened


def examined(store, slide, signed=True):
    number = finished_examination(store, slide, CELLS)
    add_field(store, number, FieldPicture(3, 1280, 960, SECRET))
    if signed:
        sign(store, number, "Dr Amina", {}, review_state(store, number))
    return number


def pictures(store, number):
    crops = sum(bool(cell.record.crop_webp) for cell in store.cells(number))
    return crops + (field_of_frame(store, number, 3) is not None)


def test_the_oldest_signed_examination_goes_first_when_the_card_fills(store):
    first, second = examined(store, "S-1"), examined(store, "S-2")
    before = (store.examination(first), store.cells(first, crops=False))
    deleted = delete_oldest(store, FULL, short)
    assert (deleted.examination, deleted.slide, deleted.pictures) == (first, "S-1", 3)
    assert deleted.bytes == 2 * len(crop_of(90)) + len(SECRET)
    assert (pictures(store, first), pictures(store, second)) == (0, 3)
    # Verdict, calls, signature and the cells themselves stay as they were.
    assert (store.examination(first), store.cells(first, crops=False)) == before
    assert delete_oldest(store, FULL, short).examination == second
    assert delete_oldest(store, FULL, short) is None


def test_the_chain_still_holds_and_says_that_the_rule_deleted_them(store, tmp_path, capsys):
    number = examined(store, "S-1")
    delete_oldest(store, FULL, short)
    report = store.inspect_chain()
    assert report.whole
    assert report.deleted_pictures == 3
    told = [entry for entry in audit(store, number) if entry.kind == "DELETION"]
    assert {entry.details["what"]: entry.details["pictures"] for entry in told} == {
        "crops": 2,
        "fields": 1,
    }
    assert told[0].details["reason"] == "Less than 1000 MB were free."
    assert main(["verify", "--home", str(tmp_path / "home")]) == 0
    assert "3 pictures were deleted by the settings' rule" in capsys.readouterr().out


def test_what_is_unfinished_unsigned_or_changed_since_keeps_its_pictures(store):
    running = begin(store, "S-1")
    store.add_cells(running, CELLS)
    unsigned = examined(store, "S-2", signed=False)
    changed = examined(store, "S-3")
    review_cell(store, store.cells(changed)[0].number, "blast", True, "Dr Baraka", None)
    assert delete_oldest(store, FULL, short) is None
    assert [pictures(store, n) for n in (running, unsigned, changed)] == [2, 3, 3]
    # Signed anew, somebody stands behind it again.
    sign(store, changed, "Dr Baraka", {}, review_state(store, changed))
    assert delete_oldest(store, FULL, short).examination == changed


def test_after_the_set_time_pictures_go_and_not_a_day_before(store, clock):
    old = examined(store, "S-1")
    clock.wait(20 * 86_400)
    new = examined(store, "S-2")
    assert delete_oldest(store, DAYS, roomy) is None
    clock.wait(11 * 86_400)
    assert delete_oldest(store, DAYS, roomy).reason == "Older than 30 days."
    assert delete_oldest(store, DAYS, roomy) is None
    assert (pictures(store, old), pictures(store, new)) == (0, 3)


def test_a_clock_nobody_vouches_for_deletes_nothing_by_time(store, clock):
    examined(store, "S-1")
    clock.reboot(moment(3, 1, year=2047))
    assert delete_oldest(store, DAYS, roomy) is None
    assert delete_oldest(store, FULL, short) is not None


def test_by_default_there_is_no_time_and_without_need_nothing_goes(store):
    examined(store, "S-1")
    assert RecordSettings().picture_days == 0
    assert delete_oldest(store, RecordSettings(), roomy) is None
    assert delete_oldest(store, KEEP) is None


def test_a_card_full_of_unsigned_examinations_is_told_of(store, monkeypatch):
    number = examined(store, "S-1", signed=False)
    assert not is_blocked(store, KEEP)
    monkeypatch.setattr("edge.records.retention.room", short)
    assert is_blocked(store, FULL)
    sign(store, number, "Dr Amina", {}, review_state(store, number))
    assert not is_blocked(store, FULL)


def test_room_inside_the_database_counts_and_what_was_deleted_cannot_be_read(store, tmp_path):
    number = begin(store, "S-1")
    noise = [dataclasses.replace(CELL, crop_webp=bytes([i]) * 9000) for i in range(60)]
    store.add_cells(number, noise)
    store.finish(number, VERDICT)
    add_field(store, number, FieldPicture(3, 1280, 960, SECRET * 300))
    sign(store, number, "Dr Amina", {}, review_state(store, number))
    delete_oldest(store, FULL, short)
    pages = store.connection.execute("PRAGMA freelist_count").fetchone()[0]
    assert pages > 100
    store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for path in (tmp_path / "home").iterdir():
        assert SECRET not in path.read_bytes()
    free = room(store, FULL)
    assert free.wanted_bytes == 1_000_000_000
    assert free.free_bytes > pages * 4000


def test_the_service_looks_by_itself(tmp_path, monkeypatch):
    home = tmp_path / "home"
    with Store.open(home) as store:
        number = examined(store, "S-1")
    monkeypatch.setattr(delete_oldest, "__defaults__", (short,))
    with Retention(home, FULL, every_s=0.05):
        give_up_s = time.monotonic() + 20
        with Store.open(home) as store:
            while pictures(store, number) and time.monotonic() < give_up_s:
                time.sleep(0.05)
            assert pictures(store, number) == 0


@pytest.mark.parametrize("values", [{"picture_days": -1}, {"free_mb": -1}])
def test_settings_out_of_range_are_refused(values):
    with pytest.raises(ValueError, match="must be"):
        RecordSettings(**values)
