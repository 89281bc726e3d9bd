"""The helper that mounts sticks (systemd/stick.sh), with the tools it calls told what to answer."""

import subprocess

import pytest

from edge.records.sticks import MOUNTED_AT
from tests.shared_data import REPOSITORY

FINDMNT = """
case "$*" in
  *TARGET*) echo "$BASE/CLINIC" ;;
  *) exit "${ALREADY_MOUNTED:-1}" ;;
esac
"""
LSBLK = """
case "$*" in
  *PKNAME*) echo sda ;;
  *MOUNTPOINT*) printf '%b' "$OTHER_MOUNTS" ;;
  *LABEL*) echo "$LABEL" ;;
esac
"""


@pytest.fixture
def helper(tmp_path):
    base = tmp_path / "media"
    script = (REPOSITORY / "systemd/stick.sh").read_text()
    assert f"\nbase={MOUNTED_AT}\n" in script
    (tmp_path / "stick.sh").write_text(script.replace(f"base={MOUNTED_AT}", f"base={base}"))
    tools = tmp_path / "tools"
    tools.mkdir()
    answers = {"findmnt": FINDMNT, "lsblk": LSBLK, "mount": "", "umount": ""}
    for name, answer in answers.items():
        (tools / name).write_text(f'#!/bin/sh\necho "{name} $*" >> {tmp_path}/calls\n{answer}')
        (tools / name).chmod(0o755)
    (tmp_path / "calls").touch()

    def call(action, **told):
        environment = {"PATH": f"{tools}:/usr/bin:/bin", "BASE": str(base), "LABEL": "CLINIC"}
        words = ["/bin/sh", tmp_path / "stick.sh", action, "sda1"]
        subprocess.run(words, env={**environment, **told}, check=True)
        calls = (tmp_path / "calls").read_text().splitlines()
        return base, [line for line in calls if line.startswith(("mount", "umount"))]

    return call


def test_a_stick_is_mounted_by_its_label_for_the_service_alone(helper):
    base, [mount] = helper("mount")
    options, device, folder = mount.split()[2:]
    assert (device, folder) == ("/dev/sda1", f"{base}/CLINIC")
    wanted = {"nosuid", "nodev", "noexec", "sync", "uid=leukoscope", "gid=leukoscope", "umask=077"}
    assert wanted == set(options.split(","))


def test_a_label_cannot_lead_out_of_the_folder(helper):
    base, [mount] = helper("mount", LABEL="../../etc /x")
    assert mount.split()[-1] == f"{base}/....etcx"


def test_what_a_desktop_has_mounted_is_left_to_it(helper):
    assert helper("mount", ALREADY_MOUNTED="0")[1] == []


def test_no_part_of_the_disk_that_the_system_runs_from_is_a_stick(helper):
    assert helper("mount", OTHER_MOUNTS="/boot/firmware\\n/\\n")[1] == []
    assert len(helper("mount", OTHER_MOUNTS="\\n/media/leukoscope/OTHER\\n")[1]) == 1


def test_pulled_out_its_folder_goes_too(helper):
    base, _ = helper("mount")
    assert (base / "CLINIC").is_dir()
    _, calls = helper("unmount")
    assert calls[-1] == f"umount --lazy {base}/CLINIC"
    assert not (base / "CLINIC").exists()
