"""Telling a living process from one that is gone."""

import subprocess
import sys

import pytest

from edge.records.runner import is_alive, new_runner


def test_this_process_lives_and_two_stores_differ():
    assert is_alive(new_runner())
    assert new_runner() != new_runner()


def test_a_process_that_ended_does_not_live():
    story = "from edge.records.runner import new_runner; print(new_runner())"
    done = subprocess.run([sys.executable, "-c", story], capture_output=True, text=True, check=True)
    assert not is_alive(done.stdout.strip())


def test_the_same_process_id_after_another_boot_is_somebody_else():
    boot, _, rest = new_runner().partition("/")
    assert boot
    assert not is_alive(f"another-boot/{rest}")


@pytest.mark.parametrize("name", ["", "x", "///", "b/-1/2/3", "b/１/2/3", "b/99999999/5/u"])
def test_a_name_that_is_none_does_not_live(name):
    assert not is_alive(name)
