"""``leukoscope demo``: three rendered smears through the real loop, bundle and lamps.

Only the camera and the pins are stand-ins: smears are rendered with known truth, and gpiozero's
mock pins record what the lamps would do.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TextIO

from edge.camera.source import open_camera
from edge.inference.classifier import Classifier
from edge.inference.shelf import open_classifier
from edge.progress import Progress, outcome_lines
from edge.records.contact_sheet import SheetSection, write_contact_sheet
from edge.records.store import Store
from edge.screening import CountedCell, Outcome, Screening
from edge.settings import Settings
from edge.sheets import sheet_cells
from edge.signals.lamps import mock_lamps
from edge.signals.timeline import RecordedTimeline

_SMEARS = {"healthy": "", "leukemic": "", "defocused": "&frames=40"}
"""Kinds of smears and options of their camera: out of focus, forty frames say all."""

_EXPECTED = {
    "healthy": "NO_BLASTS_FOUND",
    "leukemic": "REVIEW",
    "defocused": "CANNOT_JUDGE",
}
_CELLS_SHOWN = 36


@dataclass(frozen=True)
class Shown:
    """One smear of the demo, examined."""

    smear: str
    outcome: Outcome
    cells: tuple[CountedCell, ...]
    lamp: str


def run_demo(out: Path, seed: int, model: Path | None = None, stream: TextIO = sys.stdout) -> int:
    """Screen the three smears, print what happens, and write a contact sheet.

    Returns:
        0 when every smear ended as its truth says, 1 otherwise.

    Raises:
        LeukoscopeError: The bundle is refused, or the folder cannot be written.
    """
    settings = Settings()
    classifier = open_classifier(model, settings.screening.threads)
    bundle = classifier.bundle
    print(
        f"Model {bundle.name} {bundle.version}: verified, golden test passed on "
        f"{classifier.library}.",
        file=stream,
    )
    shown = []
    for smear in _SMEARS:
        print(f"\n== A rendered smear: {smear} ==", file=stream, flush=True)
        shown.append(_examine(smear, seed, classifier, settings, stream))
    sheet = out / "contact_sheet.png"
    sections = [SheetSection(_title(one), sheet_cells(one.cells, _CELLS_SHOWN)) for one in shown]
    write_contact_sheet(sheet, sections, bundle.input.um_per_px)
    print("\nIn short:", file=stream)
    for one in shown:
        lamp = f"lamp {one.lamp}"
        print(f"  {one.smear:<10} {one.outcome.verdict:<16} {lamp}", file=stream)
    print(f"The cells that were found: {sheet.resolve()}", file=stream)
    wrong = [one.smear for one in shown if one.outcome.verdict != _EXPECTED[one.smear]]
    if wrong:
        print(f"Not as its truth says: {', '.join(wrong)}.", file=stream)
    return 1 if wrong else 0


def _examine(
    smear: str, seed: int, classifier: Classifier, settings: Settings, stream: TextIO
) -> Shown:
    """One smear; its records lie in a folder that is removed afterwards."""
    cells: list[CountedCell] = []
    progress = Progress(stream)
    source = f"phantom:{smear}?seed={seed}{_SMEARS[smear]}"
    lamps, timeline = mock_lamps(settings.lamps)
    with (
        tempfile.TemporaryDirectory(prefix="leukoscope-demo-") as folder,
        open_camera(source) as camera,
        Store.open(Path(folder)) as store,
        lamps,
    ):
        screening = Screening(camera, classifier, store, lamps, settings, f"demo-{smear}", source)
        said = ""
        for step in screening.steps():
            if step.signal.words != said:
                said = step.signal.words
                progress.note(f"lamps: {said}")
            progress.show(step)
            cells += step.cells
        progress.end()
        outcome = screening.outcome
        assert outcome is not None
        words = lamps.signal.words
    print("\n".join(outcome_lines(outcome)), file=stream)
    print(f"lamps: {words}", file=stream)
    print(f"  pins: {'; '.join(_pin_summary(timeline))}", file=stream)
    return Shown(smear, outcome, tuple(cells), words)


def _pin_summary(timeline: RecordedTimeline) -> Iterator[str]:
    """How often each lamp was lit, from what its mock pin recorded."""
    changes = sorted(timeline.changes, key=lambda change: change.lamp.value)
    for lamp, of_lamp in groupby(changes, key=lambda change: change.lamp):
        lit = sum(change.lit for change in of_lamp)
        yield f"{lamp.value} lit {lit} times"


def _title(shown: Shown) -> str:
    verdict = shown.outcome.verdict.replace("_", " ")
    return (
        f"{shown.smear}: {verdict} - {shown.outcome.cells} cells, "
        f"{shown.outcome.blasts} like blasts (the most suspicious first)"
    )
