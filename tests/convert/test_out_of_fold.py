"""Calls of cross-validation as a table: read whole, or refused with its line."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from convert.description import NetworkDescription
from convert.operating_point import measure_false_blasts, measure_sensitivity
from convert.out_of_fold import COLUMNS, read_out_of_fold
from convert.settings import ConvertSettings
from edge.errors import DataMissing

NETWORK = NetworkDescription(
    "toy", "1", ("blast", "neutrophil", "artefact"), ("blast",), ("artefact",),
    {"myeloblast": "blast"}, 32, 0.2, {}, (1.0,) * 3, (0.0,) * 3, [], {}, None,
)  # fmt: skip


def _write(path: Path, rows: list[list[object]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([list(COLUMNS), *rows])
    return path


def _row(patient: str, label: str, flagged: int, abstained: int = 0) -> list[object]:
    blast = int(label == "myeloblast")
    p_blast = 0.9 if flagged else 0.1
    return ["a.webp", "clinic", patient, label, blast, p_blast, flagged, abstained, "neutrophil"]


def test_rates_between_patients_come_from_the_table(tmp_path: Path) -> None:
    rows = [_row("P1", "myeloblast", 1)] * 30 + [_row("P1", "myeloblast", 0)] * 10
    rows += [_row("P2", "myeloblast", 1)] * 18 + [_row("P2", "myeloblast", 1, 1)] * 5
    rows += [_row("P3", "neutrophil", 1)] * 2 + [_row("P3", "neutrophil", 0)] * 98
    cells, answers = read_out_of_fold(_write(tmp_path / "calls.csv", rows), NETWORK)
    sensitivity = measure_sensitivity(cells, answers)
    assert dict(zip(sensitivity.groups, zip(sensitivity.flagged, sensitivity.cells, strict=True),
                    strict=True)) == {"clinic/P1": (30, 40), "clinic/P2": (18, 18)}  # fmt: skip
    false = measure_false_blasts(cells, answers, ConvertSettings())
    assert (false.groups, false.flagged, false.cells) == (("clinic/P3",), (2,), (100,))


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (5, "1.5", "Line 3 of .*no probability"),
        (5, "much", "Line 3 of"),
        (6, "yes", "Line 3 of .*neither 0 nor 1"),
        (3, "blastoid", "'blastoid'"),
        (8, "blastoid", "Line 3 of"),
    ],
)
def test_a_wrong_value_is_named_with_its_line(
    tmp_path: Path, place: int, value: str, said: str
) -> None:
    rows = [_row("P1", "myeloblast", 1), _row("P1", "neutrophil", 0)]
    rows[1][place] = value
    with pytest.raises(DataMissing, match=said):
        read_out_of_fold(_write(tmp_path / "calls.csv", rows), NETWORK)


def test_a_table_that_is_missing_empty_or_lacks_a_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match="cannot be read"):
        read_out_of_fold(tmp_path / "none.csv", NETWORK)
    with pytest.raises(DataMissing, match="holds no calls"):
        read_out_of_fold(_write(tmp_path / "empty.csv", []), NETWORK)
    (tmp_path / "other.csv").write_text("file,label\n")
    with pytest.raises(DataMissing, match="lacks the column"):
        read_out_of_fold(tmp_path / "other.csv", NETWORK)
