"""Where state is kept."""

import errno
from pathlib import Path

import pytest

from edge.errors import DiskFull, StoreUnwritable
from edge.records.home import data_home, folder_fault, prepare_home


def test_the_environment_names_the_folder(tmp_path):
    assert data_home(environ={"LEUKOSCOPE_HOME": str(tmp_path), "HOME": "/home/x"}) == tmp_path


def test_a_folder_named_by_a_person_comes_first(tmp_path):
    assert data_home(tmp_path, {"LEUKOSCOPE_HOME": "/elsewhere"}) == tmp_path


def test_a_relative_folder_is_taken_from_where_we_are(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert data_home(environ={"LEUKOSCOPE_HOME": "records"}) == tmp_path / "records"


def test_the_users_data_folder_is_the_default():
    share = Path("/home/x/.local/share/leukoscope")
    assert data_home(environ={"HOME": "/home/x"}) == share
    assert data_home(environ={"HOME": "/home/x", "LEUKOSCOPE_HOME": ""}) == share
    assert data_home(environ={"HOME": "/home/x", "XDG_DATA_HOME": "relative"}) == share
    assert data_home(environ={"HOME": "/home/x", "XDG_DATA_HOME": "/d"}) == Path("/d/leukoscope")


def test_the_folder_is_made_for_its_owner_only(tmp_path):
    home = prepare_home(tmp_path / "a" / "b")
    assert home.stat().st_mode & 0o777 == 0o700
    assert prepare_home(home) == home


def test_a_file_in_the_way_is_named(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    for home in (blocked, blocked / "below"):
        with pytest.raises(StoreUnwritable, match="file"):
            prepare_home(home)


def test_a_full_disk_is_told_from_a_locked_one(tmp_path):
    assert isinstance(folder_fault(tmp_path, OSError(errno.ENOSPC, "full")), DiskFull)
    assert isinstance(folder_fault(tmp_path, OSError(errno.EDQUOT, "quota")), DiskFull)
    read_only = folder_fault(tmp_path, OSError(errno.EROFS, "Read-only file system"))
    assert isinstance(read_only, StoreUnwritable)
    assert "Read-only file system" in str(read_only)
