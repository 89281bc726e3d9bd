"""What units, rules and installer say to each other: names that one sets and another waits for."""

import os
import re
import subprocess

from edge.heartbeats import LIMITS_S
from edge.records.sticks import MOUNTED_AT
from edge.selftest.service import UNIT
from tests.shared_data import REPOSITORY

SYSTEMD = REPOSITORY / "systemd"


def read(name):
    return (SYSTEMD / name).read_text()


def test_the_installer_places_every_unit_rule_and_setting_there_is():
    installer = read("install.sh")
    for path in SYSTEMD.iterdir():
        if path.suffix != ".sh":
            assert path.name in installer, f"{path.name} is never installed"


def test_what_is_placed_is_what_is_taken_off():
    """One list serves both ways: nothing can be forgotten when the program is removed."""
    installer = read("install.sh")
    assert installer.count('for pair in "${targets[@]}"') == 2


def test_the_watchdogs_times_add_up_to_less_than_30_seconds():
    unit = read(UNIT)
    seconds = {
        name: float(re.search(rf"^{name}=([\d.]+)s", unit, re.MULTILINE)[1])
        for name in ("WatchdogSec", "TimeoutAbortSec", "RestartSec")
    }
    starting_s = 5.0
    for part in ("frame", "inference"):
        assert LIMITS_S[part] + sum(seconds.values()) + starting_s < 30


def test_a_stick_is_mounted_where_the_page_looks_for_it_and_seen_by_the_service():
    assert f"base={MOUNTED_AT}" in read("stick.sh")
    assert "/media" in re.search(r"^ReadWritePaths=(.*)", read(UNIT), re.MULTILINE)[1]
    # Mounts of a unit with a mount namespace of its own would be seen by nobody.
    unit = read("leukoscope-stick@.service")
    for wall in ("PrivateMounts", "PrivateTmp", "ProtectSystem", "PrivateNetwork"):
        assert f"\n{wall}=" not in unit


def test_a_restart_asked_for_while_it_fails_is_kept():
    """By default the fault's lamps, which exclude the service, would cancel the waiting start."""
    assert "Conflicts=leukoscope.service" in read("leukoscope-fault.service")
    assert "\nOnFailureJobMode=fail\n" in read(UNIT)


def test_one_rule_alone_mounts_sticks_and_after_udev_knows_what_they_are():
    """A rule that comes before 60-persistent-storage.rules never sees a file system's kind."""
    rules = [
        line
        for path in SYSTEMD.glob("*.rules")
        for line in path.read_text().splitlines()
        if "ID_FS_TYPE" in line and not line.startswith("#")
    ]
    assert len(rules) == 1
    assert "leukoscope-stick@%k.service" in rules[0]
    [target] = re.findall(r"leukoscope\.udev\.rules:\S*/(\S+)", read("install.sh"))
    assert target > "60-persistent-storage.rules"


def test_the_installer_on_a_stick_runs_where_no_file_may_be_run_by_itself(tmp_path):
    """Desktops mount FAT sticks so that only Windows' programs are executable."""
    [line] = re.findall(r"^printf '(.*)' > \"\$out/install\.sh\"", read("usb-bundle.sh"), re.M)
    (tmp_path / "install.sh").write_text(line.replace("\\n", "\n"))
    (tmp_path / "systemd").mkdir()
    (tmp_path / "systemd/install.sh").write_text(read("install.sh"))
    words = ["bash", tmp_path / "install.sh", "--help"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "--uninstall" in done.stdout


def test_the_request_to_shut_down_is_left_where_it_is_waited_for():
    assert "PathExists=%t/leukoscope/poweroff" in read("leukoscope-poweroff.path")
    assert "RuntimeDirectory=leukoscope\n" in read(UNIT)


def test_every_script_that_make_runs_by_its_name_may_be_run():
    """In a clone, where git's word decides: a bash of one's own hides that it may not."""
    makefile = (REPOSITORY / "Makefile").read_text()
    named = set(re.findall(r"\s((?:bench|systemd)/[\w-]+\.sh)\b", makefile))
    assert {"bench/arm64.sh", "bench/vm.sh", "systemd/usb-bundle.sh"} <= named
    assert not [name for name in sorted(named) if not os.access(REPOSITORY / name, os.X_OK)]
