"""`leukoscope check` as its user calls it, on this very machine."""

import json

import pytest

from edge.cli import main

PARTS = [
    *("camera", "lamps", "button", "disk", "objectives", "clock", "power"),
    *("temperature", "bundle", "golden test", "control", "service"),
]
CAMERA = ["--camera", "phantom:healthy?viewport=160x120&frames=6"]


def test_every_part_has_its_named_result(tmp_path, capsys):
    status = main(["check", "--yes", "--json", "--home", str(tmp_path), *CAMERA])
    told = json.loads(capsys.readouterr().out)
    assert [part["part"] for part in told["parts"]] == PARTS
    failed = [part["part"] for part in told["parts"] if part["result"] == "failed"]
    assert status == (1 if failed else 0)
    assert told["ok"] is not failed
    assert "disk" not in failed
    assert "golden test" not in failed


def test_a_failed_part_is_named_at_the_end_and_the_status_is_1(tmp_path, capsys):
    camera = ["--camera", "v4l2:/dev/video99"]
    assert main(["check", "--yes", "--home", str(tmp_path), *camera]) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("Failed: camera")


@pytest.mark.parametrize("words", [["--settings", "/nowhere.toml"], ["--sing"]])
def test_wrong_words_are_one_line(words, tmp_path, capsys):
    assert main(["check", "--home", str(tmp_path), *words]) == 2
    assert capsys.readouterr().err.count("\n") == 1
