"""Whether the device was proven by its control slide in time, asked before every examination."""

from __future__ import annotations

from typing import Final

from edge.judgement.control import NOT_ASKED, ControlSettings, ControlState
from edge.records.controls import StoredRun, control_runs, hours_since
from edge.records.database import Database

_RENDERED_OR_FILED: Final = ("replay", "pan", "phantom")
"""Sources that do not look through the device's optics: a control slide proves nothing of them."""


def source_kind(source: str) -> str:
    """The kind of camera that a person named: what stands before the colon."""
    return source.partition(":")[0]


def looks_through_optics(source: str) -> bool:
    """Whether frames of this source come through the device's own optics."""
    return source_kind(source) not in _RENDERED_OR_FILED


def is_required(settings: ControlSettings, source: str) -> bool:
    """Whether green on slides of this source needs a passed control."""
    if settings.required == "camera":
        return looks_through_optics(source)
    return settings.required == "always"


def control_state(
    database: Database, settings: ControlSettings, source: str, bundle_sha256: str
) -> ControlState:
    """Whether a control passed in time with this camera and model, and none failed since.

    Of every control slide its newest run counts. A run counts for the hours of the settings; where
    no clock can say how long ago it was (see `hours_since`), it does not count.

    Args:
        database: The records, to be written to: a changed clock is recorded.
        settings: Of the control.
        source: What the camera is called.
        bundle_sha256: Of the model in use.

    Raises:
        DiskFull, StoreUnwritable, StoreDamaged: The records could not be used.
    """
    required = is_required(settings, source)
    runs = control_runs(database, source=source_kind(source))
    own = {each.run.slide: each for each in runs if each.run.bundle_sha256 == bundle_sha256}
    if not own:
        if not required:
            return NOT_ASKED
        said = "was last examined with another model" if runs else "has been examined"
        none = "The control slide" if runs else "No control slide"
        return ControlState(True, False, f"{none} {said}.")
    with database.transaction():
        trusted, reading = database.clock_trust(), database.clock.read()
    ages = {each.number: hours_since(each, reading, trusted) for each in own.values()}
    return _state(sorted(own.values(), key=lambda each: each.number), ages, settings, required)


def _state(
    newest: list[StoredRun],
    ages: dict[int, float | None],
    settings: ControlSettings,
    required: bool,
) -> ControlState:
    in_time = [each for each in newest if _within(ages[each.number], settings.valid_h)]
    failed = [each for each in in_time if not each.run.passed]
    if failed:
        last = failed[-1].run
        return ControlState(
            required, False, f"The control slide {last.slide} was not passed: {last.reason}", True
        )
    if in_time:
        last = in_time[-1].run
        hours = ages[in_time[-1].number] or 0.0
        return ControlState(
            required, True, f"The control slide {last.slide} was passed {_ago(hours)}."
        )
    age = ages[newest[-1].number]
    if age is None:
        reason = (
            "The device was switched off since its control slide was examined, and its clock "
            "cannot say for how long."
        )
    else:
        reason = (
            f"The control slide was last examined {_ago(age)}; it counts for "
            f"{settings.valid_h:g} hours."
        )
    return ControlState(required, False, reason)


def _within(age_h: float | None, valid_h: float) -> bool:
    return age_h is not None and age_h <= valid_h


def _ago(hours: float) -> str:
    if hours < 1:
        return "less than an hour ago"
    whole = int(hours)
    return f"{whole} hour{'s' * (whole != 1)} ago" if whole < 48 else f"{whole // 24} days ago"
