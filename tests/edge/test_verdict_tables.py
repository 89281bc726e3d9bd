"""The second morning with the same bundle: the verdict's tables are there, and the same."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge import verdict_tables
from edge.judgement import rates, sequential, share, sufficiency
from edge.judgement.tables import compute_tables, remember_tables
from edge.judgement.tally import Tally
from edge.judgement.verdict import Judgement, VerdictSettings, judge
from edge.verdict_tables import ready_tables, tables_path
from tests.edge.judgement.networks import CERTAIN, GOOD, USUAL

SETTINGS = VerdictSettings(max_cells=120)
COUNTS = [(0, 0), (20, 0), (20, 6), (120, 0), (110, 4), (120, 9)]


@pytest.fixture
def restart(monkeypatch: pytest.MonkeyPatch):
    """What a new process would remember: nothing."""

    def forget() -> None:
        for room, name in (
            (rates, "rate_weights"),
            (sequential, "boundaries"),
            (share, "critical_table"),
            (sufficiency, "way_table"),
        ):
            monkeypatch.setattr(getattr(room, name), "_known", {})
        share._log_height.cache_clear()

    forget()
    return forget


def _judgements(point=CERTAIN, settings=SETTINGS) -> list[Judgement]:
    return [judge(Tally(cells, blasts), point, settings) for cells, blasts in COUNTS]


def test_the_second_start_reads_what_the_first_one_computed(tmp_path, restart, monkeypatch) -> None:
    before = _judgements()
    restart()
    assert not ready_tables(tmp_path, CERTAIN, SETTINGS), "the first start computes"
    restart()
    monkeypatch.setattr(verdict_tables, "compute_tables", _unwanted)
    monkeypatch.setattr(sequential, "review_boundary", _unwanted)
    monkeypatch.setattr(sufficiency, "_NextFlagged", _unwanted)
    monkeypatch.setattr(share, "_critical_of", _unwanted)
    monkeypatch.setattr(rates, "_spread_on_grid", _unwanted)
    assert ready_tables(tmp_path, CERTAIN, SETTINGS)
    assert _judgements() == before


def _unwanted(*_: object) -> None:
    raise AssertionError("computed again")


@pytest.mark.parametrize(
    ("point", "settings"),
    [
        (GOOD, SETTINGS),
        (USUAL, SETTINGS),
        (CERTAIN, replace(SETTINGS, alpha=0.02)),
        (CERTAIN, replace(SETTINGS, max_cells=130)),
        (CERTAIN, replace(SETTINGS, coverage=0.9)),
        (CERTAIN, replace(SETTINGS, least_certain=4)),
    ],
)
def test_another_bundle_or_setting_has_tables_of_its_own(tmp_path, point, settings) -> None:
    ready_tables(tmp_path, CERTAIN, SETTINGS)
    assert tables_path(tmp_path, point, settings) != tables_path(tmp_path, CERTAIN, SETTINGS)
    assert not ready_tables(tmp_path, point, settings)


def test_a_program_that_computes_otherwise_does_not_take_old_tables(tmp_path, monkeypatch) -> None:
    ready_tables(tmp_path, CERTAIN, SETTINGS)
    monkeypatch.setattr(verdict_tables, "_code", lambda: b"another version")
    assert not ready_tables(tmp_path, CERTAIN, SETTINGS)


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "foreign"])
def test_a_damaged_file_is_made_anew(tmp_path, restart, damage) -> None:
    before = _judgements()
    ready_tables(tmp_path, CERTAIN, SETTINGS)
    path = tables_path(tmp_path, CERTAIN, SETTINGS)
    whole = path.read_bytes()
    middle = len(whole) // 2
    spoilt = {
        "cut": whole[:middle],
        "flipped": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
        "empty": b"",
        "foreign": b"\x89PNG" * 100,
    }[damage]
    path.write_bytes(spoilt)
    restart()
    assert not ready_tables(tmp_path, CERTAIN, SETTINGS)
    assert _judgements() == before
    assert path.read_bytes() == whole, "whole again, to the last byte"


def test_whole_files_of_tables_that_do_not_fit_are_not_used(tmp_path) -> None:
    """A hash says that nothing changed since it was written, not that it was right."""
    tables = compute_tables(CERTAIN, SETTINGS)
    for name, wrong in (
        ("review", tables["review"][:-1]),
        ("green", tables["green"].astype(np.float64)),
        ("expected", tables["expected"][:, :-1]),
        ("rates", tables["rates"].T),
    ):
        with pytest.raises(ValueError, match=r"table"):
            remember_tables({**tables, name: wrong}, CERTAIN, SETTINGS)
    with pytest.raises(ValueError, match="critical is missing"):
        remember_tables({k: v for k, v in tables.items() if k != "critical"}, CERTAIN, SETTINGS)


def test_a_disk_that_takes_nothing_stops_no_examination(tmp_path) -> None:
    (tmp_path / verdict_tables.FOLDER).write_text("a file where the folder should be")
    assert not ready_tables(tmp_path, CERTAIN, SETTINGS)
    assert not ready_tables(tmp_path / "not there", CERTAIN, SETTINGS)


def test_a_few_files_are_kept_the_latest(tmp_path) -> None:
    for number in range(6):
        settings = replace(SETTINGS, alpha=0.01 + number / 1000)
        path = tables_path(tmp_path, CERTAIN, settings)
        ready_tables(tmp_path, CERTAIN, settings)
        os.utime(path, (number, number))
    assert path.exists()
    assert len(list(path.parent.iterdir())) == verdict_tables._KEPT


def test_another_process_reads_them(tmp_path) -> None:
    """Nothing in the file's name hangs on this process (Python's own hash would)."""
    ready_tables(tmp_path, CERTAIN, SETTINGS)
    words = (
        "import sys; from pathlib import Path; "
        "from tests.edge.test_verdict_tables import CERTAIN, SETTINGS, ready_tables; "
        "sys.exit(not ready_tables(Path(sys.argv[1]), CERTAIN, SETTINGS))"
    )
    root = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-c", words, str(tmp_path)], check=True, cwd=root)
