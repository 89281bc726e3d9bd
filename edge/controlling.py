"""A control slide examined: counted as every slide is, judged by what it is known to be, recorded.

The loop examines it with ``control=True``, for command, page and button alike; `conclude_control`
says what came of it. Before each examination the loop asks `edge.control_state`.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge.control_state import source_kind
from edge.errors import ControlNotPassed
from edge.inference.classifier import Classifier
from edge.judgement.control import ControlCounts, ControlResult, counts_of, judge_control
from edge.records.controls import ControlRun, StoredRun, control_runs, record_control
from edge.records.database import Database
from edge.records.slide import checked_slide
from edge.records.store import Store
from edge.screening import Screening, slide_rules
from edge.settings import Settings
from edge.signals.indicator import Indicator, Signal
from edge.signals.panel import Lamps


@dataclass(frozen=True)
class ControlSlide:
    """A slide of known content.

    Attributes:
        name: What the laboratory calls it.
        blast_share: Known share of blasts, 0 to 1.
    """

    name: str
    blast_share: float

    @classmethod
    def of_settings(cls, settings: Settings) -> ControlSlide:
        """The slide of the daily control."""
        return cls(settings.control.slide, settings.control.blast_share)

    @property
    def on_record(self) -> str:
        """Its identifier among the examinations, so that nobody takes it for a patient's."""
        return checked_slide(f"CONTROL {self.name}")


def conclude_control(
    loop: Screening,
    slide: ControlSlide,
    classifier: Classifier,
    store: Store,
    lamps: Lamps,
    settings: Settings,
    source: str,
) -> StoredRun:
    """Judge an examined control slide, put the result on record, and show it.

    The lamps never turn green for it: a control says something about the device, not about a
    patient. Passed, they say ready; not passed, they count out the fault's number.

    Args:
        loop: The examination, made with ``control=True``, at its end.
        slide: The slide.
        classifier: The model that it was examined with.
        store: The records.
        lamps: What the person sees.
        settings: All settings.
        source: What the camera is called.

    Raises:
        DiskFull, StoreUnwritable, StoreDamaged: It could not be recorded: nothing is proven.
    """
    outcome = loop.outcome
    if outcome is None:
        raise ValueError("the control slide was not examined to the end")
    kind, sha256 = source_kind(source), classifier.bundle.sha256
    earlier = earlier_runs(store, slide.name, kind, sha256)
    result = judge_control(
        loop.evidence,
        slide.blast_share,
        [counts_of_run(each) for each in earlier],
        [each.run.passed for each in earlier],
        slide_rules(classifier.bundle, settings),
        settings.control,
    )
    run = _run(slide, kind, sha256, loop, result, outcome.um_per_px)
    stored = record_control(store, run, outcome.examination)
    passed = Signal.plain(Indicator.READY)
    lamps.show(passed if result.passed else Signal.fault(ControlNotPassed))
    return stored


def earlier_runs(database: Database, name: str, kind: str, bundle_sha256: str) -> list[StoredRun]:
    """Runs whose scatter compares: the same slide, kind of camera and model; the oldest first."""
    return [
        each
        for each in control_runs(database, name, kind)
        if each.run.bundle_sha256 == bundle_sha256
    ]


def counts_of_run(stored: StoredRun) -> ControlCounts:
    """What a run on record counted."""
    return ControlCounts(stored.run.flagged, stored.run.answered, stored.run.abstained)


def _run(
    slide: ControlSlide,
    kind: str,
    sha256: str,
    loop: Screening,
    result: ControlResult,
    um_per_px: float | None,
) -> ControlRun:
    counts = counts_of(loop.evidence.tally)
    return ControlRun(
        slide=slide.name,
        known_share=slide.blast_share,
        source=kind,
        bundle_sha256=sha256,
        flagged=counts.flagged,
        answered=counts.answered,
        abstained=counts.abstained,
        um_per_px=um_per_px,
        passed=result.passed,
        reason=result.reason,
        warnings=result.warnings,
    )
