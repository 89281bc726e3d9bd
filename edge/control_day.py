"""The daily control as a person looks at it: how it stands today, and each slide's runs so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from edge.control_state import control_state, source_kind
from edge.controlling import counts_of_run
from edge.judgement.control import NOT_ASKED, ControlSettings, ControlState, baseline
from edge.judgement.westgard import Limits
from edge.records.controls import StoredRun, control_runs
from edge.records.database import Database


@dataclass(frozen=True)
class SlideRuns:
    """The runs of one control slide with one kind of camera and one model.

    Attributes:
        slide: Its name.
        runs: The oldest first.
        limits: Of each quantity, by name; empty while they are being learned.
        learned: Passed runs so far, as far as the limits need them.
        baseline_runs: How many of them set the limits.
    """

    slide: str
    runs: tuple[StoredRun, ...]
    limits: dict[str, Limits]
    learned: int
    baseline_runs: int

    @classmethod
    def of(cls, slide: str, runs: tuple[StoredRun, ...], baseline_runs: int) -> SlideRuns:
        """The runs with the limits that they set."""
        passed = [counts_of_run(each) for each in runs if each.run.passed]
        learned = min(len(passed), baseline_runs)
        return cls(slide, runs, baseline(passed, baseline_runs), learned, baseline_runs)

    @property
    def quantities(self) -> list[str]:
        """Names of what is watched, as far as a run has it."""
        named = (name for run in self.runs for name in counts_of_run(run).quantities)
        return list(dict.fromkeys(named))


@dataclass(frozen=True)
class ControlDay:
    """The control today.

    Attributes:
        state: How it stands.
        slides: Every control slide that this camera and model have seen, the newest run's first.
    """

    state: ControlState
    slides: tuple[SlideRuns, ...]


NO_DAY: Final = ControlDay(NOT_ASKED, ())


def control_day(
    database: Database, settings: ControlSettings, source: str, bundle_sha256: str
) -> ControlDay:
    """How the control stands, and its history.

    Args:
        database: The records, to be written to: a changed clock is recorded.
        settings: Of the control.
        source: What the camera is called.
        bundle_sha256: Of the model in use.

    Raises:
        DiskFull, StoreUnwritable, StoreDamaged: The records could not be used.
    """
    state = control_state(database, settings, source, bundle_sha256)
    of_slide: dict[str, list[StoredRun]] = {}
    for each in control_runs(database, source=source_kind(source)):
        if each.run.bundle_sha256 == bundle_sha256:
            of_slide.setdefault(each.run.slide, []).append(each)
    newest = sorted(of_slide.items(), key=lambda item: item[1][-1].number, reverse=True)
    runs = settings.baseline_runs
    return ControlDay(state, tuple(SlideRuns.of(name, tuple(r), runs) for name, r in newest))
