"""The bench's own arithmetic: what it calls worse, what it draws, and what it is held against."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bench.alternative import Alternative
from bench.compare import compare, line
from bench.curves import RECORD as CURVES
from bench.curves import drawn_field, exponent
from bench.realtime import CHECKED, RECORD, worse_than_recorded
from bench.realtime_table import rewrite
from edge.imaging.locate import locate
from edge.inference.classifier import Classifier
from edge.inference.shelf import open_classifier


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return open_classifier(threads=1)


def test_only_a_ratio_twice_as_bad_as_recorded_is_a_failure() -> None:
    recorded = dict.fromkeys(CHECKED, 3.0)
    assert worse_than_recorded(dict.fromkeys(CHECKED, 5.9), recorded) == []
    worse = worse_than_recorded({**dict.fromkeys(CHECKED, 1.0), "start": 6.1}, recorded)
    assert worse == ["start: 6.1, recorded 3"]


def test_the_short_bench_is_recorded() -> None:
    recorded = json.loads(RECORD.read_text(encoding="utf-8"))["short"]
    assert set(CHECKED) <= set(recorded)


def test_nothing_recorded_grows_faster_than_what_it_grows_with() -> None:
    exponents = json.loads(CURVES.read_text(encoding="utf-8"))["exponents"]
    assert len(exponents) == 3
    assert max(exponents.values()) < 1.3


def test_an_exponent_is_that_of_the_growth() -> None:
    sizes = [1.0, 10.0, 100.0]
    assert exponent(sizes, [2 * s**2 for s in sizes]) == pytest.approx(2.0)


@pytest.mark.parametrize("count", [0, 5, 20])
def test_a_drawn_field_holds_the_white_cells_it_is_said_to_hold(count: int) -> None:
    assert len(locate(drawn_field((1280, 960), count, seed=3), 0.2)) == count


def test_the_alternative_judges_the_same_cells_of_every_frame_again(
    classifier: Classifier,
) -> None:
    """It is no straw man: on a plain field it finds the cells that are there."""
    spec = classifier.bundle.input
    model, crop_um = classifier.bundle.model, spec.size_px * spec.um_per_px
    rgb = np.ascontiguousarray(drawn_field((1280, 960), 5, seed=3))
    for kept in (False, True):
        alternative = Alternative(model, 0.2, crop_um, keep_interpreter=kept)
        first = alternative(rgb)
        assert len(first) >= 5
        assert alternative(rgb) == first, "it remembers nothing"


def test_both_see_the_same_frames_and_only_what_both_found_is_found(
    classifier: Classifier,
) -> None:
    source = "phantom:leukemic?seed=2&viewport=960x720"
    found = compare(source, 0.2, classifier, 12)
    print(line(source, found))
    assert found.frames == 12
    assert 0 < found.found_cells <= found.unique_cells <= found.alternative_calls
    assert found.ratio_found is not None
    assert found.ratio_found >= found.ratio


def test_the_document_holds_the_recorded_figures() -> None:
    document = CURVES.parent / "README.md"
    text = document.read_text(encoding="utf-8")
    assert rewrite(text) == text, "run: python -m bench.realtime_table bench/README.md"
