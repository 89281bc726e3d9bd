"""An engineer asks a device how fast it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge.cli import main
from edge.speed.loop import STEPS
from edge.speed.startup import PARTS

SOURCE = "phantom:leukemic?seed=3&viewport=640x480"


def test_every_step_is_told_to_a_program(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["bench", "--camera", SOURCE, "--um-per-px", "0.2", "--frames", "20", "--rate", "30"]
    assert main([*words, "--json", "--home", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    told = json.loads(out)
    loop = told["loop"]
    assert loop["frames"] == 20
    assert loop["size_px"] == [640, 480]
    assert [step["name"] for step in loop["steps"]] == list(STEPS)
    used = {step["name"]: step["wall"] for step in loop["steps"] if step["wall"]}
    assert {"camera", "stage", "quality", "locate", "chart", "crop", "classify"} <= set(used)
    assert "scale" not in used, "it was given"
    for wall in used.values():
        assert 0 <= wall["p50"] <= wall["p95"] <= wall["p99"]
    assert sum(step["share"] for step in loop["steps"]) == pytest.approx(1.0, abs=0.01)
    assert loop["cells"] > 0
    assert loop["times_reduce_p50"] > 0
    lamp = told["lamp"]
    assert lamp["looked_at"] + lamp["dropped"] == 20
    assert list(told["startup"]["parts_ms"]) == list(PARTS)
    assert told["startup"]["times_yardstick"] > 1
    assert [model["threads"] for model in told["models"]][:2] == [1, 2]
    assert told["peak_mb"] > 20
    assert list(tmp_path.iterdir()) == [], "a bench leaves no records"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--frames", "5"], "--frames must be 20 to"),
        (["--rate", "0"], "--rate must be"),
        (["--threads", "0"], "--threads must be"),
        (["--camera", "pan:nowhere.png"], "nowhere.png"),
        (["--camera", "phantom:empty?seed=1&viewport=640x480", "--frames", "20"], "--um-per-px"),
    ],
)
def test_what_cannot_be_measured_is_one_line(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", *words, "--home", str(tmp_path)]) == 2
    error = capsys.readouterr().err.strip().splitlines()
    assert said in error[-1]
