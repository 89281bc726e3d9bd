"""hardware.md says what the code does."""

from pathlib import Path

import pytest

from edge import handbook
from edge.errors import CameraLost

HARDWARE = Path(__file__).resolve().parents[2] / "hardware.md"


def test_hardware_md_holds_the_tables_of_the_code():
    text = HARDWARE.read_text(encoding="utf-8")
    assert handbook.rewritten(text) == text, "run: python -m edge.handbook hardware.md"


def test_every_fault_is_listed_once_with_its_action():
    table = handbook.faults()
    assert table.count("`E-CAM-03`") == 1
    assert "| 1 | 3 | `E-CAM-03` |" in table
    assert CameraLost.default_action in table


def test_stale_tables_are_replaced_and_the_rest_is_left(tmp_path):
    text = HARDWARE.read_text(encoding="utf-8")
    stale = tmp_path / "hardware.md"
    stale.write_text(text.replace("| red lamp | 17 |", "| red lamp | 99 |"), encoding="utf-8")
    assert handbook.main([str(stale)]) == 0
    assert stale.read_text(encoding="utf-8") == text


def test_a_marker_that_is_gone_is_named():
    with pytest.raises(ValueError, match="section wiring"):
        handbook.rewritten("no markers at all")
