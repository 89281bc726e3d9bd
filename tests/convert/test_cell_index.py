"""``index.csv`` as spreadsheets and other people's programs write it."""

from __future__ import annotations

from pathlib import Path

import pytest

from convert.cell_index import read_rows
from edge.errors import DataMissing

PLACE = Path("cells")
PLAIN = "file,label,patient,um_per_px\nblast/a.png,blast,P1,0.25\nblast/ü.png,blast,P2,0.25\n"
ROWS = [
    {"file": "blast/a.png", "label": "blast", "patient": "P1", "um_per_px": "0.25"},
    {"file": "blast/ü.png", "label": "blast", "patient": "P2", "um_per_px": "0.25"},
]


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.encode(),
        b"\xef\xbb\xbf" + PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.encode("utf-16"),
        PLAIN.encode("cp1252"),
        PLAIN.replace("0.25", "0,25").replace(",", ";").replace("0;25", "0,25").encode(),
        PLAIN.replace(",", "\t").encode(),
        PLAIN.replace(",", " , ").encode(),
        PLAIN.replace("file,label,patient", "File,LABEL,Patient").encode(),
        PLAIN.replace("/", "\\").encode(),
        (PLAIN + "\n,,,\n").encode(),
    ],
    ids=[
        "plain",
        "bom",
        "utf-16",
        "windows",
        "semicolons",
        "tabs",
        "spaces",
        "capitals",
        "backslashes",
        "blank",
    ],
)
def test_whatever_a_spreadsheet_saves_says_the_same(content: bytes) -> None:
    assert read_rows(content, PLACE) == ROWS


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("name,label\na.png,blast\n", "lacks the column file; it has name, label"),
        ("file,label,patient_id\nblast/a.png,blast,P1\n", "'patient_id' and none called 'patient'"),
        (PLAIN + "blast/b.png\n", "Line 4 of index.csv of cells tells no label"),
        (PLAIN + "blast/a.png,neutrophil,P1,0.25\n", "Line 4 .* again, after line 2"),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused_with_its_line(content: str, said: str) -> None:
    """A column of patients under another name was passed over: nothing was proven by patients."""
    with pytest.raises(DataMissing, match=said):
        read_rows(content.encode(), PLACE)


def test_an_empty_index_has_no_rows() -> None:
    assert read_rows(b"", PLACE) == []
