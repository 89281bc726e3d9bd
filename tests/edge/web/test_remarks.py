"""What a person should know of the scale is on the page, in the reader's language."""

from __future__ import annotations

from html import unescape
from pathlib import Path

import pytest

from edge.imaging.objectives import NoteKind, Objective, narrowed
from edge.imaging.scale import ScaleEstimate
from edge.web.catalogue import LANGUAGES, load_texts
from edge.web.control import Phase, Progress, Remark
from tests.edge.web.clinic import open_clinic

BEFORE = [Objective(0.2, 12, "2026-01-01", 2), Objective(0.08, 3, "2026-01-01", 1)]


def _remark() -> Remark:
    note = narrowed(BEFORE, ScaleEstimate(0.13, 0.09, 200)).note
    assert note is not None
    return Remark(f"scale.{note.kind}", note.words, note.values)


@pytest.mark.parametrize("phase", [Phase.COUNTING, Phase.ENDED])
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_objective_never_used_here_is_told_on_the_live_page(
    language: str, phase: Phase, tmp_path: Path
) -> None:
    with open_clinic(tmp_path, pins=False) as clinic:
        clinic.live.states.put(Progress(phase, slide="S-1", remarks=(_remark(),)))
        page = unescape(clinic.browser(language=language).get("/").text)
    comma = language in ("es", "fr", "pt")
    for number in ("0.130", "0.200", "0.080"):
        assert (number.replace(".", ",") if comma else number) in page
    assert "{" not in page
    assert ("no objective used here before" in page) == (language == "en")


def test_where_there_is_nothing_to_say_nothing_is_said(tmp_path: Path) -> None:
    with open_clinic(tmp_path, pins=False) as clinic:
        clinic.live.states.put(Progress(Phase.COUNTING, slide="S-1"))
        assert "objective" not in clinic.browser().get("/").text


def test_every_note_on_the_scale_has_its_words_in_every_language() -> None:
    for texts in load_texts().values():
        for kind in NoteKind:
            assert texts.has(f"scale.{kind}")


def test_a_remark_that_a_language_lacks_is_told_in_english(tmp_path: Path) -> None:
    with open_clinic(tmp_path, pins=False) as clinic:
        remark = Remark("scale.unheard_of", "Something <new> about the scale.")
        clinic.live.states.put(Progress(Phase.COUNTING, slide="S-1", remarks=(remark,)))
        page = clinic.browser(language="hi").get("/").text
    assert '<p class="hint" lang="en">Something &lt;new&gt; about the scale.</p>' in page
