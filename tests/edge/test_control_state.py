"""Whether the device was proven in time: by which control, how long ago, and by whose clock."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from edge.control_state import control_state, is_required
from edge.errors import StoreDamaged
from edge.judgement.control import ControlSettings
from edge.records.audit import EventKind
from edge.records.clock import ClockTrust
from edge.records.controls import ControlRun, control_runs, record_control
from edge.records.store import Store
from tests.edge.records.examples import MovableClock, begin, moment

RUN = ControlRun(
    slide="lot 7",
    known_share=0.0,
    source="picamera",
    bundle_sha256="ab" * 32,
    flagged=1,
    answered=98,
    abstained=2,
    um_per_px=0.21,
    passed=True,
    reason="1 of 98 cells look like blasts, as on this slide.",
)
FAILED = dataclasses.replace(RUN, passed=False, reason="The control slide has no blasts, but.")
SETTINGS = ControlSettings()
HOUR_S = 3600.0


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(moment(3, 1, 8))


@pytest.fixture
def store(tmp_path: Path, clock: MovableClock):
    with Store.open(tmp_path, clock) as opened:
        yield opened


def run(store: Store, what: ControlRun = RUN) -> None:
    record_control(store, what, begin(store, f"CONTROL {what.slide}"))


def state(store: Store, settings: ControlSettings = SETTINGS, source: str = "picamera"):
    return control_state(store, settings, source, RUN.bundle_sha256)


def test_a_fresh_device_asks_for_a_control_of_its_camera_and_of_nothing_else(store) -> None:
    fresh = state(store)
    assert fresh.required
    assert not fresh.allows_green
    assert fresh.reason == "No control slide has been examined."
    for source in ("phantom:healthy?seed=7", "replay:folder", "pan:field.webp"):
        assert state(store, source=source).allows_green, source
    assert not state(store, ControlSettings(required="always"), "phantom:healthy").allows_green
    assert state(store, ControlSettings(required="never")).allows_green


def test_a_control_that_was_passed_counts_for_a_day(store, clock) -> None:
    run(store)
    assert state(store).allows_green
    clock.wait(5.5 * HOUR_S)
    assert state(store).reason == "The control slide lot 7 was passed 5 hours ago."
    clock.wait(19 * HOUR_S)
    late = state(store)
    assert not late.allows_green
    assert "last examined 24 hours ago; it counts for 24 hours" in late.reason
    run(store)
    assert state(store).allows_green


def test_a_control_that_failed_holds_green_back_until_it_is_passed(store) -> None:
    run(store)
    run(store, FAILED)
    failed = state(store)
    assert not failed.allows_green
    assert FAILED.reason in failed.reason
    run(store, dataclasses.replace(RUN, slide="another"))
    assert not state(store).allows_green, "another slide does not undo the failure"
    run(store)
    assert state(store).allows_green


def test_a_clock_set_forwards_or_backwards_moves_no_control_of_this_boot(store, clock) -> None:
    run(store)
    clock.set(moment(3, 20))
    assert state(store).allows_green
    clock.set(moment(1, 1, year=2020))
    assert state(store).allows_green
    clock.wait(25 * HOUR_S)
    assert not state(store).allows_green


def test_after_a_power_cut_only_a_clock_that_is_vouched_for_says_how_long_ago(store, clock) -> None:
    run(store)
    clock.reboot(moment(3, 1, 10), vouched_by="network")
    assert state(store).allows_green
    clock.reboot(moment(3, 1, 10), vouched_by="")
    unknown = state(store)
    assert not unknown.allows_green
    assert "switched off" in unknown.reason
    run(store)
    assert state(store).allows_green, "a new run in this boot needs no clock"


def test_a_clock_that_came_up_before_the_control_proves_nothing(store, clock) -> None:
    run(store)
    clock.reboot(moment(2, 1), vouched_by="network")
    assert not state(store).allows_green


def test_a_control_with_another_model_or_camera_proves_nothing_of_this_one(store) -> None:
    run(store, dataclasses.replace(RUN, bundle_sha256="cd" * 32))
    other = state(store)
    assert not other.allows_green
    assert "another model" in other.reason
    run(store, dataclasses.replace(RUN, source="phantom"))
    assert not state(store).allows_green


def test_what_was_recorded_is_read_back_and_bound_to_the_chain(store, clock) -> None:
    run(store)
    (stored,) = control_runs(store)
    assert stored.run == RUN
    assert (stored.clock, stored.boot, stored.at) == (ClockTrust.SET, clock.boot, clock.now)
    assert control_runs(store, slide="another") == control_runs(store, source="phantom") == []
    assert store.verify_chain() > 0


def test_a_record_that_cannot_be_read_is_a_fault_and_no_green(store) -> None:
    with store.transaction():
        store.append_event(EventKind.CONTROL.value, "device", {"passed": True})
    with pytest.raises(StoreDamaged, match="event"):
        state(store)


@pytest.mark.parametrize("source", ["picamera", "some-new-camera:0"])
def test_a_camera_that_nobody_thought_of_needs_its_control_too(source: str) -> None:
    assert is_required(SETTINGS, source)
