"""What a board tells of itself, from trees of /proc and /sys as real machines show them."""

from pathlib import Path

import pytest

from edge.selftest import parts
from edge.selftest.board import Board, Throttled
from edge.selftest.finding import Result


def write(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text, encoding="utf-8")


def a_pi(root: Path, throttled: str = "0", milli_degrees: str = "48312") -> Board:
    write(root, "proc/device-tree/model", "Raspberry Pi 5 Model B Rev 1.0\0")
    write(root, "sys/class/thermal/thermal_zone0/temp", milli_degrees + "\n")
    write(root, "sys/devices/platform/soc/soc:firmware/get_throttled", throttled + "\n")
    return Board(root)


def test_a_pi_is_known_by_its_device_tree(tmp_path):
    board = a_pi(tmp_path)
    assert (board.is_pi, board.model) == (True, "Raspberry Pi 5 Model B Rev 1.0")
    assert board.temperature_c == pytest.approx(48.312)
    assert parts.power(board).result is Result.OK
    assert parts.temperature(board).result is Result.OK


def test_a_laptop_without_sensors_is_not_failed_but_not_here(tmp_path):
    board = Board(tmp_path)
    assert not board.is_pi
    assert parts.power(board).result is Result.NOT_HERE
    assert parts.temperature(board).result is Result.NOT_HERE


@pytest.mark.parametrize(
    ("word", "power", "temperature"),
    [
        ("1", Result.FAILED, Result.OK),  # under-voltage now
        ("50005", Result.FAILED, Result.NOTE),  # the well-known word of a bad supply
        ("10000", Result.NOTE, Result.OK),  # under-voltage since the start
        ("4", Result.OK, Result.NOTE),  # throttled now
        ("80000", Result.OK, Result.NOTE),  # soft limit since the start
    ],
)
def test_weak_supply_and_heat_are_told_apart(tmp_path, word, power, temperature):
    board = a_pi(tmp_path, word)
    assert parts.power(board).result is power
    assert parts.temperature(board).result is temperature


def test_another_kernels_alarm_of_the_supply_is_heard(tmp_path):
    write(tmp_path, "sys/class/hwmon/hwmon1/name", "rpi_volt\n")
    write(tmp_path, "sys/class/hwmon/hwmon1/in0_lcrit_alarm", "1\n")
    assert Board(tmp_path).throttled == Throttled(1)


def test_heat_alone_is_told_and_is_no_failure(tmp_path):
    found = parts.temperature(a_pi(tmp_path, "0", "84000"))
    assert found.result is Result.NOTE
    assert "84 °C" in found.told
    assert "more slowly" in found.action


def test_nonsense_in_sysfs_is_no_measurement(tmp_path):
    board = a_pi(tmp_path, "error", "hot")
    assert board.throttled is None
    assert board.temperature_c is None
    assert parts.temperature(board).result is Result.FAILED, "a Pi must tell its temperature"
