"""The list of examinations."""

import json

import pytest

from edge.records.listing import format_table, rows
from edge.records.store import CellRecord, Store, VerdictRecord

CELL = CellRecord(0, 0, 1.0, 2.0, (1, 2, 3, 4), "blast", True, 0.9, False, None, b"")


@pytest.fixture
def examinations(tmp_path):
    with Store.open(tmp_path) as store:
        first = store.begin_examination("A-17", "leuko 1", "00", "phantom:leukemic", 0.2)
        store.add_cells(first, [CELL] * 12)
        store.finish(first, VerdictRecord("REVIEW", "Many.", 12, 12, 0, 0.97, (0.8, 1.0), 3))
        second = store.begin_examination("血液 2", "leuko 1", "00", "phantom:healthy")
        store.add_cells(second, [CELL])
    with Store.open(tmp_path) as store:
        return store.examinations()


def test_the_table_has_a_line_for_each_in_straight_columns(examinations):
    lines = format_table(examinations).splitlines()
    assert len(lines) == 3
    assert lines[0].split()[:2] == ["no.", "slide"]
    assert "REVIEW" in lines[1]
    assert lines[1].index("REVIEW") == lines[0].index("verdict")
    assert lines[1].endswith("12      12          0")


def test_an_interrupted_examination_shows_no_verdict(examinations):
    line = format_table(examinations).splitlines()[2]
    assert "(interrupted)" in line
    assert "NO_BLASTS_FOUND" not in line
    row = rows(examinations)[1]
    assert (row["state"], row["verdict"], row["cells"]) == ("INTERRUPTED", None, 1)


def test_rows_are_plain_json(examinations):
    first, _ = json.loads(json.dumps(rows(examinations)))
    assert first["verdict"] == "REVIEW"
    assert first["interval"] == [0.8, 1.0]
    assert first["um_per_px"] == 0.2
    assert first["finished_at"].endswith("+00:00")


def test_an_empty_list_says_so():
    assert format_table([]) == "No examinations are recorded yet."
    assert rows([]) == []
