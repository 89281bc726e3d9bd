"""A bundle is written whole or not at all, whatever ends the run."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from convert.write import check_target, write_bundle
from edge.errors import BundleRefused, ConversionRefused
from edge.inference.bundle import Bundle, load_bundle
from tests.edge.inference.bundle_maker import description
from tests.edge.inference.bundle_maker import write_bundle as make_toy
from tests.shared_data import REPOSITORY

FILES = ("model.tflite", "golden.npz", "MODEL_CARD.md")

KILLED = """
import os, signal, sys
from pathlib import Path
from convert.write import write_bundle
from tests.convert.test_write import contents, told
def die(bundle):
    os.kill(os.getpid(), signal.{signal})
write_bundle(Path(sys.argv[1]) / "bundle", told(), contents(Path(sys.argv[1]) / "toy"), die)
"""


def told() -> dict[str, object]:
    whole = description()
    del whole["files"]
    return whole


def contents(folder: Path) -> dict[str, bytes]:
    make_toy(folder)
    return {name: (folder / name).read_bytes() for name in FILES}


def agree(bundle: Bundle) -> None: ...


def test_whole_and_the_same_bytes_again(tmp_path: Path) -> None:
    files = contents(tmp_path / "toy")
    for name in ("a", "b"):
        write_bundle(tmp_path / name, told(), files, agree)
    assert load_bundle(tmp_path / "a").name == "toy"
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_what_is_not_proven_leaves_the_old_bundle_and_nothing_else(tmp_path: Path) -> None:
    files = contents(tmp_path / "toy")
    write_bundle(tmp_path / "out" / "a", told(), files, agree)
    before = (tmp_path / "out" / "a" / "bundle.json").read_bytes()

    def refuse(bundle: Bundle) -> None:
        raise BundleRefused("not proven")

    with pytest.raises(BundleRefused):
        write_bundle(tmp_path / "out" / "a", told() | {"version": "2"}, files, refuse)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a"]
    assert (tmp_path / "out" / "a" / "bundle.json").read_bytes() == before


def test_a_place_that_cannot_be_written_is_told_before_minutes_of_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConversionRefused, match="cannot be written"):
        check_target(tmp_path / "file" / "bundle")
    check_target(tmp_path / "bundle")
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write to what is read-only
    (tmp_path / "empty").mkdir()
    for name in ("bundle", "empty"):
        with pytest.raises(ConversionRefused, match="read-only") as caught:
            check_target(tmp_path / name)
        assert "--out" in caught.value.action


def test_a_full_disk_leaves_nothing_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = contents(tmp_path / "toy")

    def full(number: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConversionRefused, match="No space left") as caught:
        write_bundle(tmp_path / "bundle", told(), files, agree)
    assert "has room" in caught.value.action
    assert [path.name for path in tmp_path.iterdir()] == ["toy"]


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM"])
def test_a_killed_run_leaves_no_half_bundle_and_the_next_sweeps_up(
    name: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED.replace("{signal}", name), str(tmp_path)],
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == -getattr(signal, name), done.stderr
    assert not (tmp_path / "bundle").exists()
    write_bundle(tmp_path / "bundle", told(), contents(tmp_path / "toy"), agree)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle", "toy"]
