"""A card that damages its records: moved aside, named, and the last good copy taken."""

import os
import threading

import pytest

from edge.errors import DiskFull, StoreDamaged, StoreTooNew, StoreUnwritable
from edge.records import backup as backup_module
from edge.records.audit import audit
from edge.records.backup import KEPT, BackupKeeper, back_up, backups, check, recover
from edge.records.database import FILE_NAME
from edge.records.store import Store


def begin(home, slide):
    with Store.open(home) as store:
        store.begin_examination(slide, "leuko", "00", "phantom:healthy")


def slides(home):
    with Store.open_to_read(home) as store:
        assert store.inspect_chain().whole
        return [examination.slide for examination in store.examinations()]


def spoil(path, at=None):
    """Turn blocks in the middle of a file to noise, as a dying card does."""
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 if at is None else at
    content[middle : middle + 8192] = os.urandom(8192)
    path.write_bytes(content)


def test_whole_records_are_left_alone_and_so_is_an_empty_folder(tmp_path):
    assert recover(tmp_path / "new") is None
    begin(tmp_path, "S-1")
    before = (tmp_path / FILE_NAME).read_bytes()
    assert recover(tmp_path) is None
    assert (tmp_path / FILE_NAME).read_bytes() == before


@pytest.mark.parametrize("at", [0, None])
def test_damaged_records_are_moved_aside_and_the_backup_taken(tmp_path, at):
    begin(tmp_path, "S-1")
    copy = back_up(tmp_path)
    begin(tmp_path, "S-2")  # after the backup
    spoil(tmp_path / FILE_NAME, at)
    done = recover(tmp_path)
    assert done.restored_from == copy.name
    assert slides(tmp_path) == ["S-1"]
    assert (done.moved_to / FILE_NAME).exists(), "what came after the backup can be looked for"
    with Store.open_to_read(tmp_path) as store:
        (told,) = [e for e in audit(store) if e.kind == "FAULT"]
    assert told.details["fault"] == "E-REC-03"
    assert told.details["restored_from"] == copy.name
    begin(tmp_path, "S-3")
    assert recover(tmp_path) is None


def test_without_a_backup_it_begins_anew_and_says_so(tmp_path):
    begin(tmp_path, "S-1")
    spoil(tmp_path / FILE_NAME, 0)
    done = recover(tmp_path)
    assert done.restored_from == ""
    assert slides(tmp_path) == []


def test_a_backup_that_is_damaged_too_is_passed_over(tmp_path):
    begin(tmp_path, "S-1")
    older = back_up(tmp_path)
    begin(tmp_path, "S-2")
    spoil(back_up(tmp_path))
    spoil(tmp_path / FILE_NAME, 0)
    assert recover(tmp_path).restored_from == older.name
    assert slides(tmp_path) == ["S-1"]


def test_records_that_were_changed_do_not_replace_a_good_backup(tmp_path):
    begin(tmp_path, "S-1")
    good = back_up(tmp_path)
    with Store.open(tmp_path) as store:
        guards = store.connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for guard in guards.fetchall():
            store.connection.execute(f"DROP TRIGGER {guard['name']}")
        store.connection.execute("UPDATE chain SET hash = 'forged' WHERE seq = 1")
    with pytest.raises(StoreDamaged):
        back_up(tmp_path)
    assert backups(tmp_path) == [good]


def test_two_backups_are_kept_and_each_is_one_whole_file(tmp_path):
    for i in range(KEPT + 2):
        begin(tmp_path, f"S-{i}")
        back_up(tmp_path)
    kept = backups(tmp_path)
    assert len(kept) == KEPT
    assert [path.name for path in sorted((tmp_path / "backups").iterdir())] == sorted(
        path.name for path in kept
    )
    check(kept[0])


def test_a_newer_programs_records_are_no_damage(tmp_path):
    begin(tmp_path, "S-1")
    with Store.open(tmp_path) as store:
        store.connection.execute("PRAGMA user_version = 999")
    with pytest.raises(StoreTooNew):
        recover(tmp_path)
    assert not list(tmp_path.glob("damaged-*"))


def test_no_space_and_no_folder_are_said_by_their_numbers(tmp_path, monkeypatch):
    begin(tmp_path, "S-1")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(backup_module.os, "fsync", full)
        with pytest.raises(DiskFull):
            back_up(tmp_path)
    (tmp_path / "backups" / ".new").unlink()
    (tmp_path / "backups").rmdir()
    (tmp_path / "backups").write_text("a file in its place")
    with pytest.raises(StoreUnwritable):
        back_up(tmp_path)


def test_the_keeper_waits_for_an_idle_device(tmp_path):
    begin(tmp_path, "S-1")
    asked, idle = [], threading.Event()

    def is_idle():
        asked.append(1)
        if len(asked) == 3:
            idle.set()
        return idle.is_set()

    with BackupKeeper(tmp_path, is_idle, first_s=0.01, every_s=60):
        until = threading.Event()
        for _ in range(1000):
            if backups(tmp_path):
                break
            until.wait(0.01)
    assert len(asked) == 3
    assert len(backups(tmp_path)) == 1
