"""The page of the daily control: how it stands, what to do, and its chart."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from xml.etree import ElementTree

import pytest

from edge.judgement.control import ControlSettings
from edge.records.controls import record_control
from edge.records.store import Store
from edge.web.catalogue import LANGUAGES, load_texts
from tests.edge.records.examples import begin
from tests.edge.test_control_state import FAILED, RUN
from tests.edge.web.clinic import MODEL, open_clinic

FLAGGED = (1, 0, 2, 1, 3, 1, 0, 1, 2, 2, 1, 0, 1, 1, 2, 0, 3, 1, 1, 2, 1, 0, 9, 1, 2, 1, 0, 2, 1, 1)


def examined(store: Store, flagged: int = 1, passed: bool = True, **more: str) -> None:
    """The control slide was examined once more."""
    run = dataclasses.replace(RUN if passed else FAILED, bundle_sha256=MODEL)
    run = dataclasses.replace(run, flagged=flagged, answered=100, **more)
    record_control(store, run, begin(store, f"CONTROL {run.slide}"))


def six_weeks_of_control(store: Store, source: str, bundle_sha256: str) -> None:
    """A run each working day, one of them not passed."""
    for flagged in FLAGGED:
        examined(store, flagged, flagged < 9, source=source, bundle_sha256=bundle_sha256)


def drawings(html: str) -> list[ElementTree.Element]:
    """The charts on a page, each whole."""
    return [
        ElementTree.fromstring("<svg " + part.partition("</svg>")[0] + "</svg>")
        for part in html.split("<svg ")[1:]
        if "Share of cells" in part.partition("</svg>")[0]
    ]


def marks(drawing: ElementTree.Element, shape: str) -> int:
    """Dots or squares; the sheet itself is a rectangle too."""
    found = drawing.findall(f"{{http://www.w3.org/2000/svg}}{shape}")
    return sum(1 for each in found if len(each))


def test_a_new_device_says_that_the_control_is_due_and_offers_it(tmp_path: Path) -> None:
    with open_clinic(tmp_path) as clinic:
        reviewer = clinic.logged_in("reviewer")
        assert 'href="/control"' in reviewer.get("/").text
        page = reviewer.get("/control").text
        assert "The control slide is due" in page
        assert 'action="/control/start"' in page
        assert "No control slide has been examined" in page
        assert drawings(page) == []
        # Whoever may only look sees how it stands and cannot start it.
        viewer = clinic.logged_in("viewer").get("/control").text
        assert "The control slide is due" in viewer
        assert 'action="/control/start"' not in viewer


def test_nobody_starts_a_control_while_a_slide_is_examined(tmp_path: Path) -> None:
    with open_clinic(tmp_path) as clinic:
        clinic.control.start("2024-117")
        page = clinic.logged_in("reviewer").get("/control").text
        assert 'action="/control/start"' not in page


def test_passed_then_failed_then_passed_again(tmp_path: Path) -> None:
    with open_clinic(tmp_path) as clinic, Store.open(tmp_path) as store:
        browser = clinic.logged_in("reviewer")
        examined(store)
        assert "was passed in time" in browser.get("/control").text
        examined(store, 40, passed=False)
        failed = browser.get("/control").text
        assert "The control slide was not passed. Clean the optics" in failed
        assert "has no blasts, but" in failed, "and why"
        for drawing in drawings(failed):
            assert (marks(drawing, "circle"), marks(drawing, "rect")) == (1, 1)
        examined(store)
        assert "was passed in time" in browser.get("/control").text


def test_the_chart_draws_the_newest_runs_with_their_limits(tmp_path: Path) -> None:
    with open_clinic(tmp_path) as clinic, Store.open(tmp_path) as store:
        six_weeks_of_control(store, "picamera", MODEL)
        page = clinic.logged_in("viewer").get("/control").text
    flagged, not_told = drawings(page)
    assert marks(flagged, "circle") == 27, "of 30 runs the newest 28, one of them a square"
    assert marks(flagged, "rect") == 1
    assert "+3s" in "".join(flagged.itertext())
    assert marks(not_told, "circle") == 27
    assert page.count("✗ not passed") == 1
    assert page.count("✓ passed") == 27


def test_another_slide_has_its_own_chart_and_another_model_or_camera_none(tmp_path: Path) -> None:
    with open_clinic(tmp_path, control=ControlSettings(baseline_runs=2)) as clinic:
        with Store.open(tmp_path) as store:
            examined(store)
            examined(store)
            examined(store, slide="positive <1>")
            examined(store, bundle_sha256="f" * 64, slide="old model")
            examined(store, source="v4l2", slide="old camera")
        page = clinic.logged_in("viewer").get("/control").text
    assert len(drawings(page)) == 2 * 2
    assert "Control slide positive &lt;1&gt;" in page
    assert "1 of 2 passed runs" in page
    assert "from the first 2 passed runs" in page
    assert "old model" not in page
    assert "old camera" not in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_it(language: str, tmp_path: Path) -> None:
    with open_clinic(tmp_path, pins=False) as clinic, Store.open(tmp_path) as store:
        examined(store)
        texts = load_texts()[language]
        page = clinic.browser(language=language).get("/control").text
        for key in ("heading", "stands_PASSED", "flagged", "not_told"):
            assert texts(f"control.{key}") in page
        assert "control." not in page.replace("/control", "")
