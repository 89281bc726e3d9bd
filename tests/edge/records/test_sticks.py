"""Which of the disks is a stick that was plugged in? On made-up trees of /proc and /sys."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import ExportUnwritable, UsageFault
from edge.records.sticks import MOUNTED_AT, chosen_stick, find_sticks
from tests.shared_data import REPOSITORY


class Machine:
    """A made-up machine: disks in sysfs, mounts in /proc, folders to write to."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.lines: list[str] = []
        for folder in ("proc/self", "sys/dev/block", "dev/disk/by-label"):
            (root / folder).mkdir(parents=True)

    def disk(self, name: str, bus: str, number: str, part: str = "", removable: bool = False):
        home = self.root / "sys/devices" / bus / "block" / name
        home.mkdir(parents=True, exist_ok=True)
        (home / "removable").write_text("1\n" if removable else "0\n")
        if part:
            (home / part).mkdir()
            (home / part / "partition").write_text("1\n")
        (self.root / "sys/dev/block" / number).symlink_to(home / part)

    def mount(self, number: str, at: str, kind: str = "vfat", options: str = "rw", root: str = "/"):
        (self.root / at.lstrip("/")).mkdir(parents=True, exist_ok=True)
        shown = at.replace(" ", "\\040")
        self.lines.append(f"36 35 {number} {root} {shown} {options},nosuid shared:1 - {kind} x rw")
        (self.root / "proc/self/mountinfo").write_text("\n".join(self.lines) + "\n")

    def label(self, udev_name: str, name: str) -> None:
        (self.root / "dev/disk/by-label" / udev_name).symlink_to(f"../../{name}")

    def labels(self) -> list[str]:
        return [stick.label for stick in find_sticks(self.root)]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A Pi that runs from its card, with a network's folder and memory mounted beside it."""
    made = Machine(tmp_path)
    made.disk("mmcblk0", "platform/mmc", "179:2", "mmcblk0p2")
    made.mount("179:2", "/", "ext4")
    made.mount("0:44", "/srv/share", "nfs4")
    made.mount("0:25", "/run", "tmpfs")
    return made


def plug_in(machine: Machine, at: str = "/media/leukoscope/KINGSTON", options: str = "rw") -> None:
    machine.disk("sda", "platform/usb1/1-1", "8:1", "sda1", removable=True)
    machine.mount("8:1", at, options=options)


def test_nothing_is_plugged_in(machine: Machine) -> None:
    assert find_sticks(machine.root) == []
    assert find_sticks(machine.root / "nowhere") == []
    with pytest.raises(UsageFault, match="No USB stick is plugged in"):
        chosen_stick("", machine.root)


def test_a_stick_is_found_once_it_is_mounted_and_has_its_label(machine: Machine) -> None:
    plug_in(machine)
    machine.label("CLINIC\\x20A", "sda1")
    [stick] = find_sticks(machine.root)
    assert (stick.name, stick.label, stick.writable) == ("sda1", "CLINIC A", True)
    assert stick.folder == machine.root / "media/leukoscope/KINGSTON"
    assert stick.free_bytes > 0
    for words in ("sda1", "CLINIC A", ""):
        assert chosen_stick(words, machine.root) == stick
    with pytest.raises(UsageFault, match=r"there are CLINIC A \(sda1\)"):
        chosen_stick("sdb1", machine.root)


def test_without_a_label_the_folder_names_it(machine: Machine) -> None:
    plug_in(machine, "/media/nurse/नीली stick")
    assert machine.labels() == ["नीली stick"]


def test_a_large_stick_that_calls_itself_a_fixed_disk_is_found_by_its_bus(machine: Machine) -> None:
    machine.disk("sdb", "platform/usb2/2-1", "8:16")  # no partitions on it
    machine.mount("8:16", "/mnt/ssd", "exfat")
    assert [stick.name for stick in find_sticks(machine.root)] == ["sdb"]


def test_a_pi_that_runs_from_a_usb_disk_does_not_offer_it(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.disk("sda", "platform/usb1/1-1", "8:2", "sda2", removable=True)
    machine.disk("sda", "platform/usb1/1-1", "8:3", "sda3", removable=True)
    machine.mount("8:2", "/", "ext4")
    machine.mount("8:3", "/data", "ext4")
    assert find_sticks(machine.root) == []


def test_a_write_protected_stick_is_shown_as_such(machine: Machine) -> None:
    plug_in(machine, options="ro")
    assert [stick.writable for stick in find_sticks(machine.root)] == [False]


def test_a_stick_mounted_twice_is_one_and_bound_folders_are_none(machine: Machine) -> None:
    plug_in(machine)
    machine.mount("8:1", "/mnt/again")
    machine.mount("8:1", "/mnt/part", root="/inside")
    assert len(find_sticks(machine.root)) == 1


def test_a_desktop_that_mounts_the_stick_as_well_does_not_take_it_away(machine: Machine) -> None:
    plug_in(machine, "/media/pi/KINGSTON")
    machine.mount("8:1", "/media/leukoscope/KINGSTON-sda1")
    [stick] = find_sticks(machine.root)
    assert stick.folder == machine.root / "media/leukoscope/KINGSTON-sda1"


def test_the_devices_own_helper_mounts_where_sticks_are_looked_for() -> None:
    helper = (REPOSITORY / "systemd" / "stick.sh").read_text(encoding="utf-8")
    assert f"base={MOUNTED_AT}\n" in helper
    assert "uid=leukoscope" in helper
    service = (REPOSITORY / "systemd" / "leukoscope.service").read_text(encoding="utf-8")
    assert "User=leukoscope\n" in service
    assert "ReadWritePaths=-/media " in service


def test_two_sticks_of_one_label_are_told_apart_by_name(machine: Machine) -> None:
    plug_in(machine)
    machine.disk("sdc", "platform/usb1/1-2", "8:33", "sdc1", removable=True)
    machine.mount("8:33", "/media/leukoscope/KINGSTON_1")
    machine.label("KINGSTON", "sda1")
    assert sorted(machine.labels()) == ["KINGSTON", "KINGSTON_1"]
    assert chosen_stick("sdc1", machine.root).name == "sdc1"
    with pytest.raises(UsageFault, match="More than one stick is meant"):
        chosen_stick("", machine.root)


def test_a_stick_pulled_out_is_not_there(machine: Machine) -> None:
    plug_in(machine)
    [stick] = find_sticks(machine.root)
    stick.check()
    shutil.rmtree(stick.folder)
    assert not stick.is_there()
    with pytest.raises(ExportUnwritable, match="pulled out"):
        stick.check()
    assert find_sticks(machine.root) == []


@given(st.text(max_size=300))
def test_no_list_of_mounts_breaks_it(tmp_path_factory, text: str) -> None:
    root = tmp_path_factory.mktemp("machine")
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/mountinfo").write_text(text, encoding="utf-8", errors="replace")
    assert isinstance(find_sticks(root), list)
