"""What docs/imaging.md says was measured, and is what the loop relies on."""

from __future__ import annotations

import json

import pytest

from bench import (
    blurred_cells,
    coach,
    coach_limits,
    flicker,
    marked,
    red_cell_ruler,
    red_stain,
    revisits,
    stage,
)
from bench.imaging_table import rewrite
from edge.imaging.coach import CoachSettings
from edge.imaging.quality import QualitySettings
from edge.inference.bundle import load_bundle
from edge.inference.shelf import find_bundle
from tests.shared_data import REPOSITORY


def test_the_figures_of_the_document_are_those_that_were_measured() -> None:
    text = (REPOSITORY / "docs" / "imaging.md").read_text(encoding="utf-8")
    assert rewrite(text) == text, "run: python -m bench.imaging_table docs/imaging.md"


def test_hardly_a_real_cell_is_refused_as_it_was_taken() -> None:
    told = json.loads(blurred_cells.RECORD.read_text(encoding="utf-8"))
    assert told["limit_um"] == QualitySettings().max_cell_blur_um, "run: bench.blurred_cells"
    sources = [told[name] for name in blurred_cells.SOURCES]
    assert sum(row["refused"] for row in sources) <= 0.005 * sum(row["cells"] for row in sources)
    assert all(row["refused_when"]["smear 4 um"] > 0.9 for row in sources)


def test_the_finder_bears_other_cameras() -> None:
    told = json.loads(marked.RECORD.read_text(encoding="utf-8"))
    assert told["as it is"]["f1"] >= 0.98
    assert min(row["f1"] for row in told.values() if isinstance(row, dict)) >= 0.9


def test_the_coach_is_hardly_ever_wrong_and_sees_what_it_should() -> None:
    told = json.loads(coach.RECORD.read_text(encoding="utf-8"))
    assert told["false_alarms"] == {}
    assert told["fields"] >= 20
    seen = ("defocus 0.6 um", "light 0.2 times", "one side 0.5", "smear 4 um", "crowded, 8 layers")
    for fault in seen:
        hits, of = told["hits"][fault].split(" of ")
        assert int(hits) >= 0.9 * int(of), fault


def test_real_fields_as_they_are_get_no_advice() -> None:
    told = json.loads(coach_limits.RECORD.read_text(encoding="utf-8"))
    assert {source: row["advice given"] for source, row in told.items()} == dict.fromkeys(told, 0)
    limits = CoachSettings()
    for row in told.values():
        assert row["fields"] >= 40
        assert row["least density of red cells"] > limits.pale_red
        assert row["least glass, a white cell allowed for"] > limits.crowded_glass
        assert row["most glass"] < limits.thin_glass
        assert row["least evenness"] > limits.min_evenness


def test_a_flickering_lamp_is_found_and_a_steady_one_left_alone() -> None:
    told = json.loads(flicker.RECORD.read_text(encoding="utf-8"))
    seldom = ("bccd_fields", "raabin_phone", "wide fields, crowded, 4 layers")
    for name, row in told["steady"].items():
        alarms, of = (int(number) for number in row.split(" of "))
        assert alarms <= (0.03 * of if name in seldom else 0), name
    for depth in ("5%", "10%", "20%", "30%"):
        for count in ("2", "3.3", "5", "8"):
            hits, of = told["one frame"][depth][count].split(" of ")
            assert int(hits) >= 0.95 * int(of), (depth, count)
    assert told["a frame of the loop, times reduce(4)"] < 0.1


def test_fields_are_followed_as_closely_as_the_chart_needs() -> None:
    told = json.loads(stage.RECORD.read_text(encoding="utf-8"))
    assert told["wide"]["median_error_um"] <= 0.5
    assert told["wide"]["lost"] == told["loop"]["lost"] == told["leap"]["lost"] == 0
    assert told["loop"]["greatest_error_at_the_end_um"] <= 2.0


def test_the_red_cells_of_one_slide_are_alike_and_those_of_two_patients_mostly_not() -> None:
    told = json.loads(red_stain.RECORD.read_text(encoding="utf-8"))
    assert told["one field: taken for two slides"] <= 0.02
    assert told["two patients: taken for two slides"] >= 0.6


def test_a_counted_call_is_not_replaced_because_the_hand_could_choose_whose() -> None:
    """The reason for a choice: replaced calls of flagged cells would break the promise of green."""
    told = json.loads(revisits.RECORD.read_text(encoding="utf-8"))
    assert told["bundle_sha256"] == load_bundle(find_bundle()).sha256, (
        "run: python -m bench.revisits"
    )
    assert told["blasts at the limit, back to any cell 0%"]["green"] <= told["beta"]
    assert told["blasts at the limit, back to flagged cells 8%"]["green"] > 2 * told["beta"]


def test_the_ruler_errs_because_red_cells_differ() -> None:
    told = json.loads(red_cell_ruler.RECORD.read_text(encoding="utf-8"))
    assert told["correlation"] > 0.9
    assert told["spread_left"] < 0.5 * told["spread_between_fields"]


def test_a_document_without_a_place_for_figures_is_refused() -> None:
    with pytest.raises(ValueError, match="markers"):
        rewrite("# No figures here\n")
