"""A bundle is written whole or not at all, whatever ends the run."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from convert.write import write_bundle
from edge.errors import BundleRefused
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
