"""The store on file systems that are really full, or really read-only: small ones in memory."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
STORY = """
import os
from pathlib import Path
from edge.errors import LeukoscopeError
from edge.records.store import CellRecord, Store

def attempt(action):
    try:
        print(action())
    except LeukoscopeError as fault:
        print(fault.number)

home = Path(os.environ["DISK"]) / "home"
cell = CellRecord(0, 0, 1.0, 2.0, (1, 2, 3, 4), "blast", True, 0.9, False, None, os.urandom(4000))
kept = []

def fill():
    with Store.open(home) as store:
        number = store.begin_examination("S", "leuko", "00", "phantom:leukemic")
        while True:
            kept.extend(store.add_cells(number, [cell]))

def listed():
    with Store.open_to_read(home) as store:
        return [c.number for c in store.cells(1)] == kept != [] and store.verify_chain() > 0

def begun():
    with Store.open(home) as store:
        return store.begin_examination("S", "leuko", "00", "phantom:leukemic")
"""


def on_a_small_disk(tmp_path, ending):
    """Run the story in a mount namespace of its own, where a small file system can be mounted."""
    if shutil.which("unshare") is None:
        pytest.skip("no `unshare` here to mount a small file system with")
    disk = tmp_path / "disk"
    disk.mkdir()
    (tmp_path / "story.py").write_text(STORY + ending, encoding="utf-8")
    mount = 'mount -t tmpfs -o size=400k none "$DISK" || exit 99; exec "$0" "$1"'
    apart = ("unshare", "--map-root-user", "--mount", "sh", "-c", mount)
    done = subprocess.run(
        [*apart, sys.executable, str(tmp_path / "story.py")],
        env={"DISK": str(disk), "PYTHONPATH": str(REPOSITORY), "PATH": "/usr/sbin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 99 or "unshare" in done.stderr:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()[:80]}")
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_disk_that_is_really_full(tmp_path):
    said = on_a_small_disk(tmp_path, "attempt(fill)\nattempt(listed)\n")
    assert said == ["E-REC-02", "True"]


def test_a_disk_that_is_really_read_only(tmp_path):
    said = on_a_small_disk(
        tmp_path,
        """
attempt(begun)
os.system('mount -o remount,ro "$DISK"')
attempt(lambda: Store.open(home))
with Store.open_to_read(home) as store:
    print(len(store.examinations()))
home = home / "elsewhere"
attempt(begun)
""",
    )
    assert said == ["1", "E-REC-01", "1", "E-REC-01"]
