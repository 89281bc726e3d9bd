"""`leukoscope simulate`: a person asks what the bundle in use would do on many slides."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from edge.cli import main

_QUICK = ["simulate", "--slides", "200"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings of a test lie in its own folder."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("LEUKOSCOPE_HOME", str(folder))
    return folder


def test_a_person_reads_one_aligned_row_for_each_blast_share(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(_QUICK) == 0
    lines = capsys.readouterr().out.splitlines()
    head = next(number for number, line in enumerate(lines) if "CANNOT_JUDGE" in line)
    table = lines[head : head + 9]
    assert len({len(line) for line in table}) == 1
    shares = [line.split()[0] for line in table[1:]]
    assert shares == ["0%", "1%", "2%", "5%", "10%", "20%", "30%", "50%"]
    assert "200 simulated slides a row" in lines[0]
    assert any("Monte Carlo error" in line for line in lines)
    assert any("fixed beforehand" in line for line in lines)


def test_the_bundle_in_use_keeps_its_word_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--slides", "1000", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    (table,) = told["tables"]
    for row in table["rows"]:
        assert row["review"] + row["no_blasts_found"] + row["cannot_judge"] == pytest.approx(1)
        assert 0 < row["share_error"] < 0.04
        if row["blast_share"] == 0:
            assert row["review"] <= told["settings"]["alpha"] + row["share_error"]
        if row["blast_share"] >= told["settings"]["share_limit"]:
            assert row["no_blasts_found"] <= told["settings"]["beta"] + row["share_error"]
    assert table["rows"][-1]["review"] > 0.95


def test_fewer_cells_on_a_slide_leave_more_undecided(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*_QUICK, "--json", "--cells", "60", "1000"]) == 0
    few, many = json.loads(capsys.readouterr().out)["tables"]
    assert (few["cells_on_slide"], many["cells_on_slide"]) == (60, 1000)
    assert few["rows"][0]["no_blasts_found"] == 0  # green needs 100 cells
    assert many["rows"][0]["no_blasts_found"] > 0.5
    assert all(row["mean_cells"] <= 60 for row in few["rows"])


def test_the_same_seed_says_the_same_and_the_settings_of_the_home_count(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = []
    for _ in range(2):
        assert main([*_QUICK, "--seed", "4"]) == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]
    (home / "settings.toml").write_text("[verdict]\nmax_cells = 150\n")
    assert main([*_QUICK, "--seed", "4"]) == 0
    assert "Up to 150 white cells" in capsys.readouterr().out


def test_the_plot_shows_what_the_table_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plot = tmp_path / "plot.svg"
    assert main([*_QUICK, "--cells", "200", "1000", "--json", "--plot", str(plot)]) == 0
    tables = json.loads(capsys.readouterr().out)["tables"]
    words = [text for element in ElementTree.parse(plot).iter() for text in element.itertext()]
    for table in tables:
        assert f"Up to {table['cells_on_slide']} white cells on a slide" in words
        for row in table["rows"]:
            assert f"{row['blast_share']:.0%} blasts: REVIEW {row['review']:.1%}" in words


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (["--slides", "0"], "--slides must be 100 to 20000, not 0"),
        (["--slides", "many"], "invalid int value"),
        (["--cells", "200", "0"], "--cells must be 1 to 1000, not 0"),
        (["--cells", "5000"], "--cells must be 1 to 1000, not 5000"),
        (["--seed", "-1"], "--seed must be 0"),
        (["--plot", "plot.png"], "does not end in .svg"),
        (["--model", "no-such-bundle"], "No model bundle"),
        (["--settings", "no-such.toml"], "no settings file"),
    ],
)
def test_wrong_words_end_in_one_line(
    wrong: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", *wrong]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert says in line


def test_a_plot_that_cannot_be_written_still_leaves_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*_QUICK, "--plot", str(tmp_path / "nowhere" / "plot.svg")]) == 1
    captured = capsys.readouterr()
    assert "50%" in captured.out
    (line,) = captured.err.splitlines()
    assert "cannot be written" in line
