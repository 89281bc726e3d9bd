"""A reviewed slide is judged anew, with the person's word before the network's."""

from __future__ import annotations

import dataclasses

import pytest

from edge.errors import RecordMissing
from edge.inference.classifier import Classifier
from edge.records.result import ReviewedResult
from edge.records.reviews import review_cell
from edge.records.store import Store
from edge.reviewing import conditions_of, reviewed_result
from edge.settings import Settings
from tests.edge.records.examples import BLAST, CELL, UNSURE, begin, finished_examination


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path) as opened:
        yield opened


def call(store, cell, label, seen=None):
    blast = None if label in ("no_white_cell", "cannot_tell") else label == "blast"
    return review_cell(store, cell, label, blast, "Dr Amina", seen).number


def test_without_a_review_it_is_the_machines_result(store):
    number = finished_examination(store, cells=[CELL] * 90 + [BLAST] * 10 + [UNSURE] * 5)
    result = reviewed_result(store, number)
    assert (result.cells, result.blasts, result.not_told, result.reviewed) == (100, 10, 5, 0)
    assert result.differential == {"blast": 10, "lymphocyte": 90}
    low, high = result.interval
    assert low <= result.blast_share <= high
    assert not result.complete


def test_false_alarms_taken_back_lower_the_share(store):
    number = finished_examination(store, cells=[CELL] * 90 + [BLAST] * 10)
    before = reviewed_result(store, number)
    for cell in range(91, 101):
        call(store, cell, "monocyte")
    after = reviewed_result(store, number)
    assert (after.blasts, after.reviewed, after.changed) == (0, 10, 10)
    assert after.blast_share < before.blast_share
    assert after.interval[1] < before.interval[1]
    assert after.differential == {"lymphocyte": 90, "monocyte": 10}


def test_with_every_cell_reviewed_the_network_has_no_say(store):
    number = finished_examination(store, cells=[CELL] * 6 + [BLAST] * 2 + [UNSURE] * 2)
    for cell, label in enumerate(
        ["blast"] * 3 + ["lymphocyte"] * 3 + ["blast", "no_white_cell", "neutrophil", "cannot_tell"]
    ):
        call(store, cell + 1, label)
    result = reviewed_result(store, number)
    assert result.complete
    assert (result.cells, result.blasts, result.removed, result.not_told) == (8, 4, 2, 0)
    assert result.blast_share == 0.5
    assert result.differential == {"blast": 4, "lymphocyte": 3, "neutrophil": 1}


def test_confirming_a_call_changes_nothing_but_how_sure_it_is(store):
    number = finished_examination(store, cells=[CELL] * 80 + [BLAST] * 20)
    before = reviewed_result(store, number)
    for cell in range(1, 101):
        call(store, cell, "lymphocyte" if cell <= 80 else "blast")
    after = reviewed_result(store, number)
    assert (after.blasts, after.changed) == (20, 0)
    width = [r.interval[1] - r.interval[0] for r in (before, after)]
    assert width[1] < width[0]


def test_where_the_error_rates_were_not_recorded_a_part_review_has_no_share(store):
    number = finished_examination(store, conditions=None)
    assert reviewed_result(store, number).blast_share is None
    for cell in (1, 2, 3):
        call(store, cell, "blast")
    assert reviewed_result(store, number).blast_share == 1.0


def test_an_examination_without_cells_has_no_share(store):
    number = begin(store)
    result = reviewed_result(store, number)
    assert (result.cells, result.blast_share, result.interval) == (0, None, None)


def test_an_examination_that_is_not_there_is_named(store):
    with pytest.raises(RecordMissing):
        reviewed_result(store, 5)


def test_a_result_is_kept_as_json_and_read_back(store):
    number = finished_examination(store)
    result = reviewed_result(store, number)
    assert ReviewedResult.from_json(result.as_json()) == result


def test_what_a_real_bundle_was_judged_by_is_kept(store, classifier: Classifier):
    settings = dataclasses.replace(Settings())
    conditions = conditions_of(classifier.bundle, settings)
    number = finished_examination(store, conditions=conditions)
    kept = store.conditions(number)
    assert kept.bundle["threshold"] == classifier.bundle.threshold
    assert kept.settings["verdict"]["share_limit"] == settings.verdict.share_limit
    assert kept.software.startswith("leukoscope ")
    assert reviewed_result(store, number).blast_share is not None
