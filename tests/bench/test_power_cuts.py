"""Power cuts, a few of them: the whole run is `python -m bench.power_cuts` (bench/logs)."""

import json
import random
import shutil

import pytest

from bench import power_cuts
from bench.power_cuts import Operation, Result, Told, card_after, cuts, inspect, kills, operations
from tests.shared_data import REPOSITORY


def test_examinations_killed_at_random_points_lose_nothing():
    result = kills(4, seed=1)
    assert result.wrong == []
    assert result.tried == 4


def test_a_card_cut_off_between_writes_loses_nothing():
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: apt-get install strace")
    try:
        result = cuts(60, seed=1)
    except RuntimeError as error:
        pytest.skip(f"nothing can be traced here: {error}")
    assert result.wrong == []
    assert result.cells > 100
    assert result.unfinished > 0
    assert result.green > 0


def test_a_card_that_forgets_what_it_acknowledged_is_caught(tmp_path):
    """The check itself can fail: records without their last flush have lost something."""
    told = Told.of("began 1\ncell 1\n")
    result = Result()
    inspect(tmp_path, told, result, "empty card")
    assert any("cells are lost" in line for line in result.wrong)
    assert any("examinations are lost" in line for line in result.wrong)


def test_damage_and_a_green_that_came_too_early_are_caught(tmp_path):
    (tmp_path / "records.sqlite3").write_bytes(b"nothing that is a database" * 300)
    damaged = Result()
    inspect(tmp_path, Told(), damaged, "damaged")
    assert "do not open" in damaged.wrong[0]
    early = Result()
    inspect(tmp_path / "other", Told.of("lamps NO_BLASTS_FOUND\nbegan 1\n"), early, "early")
    assert early.wrong
    with power_cuts.Store.open(tmp_path / "third") as store:
        store.begin_examination("S", "leuko", "00", "phantom:cut")
    seen = Result()
    inspect(tmp_path / "third", Told.of("began 1\nlamps NO_BLASTS_FOUND\n"), seen, "seen")
    assert "green was shown before" in seen.wrong[0]


def test_what_strace_wrote_is_read_as_operations_on_the_data_folder():
    path = "".join(f"\\x{byte:02x}" for byte in b"/home/r.db")
    other = "".join(f"\\x{byte:02x}" for byte in b"/etc/passwd")
    trace = "\n".join(
        [
            f'12 openat(AT_FDCWD, "{path}", O_RDWR|O_CREAT, 0644) = 5',
            f'12 openat(AT_FDCWD, "{other}", O_RDONLY) = 6',
            '12 pwrite64(5, "\\x01\\x02", 2, 512) = 2',
            '12 pwrite64(6, "\\x07", 1, 0) = 1',
            "12 fdatasync(5) = 0",
            '12 write(1, "\\x68\\x69", 2) = 2',
            "12 ftruncate(5, 100) = -1 EIO (Input/output error)",
            "12 ftruncate(5, 100) = 0",
            "12 close(5) = 0",
            '12 pwrite64(5, "\\x09", 1, 0) = 1',
            f'12 unlink("{path}") = 0',
        ]
    )
    assert operations(trace, "/home") == [
        Operation("write", "r.db", 512, b"\x01\x02"),
        Operation("sync", "r.db"),
        Operation("say", data=b"hi"),
        Operation("size", "r.db", 100),
        Operation("remove", "r.db"),
    ]


def test_only_what_was_flushed_is_certain_to_be_on_the_card():
    flushed = [Operation("write", "f", 0, b"a" * 1024), Operation("sync", "f")]
    late = Operation("write", "f", 0, b"b" * 1024)
    cards = {card_after([*flushed, late], random.Random(i))["f"] for i in range(60)}
    sectors = {card[:512][:1] + card[512:][:1] for card in cards}
    assert sectors == {b"aa", b"ab", b"ba", b"bb"}, "torn in every way, and in no other"
    assert all(len(set(card[:512])) == 1 for card in cards)
    gone = [*flushed, Operation("remove", "f"), Operation("sync", "")]
    assert card_after(gone, random.Random(0)) == {}


def test_the_kept_result_of_the_whole_run_is_of_a_thousand_and_without_a_loss():
    path = REPOSITORY / "bench/logs/power_cuts.json"
    if not path.exists():
        pytest.skip("no whole run is kept: make power-cuts")
    kept = json.loads(path.read_text())
    for name in ("kills", "cuts"):
        assert kept[name]["tried"] == 1000
        assert kept[name]["wrong"] == []
