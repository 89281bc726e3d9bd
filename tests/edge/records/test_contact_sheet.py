"""A contact sheet shows every cell under its title, and says so when there is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.errors import StoreUnwritable
from edge.records.contact_sheet import (
    SheetCell,
    SheetSection,
    draw_contact_sheet,
    write_contact_sheet,
)

RED = (196, 30, 40)


def _cell(level: int = 90) -> SheetCell:
    return SheetCell(np.full((128, 128, 3), level, dtype=np.uint8), "blast 0.97", RED)


def test_it_grows_with_the_cells_and_frames_each_one() -> None:
    few = draw_contact_sheet([SheetSection("one", [_cell()] * 3)], 0.2)
    many = draw_contact_sheet([SheetSection("one", [_cell()] * 30)], 0.2)
    assert many.height > few.height
    pixels = np.asarray(many).reshape(-1, 3)
    framed = int((pixels == RED).all(axis=1).sum())
    assert framed > 30 * 4 * 90


def test_an_empty_examination_takes_one_line() -> None:
    sheet = draw_contact_sheet([SheetSection("defocused", [])], 0.2)
    assert sheet.height < 160
    assert np.asarray(sheet).std() > 0, "it says that there is none"


def test_the_bar_is_ten_micrometres_long() -> None:
    sheet = np.asarray(draw_contact_sheet([SheetSection("one", [_cell(250)])], 0.2, cell_px=128))
    runs = [int(np.argmax(row[6:] >= 60)) for row in sheet[-30:, :, 0]]
    assert max(runs) == pytest.approx(50, abs=3)  # 10 um at 0.2 um/px


def test_a_place_that_cannot_be_written_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreUnwritable, match="Contact sheet"):
        write_contact_sheet(tmp_path / "file" / "sheet.png", [SheetSection("one", [])], 0.2)
